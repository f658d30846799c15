"""Cuts are found, and a camera that is swung round makes none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.follow.shots import Shots

THRESHOLD = 27.0


def set_of(seed: int, width: int = 640 * 4) -> np.ndarray:
    """A wide view: shapes of many sizes and colours, (360, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    noise = rng.uniform(0, 255, (18, width // 20, 3)).astype(np.float32)
    large = cv2.resize(noise, (width, 360), interpolation=cv2.INTER_CUBIC)
    return np.clip(large, 0, 255).astype(np.uint8)


def begin(frames: list[np.ndarray]) -> list[int]:
    shots = Shots(THRESHOLD)
    return [index for index, frame in enumerate(frames) if shots.begins(frame)]


@pytest.mark.parametrize("speed", [60, 150, 240])
def test_a_camera_that_is_swung_round_cuts_nothing(speed: int) -> None:
    wide = set_of(0)

    def view(x: int, blur: int = 1) -> np.ndarray:
        return cv2.blur(wide[:, x : x + 640], (blur, 1))

    steps = [round(speed * share) for share in (0.3, 0.7, 1, 1, 1, 0.7, 0.3, 0.1)]
    swung = [view(int(x), 1 + step // 3) for x, step in zip(np.cumsum(steps), steps, strict=True)]
    assert begin([view(0)] * 5 + swung + [view(sum(steps))] * 5) == [0]
    assert begin([view(0)] * 5 + swung + [set_of(1)[:, :640]] * 5) == [0, 13], "out of a pan"


def test_a_cut_to_another_place_begins_a_shot_and_so_does_a_change_in_place() -> None:
    one, other = set_of(2)[:, :640], set_of(3)[:, :640]
    assert begin([one] * 5 + [other] * 5 + [one] * 5) == [0, 5, 10]
    dark = (one * 0.3).astype(np.uint8)
    assert begin([one] * 5 + [dark] * 5) == [0, 5], "alike, but in the same place: no pan"
