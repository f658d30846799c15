"""Many renders in one go."""
