"""What every face detector keeps to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from understudy.detect import Detector
from understudy.types import Faces


def check_detector(detector: Detector, pictures: Sequence[NDArray[np.uint8]]) -> None:
    """One `Faces` a frame, whatever else is in the batch, and nothing where nothing is.

    Args:
        detector: under test.
        pictures: at least two, each with exactly one face.
    """
    assert detector.detect([]) == [], "no frames must give no results"
    batch = detector.detect(pictures)
    assert len(batch) == len(pictures), f"{len(pictures)} frames gave {len(batch)} results"
    for faces, picture in zip(batch, pictures, strict=True):
        assert len(faces) == 1, f"expected one face in {picture.shape}, got {len(faces)}"
        assert (np.diff(faces.scores) <= 0).all(), f"scores not best first: {faces.scores}"
        sides = faces.boxes_xyxy[:, 2:] - faces.boxes_xyxy[:, :2]
        assert (sides > 0).all(), f"boxes inside out: {faces.boxes_xyxy}"
        assert faces.landmarks is None, "landmarks are the aligner's"
        _same_faces(detector.detect([picture])[0], faces, "alone and in a batch")
    for got, want in zip(detector.detect(pictures[::-1]), batch[::-1], strict=True):
        _same_faces(got, want, "in another order")
    blanks = [np.full((h, w, 3), 128, np.uint8) for h, w in ((1, 1), (3, 200), (200, 3), (90, 160))]
    for faces, blank in zip(detector.detect(blanks), blanks, strict=True):
        assert len(faces) == 0, f"{len(faces)} faces in a grey frame of {blank.shape}"


def _same_faces(got: Faces, want: Faces, when: str) -> None:
    same = len(got) == len(want) and np.allclose(got.boxes_xyxy, want.boxes_xyxy, atol=1e-3)
    assert same and np.allclose(got.scores, want.scores, atol=1e-5), f"results differ {when}"
