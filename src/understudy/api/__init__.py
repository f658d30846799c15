"""Understudy from Python: what `import understudy` offers, a thin file per name."""
