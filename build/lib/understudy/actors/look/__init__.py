"""Skin and hair of a synthetic head."""
