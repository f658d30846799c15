"""MediaPipe's detector: small, large, rolled and cut-off faces, and where its boxes lie."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.detect.mediapipe.detector import MediapipeDetector, merged
from understudy.detect.mediapipe.looks import squares
from understudy.detect.mtcnn.detector import MtcnnDetector
from understudy.detect.options import MediapipeOptions
from understudy.errors import WeightsError
from understudy.geometry.boxes import overlap

from .pictures import picture


@pytest.fixture(scope="module")
def detector() -> MediapipeDetector:
    try:
        return MediapipeDetector()
    except WeightsError as error:
        pytest.skip(str(error))


def test_boxes_are_mtcnn_s_boxes(detector: MediapipeDetector, shared: Path) -> None:
    files = sorted((shared / "media" / "stills").glob("stockA*"))
    agreed = []
    for file in files:
        mine, theirs = (d.detect([picture(file)])[0] for d in (detector, MtcnnDetector()))
        assert len(mine) == len(theirs) == 1, file.name
        agreed.append(overlap(mine.boxes_xyxy, theirs.boxes_xyxy)[0, 0])
    assert np.median(agreed) > 0.8


@pytest.mark.parametrize("height_px", [30, 60, 120, 400, 700])
def test_faces_of_any_size_are_found_where_they_are(
    detector: MediapipeDetector, shared: Path, height_px: int
) -> None:
    """The same face in a 1280 x 720 frame; small ones want a larger picture."""
    portrait = picture(shared / "media" / "stills" / "nasa_astronaut.png")
    scale = height_px / 118
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=shrink)
    centre = np.array([223.0, 117.0]) * scale
    frame = cv2.warpAffine(scaled, np.array([[1, 0, 700 - centre[0]], [0, 1, 350 - centre[1]]]),
                           (1280, 720), borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    options = MediapipeOptions(min_face_px=30, max_detection_px=1280)
    chosen = MediapipeDetector(options) if height_px < 60 else detector
    faces = chosen.detect([frame])[0]
    assert len(faces) == 1
    box = faces.boxes_xyxy[0]
    assert np.abs((box[:2] + box[2:]) / 2 - [700, 350]).max() < 0.12 * height_px
    assert abs(box[3] - box[1] - height_px) < 0.2 * height_px


def test_roll_is_told(detector: MediapipeDetector, shared: Path) -> None:
    upright = picture(shared / "media" / "stills" / "nasa_astronaut.png")
    level = float(detector.detect([upright])[0].extras["roll_deg"][0])
    for clockwise_deg in (-40, 25):
        turn = cv2.getRotationMatrix2D((223.0, 117.0), -clockwise_deg, 1.0)
        faces = detector.detect([cv2.warpAffine(upright, turn, (512, 512))])[0]
        assert abs(faces.extras["roll_deg"][0] - level - clockwise_deg) < 6


def test_looks_get_finer_only_as_far_as_asked_for() -> None:
    assert len(squares(1280, 720, 120)) == 1
    fine = squares(1280, 720, 40)
    sides = sorted({s.side for s in fine}, reverse=True)
    assert sides[-1] * 16 <= 40 * 192 < sides[-2] * 16
    for side in sides[1:]:
        looks = [s for s in fine if s.side == side]
        for x, y in np.random.default_rng(0).uniform(0, 1, (200, 2)) * [1280, 720]:
            low = np.clip([x, y], 0, [1280 - looks[0].largest, 720 - looks[0].largest])
            high = low + looks[0].largest
            inside = [
                (low >= [s.x - 1e-6, s.y - 1e-6]).all() and (high <= [s.x + side, s.y + side]).all()
                for s in looks
            ]
            assert any(inside), "a face on the seam lies whole in no look"


def test_finds_of_one_face_are_averaged_by_their_scores() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]])
    scores, kept = merged(np.array([0.5, 1.0, 0.7]), boxes)
    assert scores.tolist() == [1.0, 0.7]
    assert np.allclose(kept, [[2 / 3, 0, 10 + 2 / 3, 10], [50, 50, 60, 60]])


def test_a_printed_skull_is_no_face(detector: MediapipeDetector, shared: Path) -> None:
    capture = cv2.VideoCapture(str(shared / "media" / "video" / "intel_signer1_yes.mkv"))
    frames = []
    while True:
        more, frame = capture.read()
        if not more:
            break
        frames.append(np.ascontiguousarray(frame[:, :, ::-1]))
    assert {len(faces) for faces in detector.detect(frames[::2])} == {1}
