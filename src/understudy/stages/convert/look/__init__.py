"""What a conversion does to a new face for its looks, and where it ends."""
