"""From the colours of a film to RGB and back."""
