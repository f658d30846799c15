"""Iterative distribution transfer: the whole cloud of colours onto another, by turning and sorting.

Source: F. Pitie, A. Kokaram, R. Dahyot, "Automated colour grading using colour distribution
transfer", Computer Vision and Image Understanding 107, 2007. What it moves is kept as a coarse
lattice of offsets: so it can be averaged in time, and the grain that the transfer is known to
stretch is moved as a whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.colour.lab import ByMeasure, from_lab, to_lab, weights_of

_SAMPLES = 3000
_TURNS = 10
_NODES = 9
_LOW = np.array([0.0, -64.0, -64.0])
_STEP = np.array([100.0, 128.0, 128.0]) / (_NODES - 1)
_CORNERS = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]


class Idt(ByMeasure):
    """Every colour and how often it comes, as in the face that is replaced."""

    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[np.float64] | None:
        """(2916,) offsets at the nodes of a lattice in LAB, and how much colour lies there."""
        if weights_of(mask) is None:
            return None
        places = np.flatnonzero(mask.reshape(-1) > mask.max() / 2)
        # evenly spread and never by chance, so that the same face gives the same numbers
        chosen = places[np.linspace(0, len(places) - 1, min(_SAMPLES, len(places))).astype(int)]
        have, want = (
            to_lab(one).reshape(-1, 3)[chosen].astype(np.float64) for one in (swapped, original)
        )
        moved = have.copy()
        for axes in _axes():
            turned, aim = moved @ axes.T, want @ axes.T
            for c in range(3):
                turned[np.argsort(turned[:, c], kind="stable"), c] = np.sort(aim[:, c])
            moved = turned @ axes
        total = np.zeros((_NODES**3, 4))
        offsets = np.column_stack([moved - have, np.ones(len(have))])
        for node, part in _near(have):
            for c in range(4):
                total[:, c] += np.bincount(node, part * offsets[:, c], _NODES**3)
        return (total / len(have)).reshape(-1)

    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """As `SteadyMatcher.apply`; the mask has no influence any more."""
        lattice = measured.reshape(_NODES, _NODES, _NODES, 4)
        # where no colour of the face lies, what lies around it decides
        filled, around = lattice.copy(), lattice
        for share in (0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8):
            around = _blurred(around)
            filled += share * around
        offsets = (filled[..., :3] / (filled[..., 3:] + 1e-12)).reshape(-1, 3).astype(np.float32)
        lab = to_lab(swapped)
        flat = lab.reshape(-1, 3)
        moved = flat.copy()
        for node, part in _near(flat):
            moved += part[:, None] * offsets[node]
        return from_lab(moved.reshape(lab.shape))


def _axes() -> NDArray[np.float64]:
    """(turns, 3, 3) frames of axes, always the same, the first that of LAB itself."""
    rng = np.random.default_rng(20070101)
    turns = [np.linalg.qr(rng.standard_normal((3, 3)))[0] for _ in range(_TURNS - 1)]
    return np.stack([np.eye(3), *turns])


def _near(lab: NDArray[Any]) -> list[tuple[NDArray[np.intp], NDArray[Any]]]:
    """The eight nodes around each colour, and each one's share."""
    at = np.clip((lab - _LOW.astype(lab.dtype)) / _STEP.astype(lab.dtype), 0, _NODES - 1.001)
    low = at.astype(np.intp)
    part = at - low.astype(lab.dtype)
    found = []
    for corner in _CORNERS:
        share = np.prod(np.where(corner, part, 1 - part), axis=1)
        i, j, k = (low + corner).T
        found.append(((i * _NODES + j) * _NODES + k, share))
    return found


def _blurred(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    for axis in range(3):
        pad = [(1, 1) if a == axis else (0, 0) for a in range(4)]
        wide = np.pad(lattice, pad, mode="edge")
        first, middle, last = (
            np.take(wide, np.arange(_NODES) + shift, axis=axis) for shift in range(3)
        )
        lattice = first / 4 + middle / 2 + last / 4
    return lattice
