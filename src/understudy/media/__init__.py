"""Probe, read and write media, exactly in time and colour."""
