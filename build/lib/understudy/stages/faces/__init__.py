"""Faces that are there, with pixels to look at: shared by the stages."""
