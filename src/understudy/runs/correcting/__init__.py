"""Correcting by hand what extraction found: which faces are learnt from, and where they are."""
