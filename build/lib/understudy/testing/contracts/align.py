"""What every landmark predictor keeps to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.align import Aligner
from understudy.geometry import N_LANDMARKS
from understudy.types import Faces


def check_aligner(aligner: Aligner, frame: NDArray[np.uint8], faces: Faces) -> None:
    """68 finite points a face, in the faces' order, and none for none.

    Args:
        aligner: under test.
        frame: with a face.
        faces: one detection in it.
    """
    assert len(faces) == 1, "the check wants one detection"
    none = aligner.align(frame, Faces.none())
    assert len(none) == 0 and none.landmarks is not None, "no faces must give landmarks (0, 68, 2)"
    one = _landmarks(aligner.align(frame, faces))
    side = float((faces.boxes_xyxy[0, 2:] - faces.boxes_xyxy[0, :2]).max())
    box = faces.boxes_xyxy[0] + side * np.array([-0.5, -0.5, 0.5, 0.5])
    inside = (one[0] >= box[:2]).all() and (one[0] <= box[2:]).all()
    assert inside, "landmarks lie more than half a face outside the detection"
    right_eye, left_eye = one[0, 36:42].mean(0), one[0, 42:48].mean(0)
    assert right_eye[0] < left_eye[0], "the person's right eye must come first"
    assert one[0, 8, 1] > right_eye[1], "the chin must lie below the eyes"
    moved = Faces(faces.boxes_xyxy + side * 0.02, faces.scores * 0.5)
    two = aligner.align(frame, Faces.concat([faces, moved]))
    assert np.array_equal(two.boxes_xyxy[:1], faces.boxes_xyxy), "boxes must come back unchanged"
    assert np.array_equal(two.scores, [faces.scores[0], moved.scores[0]]), "order must be kept"
    assert np.allclose(_landmarks(two)[0], one[0]), "a second face changed the first one's points"
    edge = Faces(np.array([[-30.0, -30.0, 20.0, 40.0]]), np.ones(1))
    assert np.isfinite(_landmarks(aligner.align(frame, edge))).all(), "a box beyond the frame"


def _landmarks(faces: Faces) -> NDArray[Any]:
    assert faces.landmarks is not None, "the aligner left landmarks out"
    assert faces.landmarks.shape == (len(faces), N_LANDMARKS, 2), faces.landmarks.shape
    return faces.landmarks
