"""The form of a synthetic head."""
