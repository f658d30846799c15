"""The one way to an SQLite file, and what a stranger's file could do by being opened."""
