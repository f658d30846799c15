"""Reading the pickles of other tools without an unpickler: nothing in them can run."""
