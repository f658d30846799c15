"""Synthetic actors and clips, and contract suites for plug-ins: for tests of other packages too."""
