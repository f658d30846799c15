"""A mesh that goes along where landmarks were changed, so that it stays the same face's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import Float64, umeyama

_STEADY = 40
"""How many of the 68 say how the head went; the rest may have been mended alone."""
_ROUNDS = 10
_REACH = 0.15
"""How far, in sizes of the face, a landmark that was moved alone takes the mesh with it."""
_STIFF = 0.05


def moved_along(
    mesh: NDArray[np.floating], before: NDArray[np.floating], after: NDArray[np.floating]
) -> NDArray[np.float32]:
    """A mesh moved, turned and grown as most of its landmarks were.

    Least trimmed squares (P. J. Rousseeuw, JASA 79, 1984): a mouth that was set anew does not
    change the head's size.

    Args:
        mesh: (1434,) as `Face.extras` has it.
        before: (68, 2) landmarks that lay with it.
        after: (68, 2) what they are now.
    """
    matrix = way_of(before, after)
    points = np.asarray(mesh, np.float64).reshape(-1, 3)
    flat = points[:, :2] @ matrix[:2, :2].T + matrix[:2, 2]
    grown = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    return np.column_stack([flat, points[:, 2] * grown]).ravel().astype(np.float32)


def bent_along(
    mesh: NDArray[np.floating],
    before: NDArray[np.floating],
    after: NDArray[np.floating],
    size_px: float,
) -> NDArray[np.float32]:
    """A mesh after `moved_along` that also follows each landmark which was moved alone.

    Kernel ridge regression of what is left of their ways; far from them nothing changes.

    Args:
        mesh: (1434,) as `Face.extras` has it.
        before: (68, 2) landmarks that lay with it.
        after: (68, 2) what they are now.
        size_px: of the face.
    """
    matrix = way_of(before, after)
    start = before @ matrix[:2, :2].T + matrix[:2, 2]
    points = moved_along(mesh, before, after).astype(np.float64).reshape(-1, 3)

    def near(a: Float64, b: Float64) -> Float64:
        squared = ((a[:, None] - b[None]) ** 2).sum(-1) / (_REACH * size_px) ** 2
        return np.exp(-0.5 * squared)

    pull = np.linalg.solve(near(start, start) + _STIFF * np.eye(len(start)), after - start)
    points[:, :2] += near(points[:, :2], start) @ pull
    return points.ravel().astype(np.float32)


def way_of(before: NDArray[np.floating], after: NDArray[np.floating]) -> Float64:
    """The similarity (3, 3) by the landmarks that agree best on one; both (68, 2), one grid."""
    way = after - before
    left = np.linalg.norm(way - np.median(way, 0), axis=1)
    for _ in range(_ROUNDS):
        kept = np.argsort(left, kind="stable")[:_STEADY]
        matrix = umeyama(before[kept], after[kept])
        left = np.linalg.norm(before @ matrix[:2, :2].T + matrix[:2, 2] - after, axis=1)
    return matrix
