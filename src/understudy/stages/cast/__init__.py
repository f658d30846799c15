"""Who was found in a film: a table, pictures, corrections by hand, and who is seen elsewhere."""
