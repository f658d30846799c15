"""Hand-marked pictures, rendered faces and their boxes for the landmark predictors."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.actors import ACTORS, Performance, render
from understudy.detect.mtcnn.detector import MtcnnDetector
from understudy.types import Faces


@dataclass(frozen=True)
class Marked:
    """A picture, the box found in it, and its true 68 points."""

    frame: NDArray[np.uint8]
    faces: Faces
    truth: NDArray[np.float64]

    def error(self, landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
        """(68,) distances from the truth; the outer eye corners are 1 apart."""
        eyes = np.linalg.norm(self.truth[45] - self.truth[36])
        return np.linalg.norm(landmarks - self.truth, axis=1) / eyes


@pytest.fixture(scope="session")
def by_hand(shared: Path) -> list[Marked]:
    """Six pictures of one person, marked by hand."""
    detector, found = MtcnnDetector(), []
    for number in (1, 2, 3, 4, 5, 10):
        path = shared / "media" / "landmarks" / f"lfpw_{number:04d}"
        frame = np.ascontiguousarray(cv2.imread(f"{path}.png")[:, :, ::-1])
        # 300-W points are 1-based pixel indices: the centre of the first pixel is (1, 1).
        numbers = path.with_suffix(".pts").read_text().split("{")[1].split("}")[0].split()
        truth = np.array(numbers, float).reshape(68, 2) - 0.5
        found.append(Marked(frame, detector.detect([frame])[0], truth))
    return found


@pytest.fixture(scope="session")
def rendered() -> list[Marked]:
    """Four faces that nobody has."""
    detector, found = MtcnnDetector(), []
    for name in sorted(ACTORS):
        for index in (0, 40):
            shot = render(ACTORS[name], Performance(2, 50, Fraction(5)), index, (320, 240))
            faces = detector.detect([shot.pixels])[0]
            found.append(Marked(shot.pixels, faces, shot.landmarks))
    return found
