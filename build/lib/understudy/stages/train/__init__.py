"""From facesets to a model."""
