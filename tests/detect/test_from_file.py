"""Boxes from JSON: both layouts, the right frame, and files that are no such thing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from understudy.detect import detect_all
from understudy.detect.from_file import FileDetector, read_boxes
from understudy.detect.options import FileOptions
from understudy.errors import MediaError, ValueRefused

FRAME = np.zeros((90, 160, 3), np.uint8)


def written(folder: Path, content: object) -> str:
    path = folder / "boxes.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_frames_get_the_boxes_of_their_index_wherever_a_batch_begins(tmp_path: Path) -> None:
    boxes = {"0": [[1, 2, 30, 40]], "7": [[5, 6, 70, 80, 0.4], [9, 9, 20, 20, 0.8]], "8": []}
    detector = FileDetector(FileOptions(written(tmp_path, boxes)))
    seven, eight, nine = detect_all(detector, [FRAME] * 3, [7, 8, 9])
    assert seven.boxes_xyxy.tolist() == [[9, 9, 20, 20], [5, 6, 70, 80]]
    assert seven.scores.tolist() == [0.8, 0.4]
    assert len(eight) == len(nine) == 0
    assert detector.detect([FRAME])[0].boxes_xyxy.tolist() == [[1, 2, 30, 40]]
    strict = FileDetector(FileOptions(written(tmp_path, boxes), min_confidence=0.5))
    assert strict.detect_at([FRAME, FRAME], [7, 0])[0].scores.tolist() == [0.8]
    assert len(strict.detect_at([FRAME], [0])[0]) == 1, "a box without a score is certain"


def test_faceswap_s_layout_counts_frames_from_one(tmp_path: Path) -> None:
    corners = {"landmarks_2d": [[10, 20], [50, 20], [50, 70], [10, 70]]}
    content = {
        "my_film2_000001.mp4": [{"detected": [3, 4, 50, 60]}],
        "my_film2_000012.png": [corners],
    }
    found = read_boxes(written(tmp_path, content))
    assert {i: f.boxes_xyxy.tolist() for i, f in found.items()} == {
        0: [[3, 4, 50, 60]],
        11: [[10, 20, 50, 70]],
    }


@pytest.mark.parametrize(
    "content, said",
    [
        ("no json", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ([[1, 2, 3, 4]], "expected an object of frames"),
        ({"portrait.png": []}, "a name that ends in one from 1"),
        ({"a_000000.png": []}, "a name that ends in one from 1"),
        ({"3": {}}, "frame '3': expected a list of boxes"),
        ({"3": [[1, 2, 3]]}, "frame '3', face 0: expected"),
        ({"3": [[5, 2, 3, 9]]}, "frame '3', face 0: expected"),
        ({"3": [[1, 2, 3, "x"]]}, "frame '3', face 0: expected"),
        ('{"3": [[1, 2, NaN, 4]]}', "frame '3', face 0: expected"),
        ('{"3": [[1, 2, 3, 1e999]]}', "frame '3', face 0: expected"),
        ({"3": [{"landmarks_2d": []}]}, "frame '3', face 0: expected"),
        ({"3": [{}]}, "frame '3', face 0: expected"),
        ({"3": [], "x_4": []}, "is there twice"),
    ],
)
def test_other_files_are_refused_in_words(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(MediaError, match=said):
        read_boxes(written(tmp_path, content))


def test_without_a_file_it_says_what_to_do() -> None:
    with pytest.raises(ValueRefused, match="--boxes-path"):
        FileDetector().detect([FRAME])
    with pytest.raises(MediaError, match="cannot be read"):
        FileDetector(FileOptions("/nowhere/boxes.json"))
