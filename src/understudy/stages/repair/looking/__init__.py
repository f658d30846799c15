"""Looking without changing: what a file holds, what may be wrong in it, drawn onto frames."""
