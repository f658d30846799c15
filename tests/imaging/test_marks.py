"""Faces that a model made say so wherever they are shown, also when they are cut out."""

from __future__ import annotations

import numpy as np

from understudy.imaging.sheets import contact_sheet
from understudy.imaging.text import MADE_COMMENT, mark_made


def test_the_mark_is_seen_on_any_ground_and_size() -> None:
    for side in (64, 128, 512):
        for shade in (0, 128, 255):
            picture = np.full((side, side, 3), shade, np.uint8)
            mark_made(picture)
            changed = (picture != shade).any(2)
            rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
            assert rows[0] > side // 2 and columns[0] > side // 3, (side, shade)
            assert changed.sum() > 40
            # strokes and outline cannot both be lost in the ground
            assert np.ptp(picture[changed].astype(int).sum(1)) > 300


def test_only_columns_of_made_faces_are_marked() -> None:
    grey = np.full((100, 100, 3), 90, np.uint8)
    rows = [[grey, grey, grey]] * 2
    plain = contact_sheet(["source", "swap", "donor"], rows, ["1", "2"], (100, 100))
    marked = contact_sheet(["source", "swap", "donor"], rows, ["1", "2"], (100, 100), made=(1,))
    columns = np.flatnonzero((plain != marked).any((0, 2)))
    assert columns[0] >= 108 and columns[-1] < 208
    assert MADE_COMMENT.isascii()
