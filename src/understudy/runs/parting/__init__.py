"""Taking out of a project what was put in."""
