"""The file `face_alignments.json` of the book "Exploring Deepfakes" (2023).

Source: the book's public code, `C5-face_detection.py` (writes it) and `C7-convert.py` (reads it).
`{image name: {"faces": [{"landmark": [(68, 2)], "warp_matrix": (3, 3)}]}}`, written with the
package json_tricks, which makes an array `{"__ndarray__": nested lists, "dtype": ..., "shape":
...}`. The landmarks are a list of one array. `warp_matrix` maps frame to crop pixels for
`cv2.warpAffine`; it fits five points onto the book's template, shrunk to 0.3 of the crop's side and
moved by 0.35 of it. There is no box. A mask may lie beside the file as
`face_mask_<image stem>_<place in the list>.png`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from understudy.errors import StoreError, ValueRefused
from understudy.geometry import Float64, five_points, umeyama
from understudy.geometry.landmarks import book_5_unit
from understudy.geometry.templates import BOOK_5
from understudy.interchange import checks, images, values
from understudy.interchange.values import ForeignFace, ForeignMask, ForeignSet, Ledger
from understudy.store import codec
from understudy.types import Face

TOOL = "exploring-deepfakes@1"
CROP_PX = 256
"""Pixels a side of the book's crops unless asked for otherwise, and always of its masks."""
_TEMPLATE = 0.3 * BOOK_5 + 0.35
_MAX_OFF = 0.1


def is_frame(content: Any) -> bool:
    """Whether a value is a frame of the book's file."""
    faces = content.get("faces") if isinstance(content, dict) else None
    return isinstance(faces, list) and all(
        isinstance(face, dict) and "landmark" in face for face in faces
    )


def from_plain(folder: Path, table: dict[str, Any], ledger: Ledger) -> ForeignSet:
    """Faces from the value in the file; masks are looked for in `folder`."""
    found = ForeignSet(TOOL)
    for frame, content in table.items():
        if not is_frame(content):
            ledger.skip(frame, f"expected a table with faces, got {checks.kind_of(content)}")
            continue
        found.frames[frame] = []
        for number, face in enumerate(content["faces"]):
            try:
                found.add(_face(frame, face, _mask_file(folder, frame, number), ledger))
            except checks.DAMAGED as error:
                ledger.skip(f"{frame} face {number}", error)
    return found


def to_plain(frames: Iterable[tuple[str, Sequence[Face]]]) -> Iterator[tuple[str, Any]]:
    """(image name, value) of the file, for frames with faces; crops are of 256 px."""
    for key, faces in frames:
        if faces:
            yield key, {"faces": [_face_to_plain(face) for face in faces]}


def _face(frame: str, plain: dict[str, Any], mask_file: Path | None, ledger: Ledger) -> ForeignFace:
    stored = plain["landmark"]
    # A list of one array in the book's files; the array alone where someone tidied up.
    landmarks = values.landmarks_68(
        _array(stored[0] if isinstance(stored, list) and len(stored) == 1 else stored)
    )
    crop_from_frame, side = _crop(plain.get("warp_matrix"), landmarks, ledger)
    unit_from_frame = None
    if crop_from_frame is not None:
        unit_from_frame = umeyama(values.moved(_TEMPLATE * side), book_5_unit()) @ crop_from_frame
    mask = None
    if crop_from_frame is not None and mask_file is not None:
        mask = _mask(mask_file, crop_from_frame, side, ledger)
    return ForeignFace(
        frame=frame,
        landmarks=landmarks,
        box_xyxy=values.box_around(landmarks),
        made_by={"detect": TOOL, "align": TOOL} | ({"mask": TOOL} if mask else {}),
        masks=[mask] if mask else [],
        unit_from_frame=unit_from_frame,
    )


def _crop(stored: Any, landmarks: Float64, ledger: Ledger) -> tuple[Float64 | None, float]:
    """The stored crop and its side, or None where it is missing or does not fit the landmarks."""
    if stored is None:
        ledger.lose("a crop that is missing (fitted anew)")
        return None, 0.0
    matrix = _array(stored)
    rows = 3 if isinstance(matrix, (list, np.ndarray)) and len(matrix) == 3 else 2
    crop_from_frame = values.from_index(checks.numbers("warp_matrix", matrix, (rows, 3)))
    points = five_points(landmarks) @ crop_from_frame[:2, :2].T + crop_from_frame[:2, 2]
    # The fit brings the middle of the points onto the template's, so that tells the side exactly.
    middle = _TEMPLATE.mean(0)
    side = float((points.mean(0) - values.HALF) @ middle / (middle @ middle))
    if side < 16 or np.abs(points - _TEMPLATE * side).max() > _MAX_OFF * side:
        ledger.lose("a crop that does not fit its landmarks (fitted anew)")
        return None, 0.0
    return crop_from_frame, float(round(side))


def _array(value: Any) -> Any:
    """What json_tricks made of an array; anything else as it is."""
    if not isinstance(value, dict):
        return value
    nested = value.get("__ndarray__")
    if not isinstance(nested, list):
        raise ValueRefused("an array that is packed; write the file without `ndarray_compact`")
    return nested


def _mask_file(folder: Path, frame: str, number: int) -> Path | None:
    name = f"face_mask_{Path(frame).stem}_{number}.png"
    if "/" in frame or "\\" in frame or "\0" in frame:
        return None
    file = folder / name
    try:
        return file if file.is_file() else None
    except OSError:
        return None


def _mask(file: Path, crop_from_frame: Float64, side: float, ledger: Ledger) -> ForeignMask | None:
    try:
        levels = images.decode(checks.read_bytes(file, images.MAX_FILE_BYTES), grey=True)
        if max(levels.shape) > codec.MAX_MASK_SIDE_PX or levels.shape[0] != levels.shape[1]:
            raise ValueRefused(f"a mask of {levels.shape[1]}x{levels.shape[0]} px")
    except (*checks.DAMAGED, StoreError) as error:
        ledger.lose(f"{file.name}: {str(error)[:80]}")
        return None
    scale = len(levels) / side
    return ForeignMask("book", levels, np.diag([scale, scale, 1.0]) @ crop_from_frame)


def _face_to_plain(face: Face) -> dict[str, Any]:
    landmarks = values.moved(face.alignment.landmarks, -values.HALF)
    matrix = umeyama(five_points(landmarks), _TEMPLATE * CROP_PX)
    return {
        "landmark": [_packed(landmarks.astype(np.float32), "float32")],
        "warp_matrix": _packed(matrix, "float64"),
    }


def _packed(array: np.ndarray[Any, Any], dtype: str) -> dict[str, Any]:
    shape = list(array.shape)
    return {"__ndarray__": array.tolist(), "dtype": dtype, "shape": shape, "Corder": True}
