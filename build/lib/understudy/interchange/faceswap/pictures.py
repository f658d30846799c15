"""Faceswap's face pictures: PNG with the face's record in an iTXt chunk, as a Python literal.

Source: pictures of Faceswap 2.4. The chunk's keyword is `faceswap`; `alignments` holds the face as
an alignments file does, `source` the frame's name and size. Pixels are the head crop at full
coverage, made by `cv2.warpAffine` with the crop's matrix between pixel indices.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from understudy.errors import ValueRefused
from understudy.interchange import checks, faceswap, images, literal, values
from understudy.interchange.values import FaceImage, Ledger
from understudy.store import codec
from understudy.types import Alignment
from understudy.types.frame import frame_space

_KEYWORD = b"faceswap\0"
_MAX_FRAME_PX = 65535
_HALF_PX = np.array([[1, 0, values.HALF], [0, 1, values.HALF], [0, 0, 1]])


def record_text(data: bytes) -> str | None:
    """The record of a Faceswap face picture, or None where a PNG has none.

    Raises:
        ValueRefused: a damaged PNG or record.
    """
    for kind, body in images.png_chunks(data):
        if kind == b"iTXt" and body.startswith(_KEYWORD):
            packed = body[len(_KEYWORD) : len(_KEYWORD) + 1] == b"\1"
            parts = body[len(_KEYWORD) + 2 :].split(b"\0", 2)
            if len(parts) != 3:
                raise ValueRefused("the record is damaged")
            raw = codec.inflate(parts[2], literal.MAX_CHARS) if packed else parts[2]
            try:
                return raw.decode("utf-8")
            except UnicodeDecodeError as error:
                raise ValueRefused("the record is damaged") from error
    return None


def face_image(path: Path, data: bytes, text: str, ledger: Ledger) -> FaceImage:
    """The picture with what its record says.

    Raises:
        ValueRefused, or others of `checks.DAMAGED`: not such a record.
    """
    record = checks.mapping("record", literal.parse(text))
    source = checks.mapping("source", record["source"])
    frame = source["source_filename"]
    version = source.get("alignments_version", faceswap.VERSION)
    if not isinstance(frame, str) or not frame or isinstance(version, bool):
        raise ValueRefused("the record does not name its frame")
    if not isinstance(version, (int, float)):
        raise ValueRefused("the record's version is no number")
    size = _frame_size(source.get("source_frame_dims"))
    made_by = f"faceswap@{version:g}"
    face = faceswap.face_from_plain(record["alignments"], frame, made_by, ledger, size)
    width, height = images.size_of(data)
    if width != height:
        raise ValueRefused(f"expected a square picture, got {width}x{height}")
    grid = frame_space(*(size or (_MAX_FRAME_PX, _MAX_FRAME_PX)))
    crop_from_frame = Alignment.fit(face.landmarks, grid).crop(width, 1.0, "head")
    return FaceImage(
        name=path.name,
        person="",
        face=face,
        # Faceswap's matrix between indices is our crop's; so its picture lies half a pixel on.
        crop_from_frame=_HALF_PX @ crop_from_frame.matrix,
        size_px=width,
        centering="head",
        path=path,
        offset=0,
        length=len(data),
    )


def order(text_name: str) -> tuple[Any, ...]:
    """Sort key of face pictures: `<frame>_<number>.png` by frame, then number."""
    stem, _, number = Path(text_name).stem.rpartition("_")
    return (stem, int(number)) if number.isdecimal() and len(number) < 9 else (text_name, 0)


def _frame_size(dims: Any) -> tuple[int, int] | None:
    if dims is None:
        return None
    height, width = checks.sequence("source_frame_dims", dims)
    checks.whole("height", height, 1, _MAX_FRAME_PX)
    return checks.whole("width", width, 1, _MAX_FRAME_PX), height
