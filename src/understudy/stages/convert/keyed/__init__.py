"""Settings of a conversion that change over time."""
