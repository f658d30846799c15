"""Verbs about who agreed: declaring, asking, forgetting."""
