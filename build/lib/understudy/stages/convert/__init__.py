"""From footage and a model to a new film."""
