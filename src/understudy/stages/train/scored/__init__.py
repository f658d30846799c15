"""Scores of what training does not see: asked for at saves, kept, and what follows from them."""
