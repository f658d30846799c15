"""Faces through time: sightings, shots, tracks, persons, smoothing. Algorithms, no files."""
