"""From a film to its faces."""
