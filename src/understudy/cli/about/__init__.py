"""The verbs that look: at a file, at what is installed, at what would be used."""
