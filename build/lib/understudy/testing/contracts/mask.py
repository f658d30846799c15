"""What every masker keeps to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.mask import Masker
from understudy.types import Alignment


def check_masker(masker: Masker, frame: NDArray[np.uint8], alignment: Alignment) -> None:
    """A mask on a grid around the face that covers its middle and goes with it.

    Args:
        masker: under test.
        frame: with the face.
        alignment: of the face, near the middle of the frame.
    """
    mask = masker.mask(frame, alignment)
    assert mask.kind, "a mask must say its kind"
    assert mask.grid_from_frame.src == alignment.unit_from_frame.src, "grid is not of this frame"
    height, width = mask.alpha.shape
    assert height == width, f"expected a square grid, got {mask.alpha.shape}"
    nose = mask.grid_from_frame.points(alignment.landmarks[30])
    column, row = np.floor(nose).astype(int)
    assert mask.alpha[row, column] > 0.9, "the tip of the nose must lie inside"
    ring = np.concatenate([mask.alpha[0], mask.alpha[-1], mask.alpha[:, 0], mask.alpha[:, -1]])
    assert ring.mean() < 0.5, "most of the grid's edge must lie outside"
    again = masker.mask(frame, alignment)
    assert np.array_equal(again.alpha, mask.alpha), "the same face gave two masks"
    rolled = np.roll(frame, (4, 6), (0, 1))
    moved = Alignment.fit(alignment.landmarks + np.array([6, 4]), alignment.unit_from_frame.src)
    difference = np.abs(masker.mask(rolled, moved).alpha - mask.alpha)
    assert difference.mean() < 0.01, "the mask does not go with the face"
