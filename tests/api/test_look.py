"""`detect` and `align` take whatever people call a picture, and refuse what is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import understudy as us
from understudy.errors import PluginError, ValueRefused

SMALL = {"min_face_px": 30, "progress": None}


def test_array_file_and_frame_are_one_picture(studio, people) -> None:
    film = us.Film("ann.mp4")
    by_array = us.detect(people.a[0], **SMALL)
    assert len(by_array) == 1
    assert np.array_equal(us.detect("ann.png", **SMALL).boxes_xyxy, by_array.boxes_xyxy)
    by_frame = us.detect(film[0], **SMALL).boxes_xyxy
    assert np.abs(by_frame - by_array.boxes_xyxy).max() < 2  # the film is compressed


def test_a_film_is_looked_at_frame_by_frame(studio) -> None:
    found = list(us.detect(us.Film("ann.mp4"), **SMALL))
    assert [frame.at.index for frame, _ in found] == list(range(16))
    frame, faces = found[5]
    assert np.array_equal(us.detect(frame, **SMALL).boxes_xyxy, faces.boxes_xyxy)
    aligned = next(us.align(us.Film("ann.mp4"), **SMALL))[1]
    assert aligned.landmarks is not None


def test_landmarks_lie_on_the_face_and_boxes_stay(people) -> None:
    faces = us.detect(people.b[3], **SMALL)
    aligned = us.align(people.b[3], faces, progress=None)
    assert np.array_equal(aligned.boxes_xyxy, faces.boxes_xyxy)
    assert aligned.landmarks is not None
    box = faces.boxes_xyxy[0]
    nose = aligned.landmarks[0, 30]
    assert (box[:2] < nose).all() and (nose < box[2:]).all()
    again = us.align(people.b[3], **SMALL)
    assert np.array_equal(again.landmarks, aligned.landmarks)


def test_nobody_is_no_error(people) -> None:
    assert len(us.detect(people.nobody, **SMALL)) == 0
    assert len(us.align(people.nobody, **SMALL)) == 0


def test_options_of_detectors_are_said_in_either_way(people) -> None:
    def found(**options: Any) -> int:
        return len(us.detect(people.a[0], "mediapipe", **options, **SMALL))

    for least, n in ((np.float64(0.3), 1), (0.99, 0)):
        assert found(detect={"mediapipe": {"min_confidence": least}}) == n
        assert found(**{"detect.mediapipe.min_confidence": least}) == n
        assert found(min_confidence=least) == n


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_face": 30}, r"extract.min_face: unknown option; did you mean .*min_face_px"),
        ({"min_face_px": "large"}, r"min_face_px: expected .*got 'large'"),
        ({"min_face_px": 3}, r"min_face_px: expected .*12 .*got 3"),
        ({"smooth": True}, "smooth: means nothing here; there are: commercial_safe, detect,"),
        ({"mask": {"extended": {}}}, "mask: means nothing here"),
        ({"detect": {"mtcnn": 3}}, "detect.mtcnn: expected a mapping"),
        ({"detect": {"mtcn": {"scale_factor": 0.8}}}, "mtcn.*mtcnn"),
        ({"detect.mediapipe.scale": 1}, "detect.mediapipe.scale: unknown option"),
    ],
)
def test_wrong_options_are_refused_with_what_may_have_been_meant(people, options, said) -> None:
    with pytest.raises(ValueRefused, match=said):
        us.detect(people.a[0], progress=None, **options)


def test_what_is_no_picture_is_refused(studio, people) -> None:
    with pytest.raises(ValueRefused, match=r"ann.mp4: is no still image.*Film\('ann.mp4'\)"):
        us.detect("ann.mp4", progress=None)
    with pytest.raises(ValueRefused, match=r"expected \(h, w, 3\)"):
        us.detect(people.a[0][..., 0], progress=None)
    with pytest.raises(ValueRefused, match="got int"):
        us.detect(3, progress=None)  # type: ignore[call-overload]
    with pytest.raises(PluginError, match=r"is called 'argus'.*UNDERSTUDY_PLUGINS="):
        us.detect(people.a[0], "argus", progress=None)


def test_many_pictures_are_looked_at_with_nets_made_once(people) -> None:
    """What is used is told once, not with each picture; other options make others."""
    from understudy.flow import Silent

    told = Silent()
    for pixels in people.b[:3]:
        us.detect(pixels, "mediapipe", min_face_px=31, progress=told)
    assert sum("using detect mediapipe" in words for words in told.said) == 1
    us.detect(people.b[0], "mediapipe", min_face_px=32, progress=told)
    assert sum("using detect mediapipe" in words for words in told.said) == 2
