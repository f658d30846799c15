"""A detector and a model for Understudy, to begin your own from."""
