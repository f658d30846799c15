"""From a posed head to pixels."""
