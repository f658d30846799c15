"""Whole pieces of work, and who carries them out."""
