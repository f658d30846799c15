"""Frames of a film in one stream, converted and divided into segments behind it."""
