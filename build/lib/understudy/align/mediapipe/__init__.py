"""Landmarks by MediaPipe's face mesh."""
