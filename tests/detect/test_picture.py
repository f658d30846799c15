"""What of a frame detection sees, and how small a face it looks for there."""

from __future__ import annotations

import pytest

from understudy.detect.picture import smallest_px


@pytest.mark.parametrize(
    ("min_face_px", "scale", "expected"),
    [
        (40, 1.0, 40),
        (20, 1.0, 20),  # as small as asked for, where nothing is shrunk
        (40, 1 / 3, 40),  # but no smaller than 40 in a shrunk picture
        (20, 1 / 3, 20),  # or than asked for
        (240, 1 / 3, 80),  # frame pixels, not the picture's
        (300, 0.5, 150),
    ],
)
def test_the_smallest_face_is_meant_in_frame_pixels(
    min_face_px: int, scale: float, expected: float
) -> None:
    assert smallest_px(min_face_px, scale) == pytest.approx(expected)
