"""Calls that change what was found: faces that are learnt from, frames, and who is who."""
