"""Where a face's unit square lies by its head alone, so that it does not breathe with the mouth.

Fitting the landmarks themselves takes an open mouth for a larger face: the square grows and slides
down with every word, and a face that is painted in it grows and sinks with it. So the head's pose
is read from the points of the mesh that hardly move with expression, and nobody's face at rest,
lying as the head lies, is what is fitted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.geometry.facemesh import canonical, fit_heads
from understudy.geometry.facemesh.to_68 import landmarks_from_meshes
from understudy.geometry.fit import umeyama
from understudy.geometry.space import Float64
from understudy.geometry.templates import INNER, MEAN_FACE_51

_WITH_THE_JAW = (132, 361, 136, 365, 147, 376, 205, 425)
"""Points of the pose that lie on jaw and cheeks: they have a quarter of the weight, and a mouth
that opens wide takes them along by centimetres."""
_ROOM = 1.03
"""The square's side in that of a face at rest. Faces of films are not at rest, so the square by
landmarks was larger (1.00 to 1.10)."""


def unit_from_mesh(mesh: NDArray[np.floating]) -> Float64:
    """The similarity from the frame onto the unit square of the mean face.

    Args:
        mesh: (478, 3) or in a row, x and y in frame pixels, z in the same unit.

    Returns:
        (3, 3) float64 matrix acting on column vectors (x, y, 1).

    Raises:
        ValueRefused: another shape, or points that coincide or are not finite.
    """
    heads = fit_heads(np.asarray(mesh, np.float64).reshape(1, -1, 3), _WITH_THE_JAW)
    at_rest = landmarks_from_meshes(heads.picture(canonical().vertices[None]))[0]
    matrix = umeyama(at_rest[INNER], MEAN_FACE_51)
    smaller = (
        np.array([[1, 0, 0.5 * (_ROOM - 1)], [0, 1, 0.5 * (_ROOM - 1)], [0, 0, _ROOM]]) / _ROOM
    )
    found: Float64 = smaller @ matrix
    return found
