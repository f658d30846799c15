"""Jobs of this machine, kept in SQLite and carried out one process each."""
