"""COCO key points: what annotation tools and pose estimators read.

Source: the COCO data format (cocodataset.org, "Format data", object and key point detection). Key
points are pixel indices, boxes are left, top, width, height of the continuous picture; all 68 key
points are labelled and visible (2), because that is how our landmarks are found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from understudy.geometry import PARTS
from understudy.interchange import values
from understudy.types import Face

VISIBLE = 2
_CLOSED = ("right_eye", "left_eye", "outer_lips", "inner_lips")


def category() -> dict[str, Any]:
    """The one category: a face of 68 named points and the lines between them, counted from 1."""
    names, lines = [], []
    for part, points in PARTS.items():
        names += [f"{part}_{n}" for n in range(points.stop - points.start)]
        lines += [[n + 1, n + 2] for n in range(points.start, points.stop - 1)]
        if part in _CLOSED:
            lines.append([points.stop, points.start + 1])
    return {
        "id": 1,
        "name": "face",
        "supercategory": "person",
        "keypoints": names,
        "skeleton": lines,
    }


def pieces(
    frames: Iterable[tuple[str, int, Sequence[Face]]], size: tuple[int, int], about: str
) -> Iterator[str]:
    """The file in pieces from (file name, frame index, faces); images are numbered index + 1.

    Args:
        frames: in order.
        size: (width, height) of every frame that has no faces, or of every frame.
        about: what it was made from, for people.
    """
    head = {"info": {"description": about}, "licenses": [], "categories": [category()]}
    yield json.dumps(head)[:-1] + ', "images": ['
    between, annotations = "\n", []
    for key, index, faces in frames:
        width, height = faces[0].alignment.unit_from_frame.src.size_wh if faces else size
        image = {"id": index + 1, "file_name": key, "width": width, "height": height}
        yield between + json.dumps(image)
        between = ",\n"
        annotations += [json.dumps(_annotation(face, index + 1), allow_nan=False) for face in faces]
    yield '\n], "annotations": ['
    between = "\n"
    for number, text in enumerate(annotations, 1):
        yield f'{between}{{"id": {number}, {text[1:]}'
        between = ",\n"
    yield "\n]}\n"


def _annotation(face: Face, image: int) -> dict[str, Any]:
    points = values.moved(face.alignment.landmarks, -values.HALF).round(4)
    left, top, right, bottom = face.box_xyxy.round(4).tolist()
    flat = [value for x, y in points.tolist() for value in (x, y, VISIBLE)]
    return {
        "image_id": image,
        "category_id": 1,
        "bbox": [left, top, round(right - left, 4), round(bottom - top, 4)],
        "area": round((right - left) * (bottom - top), 4),
        "iscrowd": 0,
        "num_keypoints": len(points),
        "keypoints": flat,
        "score": float(face.score),
    }
