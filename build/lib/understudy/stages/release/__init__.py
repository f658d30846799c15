"""The last step of every output: place, join, sign, rename."""
