"""What changes places with what when a face is mirrored."""

from __future__ import annotations

MIRRORED_68 = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46),
    *(39, 38, 37, 36, 41, 40),
    *range(54, 47, -1),
    *range(59, 54, -1),
    *range(64, 59, -1),
    *range(67, 64, -1),
)
"""Which of the 68 landmarks takes each one's place."""

# MediaPipe's order: left before right wherever both are; jaw and mouth have one name between them
_LEFT_RIGHT = (
    *((1, 2), (4, 5), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16), (17, 18), (19, 20), (21, 22)),
    *((24, 26), (28, 29), (30, 31), (33, 39), (34, 35), (36, 37), (44, 45), (46, 47), (48, 49)),
    (50, 51),
)
_OTHER = {a: b for pair in _LEFT_RIGHT for a, b in (pair, pair[::-1])}
MIRRORED_BLENDSHAPES = tuple(_OTHER.get(i, i) for i in range(52))
"""Which of MediaPipe's 52 blendshapes takes each one's place."""
