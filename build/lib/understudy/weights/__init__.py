"""Files of learned numbers: where they lie, how they come here, what may be done with them."""
