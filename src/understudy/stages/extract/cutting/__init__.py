"""Cutting face pictures while, or after, faces are found."""
