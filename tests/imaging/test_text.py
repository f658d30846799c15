"""Outlines lie around their letters, to the end of the line."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.imaging.text import outlined


@pytest.mark.parametrize("thick", [1, 2])
def test_black_lies_around_the_letters_and_nowhere_else(thick) -> None:
    picture = np.full((40, 420, 3), 128, np.uint8)
    outlined(picture, "farthest turned, yaw -34, 0 -> bob", (6, 26), 0.5, (255, 255, 255), thick)
    light, dark = (picture > 150).all(-1), (picture < 90).all(-1)
    assert light.sum() > 150
    assert dark.sum() > 150
    reach = 2 * thick + 1
    near = cv2.dilate(light.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0
    assert not (dark & ~near).any()
    # the last letter is as readable as the first
    assert np.flatnonzero(dark.any(0)).max() - np.flatnonzero(light.any(0)).max() <= reach


def test_a_picture_that_lies_otherwise_in_memory_is_written_on_as_well() -> None:
    planes = np.full((3, 60, 420), 128, np.uint8)
    whole, part = np.full((40, 420, 3), 128, np.uint8), planes.transpose(1, 2, 0)[10:50]
    for picture in (whole, part):
        outlined(picture, "AI", (6, 26), 0.5, (255, 255, 255))
    np.testing.assert_array_equal(part, whole)
    assert (part > 150).any()
