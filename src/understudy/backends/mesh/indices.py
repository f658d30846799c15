"""Which points of the face mesh are what; 478 where the irises are refined, else 468.

The numbers are those of MediaPipe's canonical face model. Right and left are the person's own.
"""

from __future__ import annotations

N_POINTS, N_POINTS_WITH_IRISES = 468, 478

EYE_CORNERS = (33, 263)
"""The outer corners of the right and the left eye; the line between them says how a face rolls."""

# fmt: off
FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
"""The outline, clockwise as seen from the middle of the forehead at the hairline."""

RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_EYE = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
"""Eyelids: from the outer corner over the upper lid and back along the lower one."""

RIGHT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
LEFT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
"""Brows: along the upper edge from the outer end, then back along the lower edge."""

OUTER_LIPS = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
)
INNER_LIPS = (
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
)
"""Lips: from the right corner along the upper edge and back along the lower one."""

RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)
"""Centre, then the points right, above, left and below of it in the picture, for both eyes; only in
meshes with irises."""
# fmt: on
