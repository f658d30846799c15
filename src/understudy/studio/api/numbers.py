"""Which numbers a call may name: those that a database and a page can both hold."""

from __future__ import annotations

MOST = 2**53 - 1
"""The largest whole number that JavaScript holds exactly; SQLite's are larger."""
