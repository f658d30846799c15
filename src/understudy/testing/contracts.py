"""What every plug-in of a kind must keep to; run these over your own implementation.

    from understudy.testing.contracts import check_detector
    check_detector(MyDetector(), pictures_with_one_face)

Each check raises an AssertionError that says what was broken. They need pictures with a face that
the implementation can find: `understudy.actors` renders some.

Convention: frames are (h, w, 3) uint8 RGB; pixel i covers [i, i+1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.align import Aligner
from understudy.detect import Detector
from understudy.embed import Embedder
from understudy.geometry import N_LANDMARKS
from understudy.mask import Masker
from understudy.types import Alignment, Faces
from understudy.types.frame import frame_space

Pixels = NDArray[np.uint8]


def check_detector(detector: Detector, pictures: Sequence[Pixels]) -> None:
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


def check_aligner(aligner: Aligner, frame: Pixels, faces: Faces) -> None:
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


def check_masker(masker: Masker, frame: Pixels, alignment: Alignment) -> None:
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


def check_embedder(embedder: Embedder, frame: Pixels, alignments: Sequence[Alignment]) -> None:
    """One finite vector a face, the same each time, near for two looks at one face.

    Args:
        embedder: under test.
        frame: with the faces.
        alignments: at least one.
    """
    none = embedder.embed(frame, [])
    assert none.shape == (0, embedder.dimensions), f"no faces gave {none.shape}"
    vectors = embedder.embed(frame, alignments)
    expected = (len(alignments), embedder.dimensions)
    assert vectors.shape == expected, f"expected {expected}, got {vectors.shape}"
    assert vectors.dtype == np.float32, f"expected float32, got {vectors.dtype}"
    assert np.isfinite(vectors).all(), "not finite"
    assert np.array_equal(embedder.embed(frame, alignments), vectors), "two runs differ"
    alone = embedder.embed(frame, alignments[:1])
    twice = embedder.embed(frame, [alignments[0], alignments[0]])
    for other in (alone, twice[:1], twice[1:]):
        assert np.allclose(other, vectors[:1], atol=1e-5), "company changes a face's vector"
    mirrored = np.ascontiguousarray(frame[:, ::-1])
    distance = np.linalg.norm(
        embedder.embed(mirrored, [_mirrored(alignments[0], frame.shape[1])])[0] - vectors[0]
    )
    assert distance < embedder.same_person_below, f"a face is {distance:.2f} from its mirror image"


CHECKS: dict[str, Callable[..., None]] = {
    "detect": check_detector,
    "align": check_aligner,
    "mask": check_masker,
    "embed": check_embedder,
}
"""The check of each kind, by the kind's name in `understudy.plugin.KINDS`."""

_MIRROR = [
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46),
    *(39, 38, 37, 36, 41, 40),
    *range(54, 47, -1),
    *range(59, 54, -1),
    *range(64, 59, -1),
    *range(67, 64, -1),
]
"""Which landmark takes each one's place when the picture is mirrored."""


def _mirrored(alignment: Alignment, width: int) -> Alignment:
    points = alignment.landmarks[_MIRROR].copy()
    points[:, 0] = width - points[:, 0]
    space = alignment.unit_from_frame.src
    return Alignment.fit(points, frame_space(space.width, space.height))


def _same_faces(got: Faces, want: Faces, when: str) -> None:
    same = len(got) == len(want) and np.allclose(got.boxes_xyxy, want.boxes_xyxy, atol=1e-3)
    assert same and np.allclose(got.scores, want.scores, atol=1e-5), f"results differ {when}"


def _landmarks(faces: Faces) -> NDArray[Any]:
    assert faces.landmarks is not None, "the aligner left landmarks out"
    assert faces.landmarks.shape == (len(faces), N_LANDMARKS, 2), faces.landmarks.shape
    return faces.landmarks
