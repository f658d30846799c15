"""Understudy: replace a face in film and video, with consent, and say so in the file."""

from __future__ import annotations

import os

# Read by OpenCV when it is first imported: a small file must not unpack to gigabytes of pixels.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "150000000")

__version__ = "0.1.0"
