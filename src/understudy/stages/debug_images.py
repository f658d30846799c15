"""Frames with everything drawn in: the quickest way to see what an extraction does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.geometry import PARTS
from understudy.media import eight_bit
from understudy.store.atomic import commit_bytes
from understudy.types import Face, Frame

_COLOURS = ((80, 220, 80), (80, 170, 255), (255, 140, 60), (230, 90, 230), (240, 220, 60))
_JPEG_QUALITY = 85
_FRACTION_BITS = 4


def write_debug_image(folder: Path, frame: Frame, faces: Sequence[Face]) -> None:
    """Write `<frame index>.jpg` with the faces drawn in; frames without a face write nothing.

    Raises:
        DiskFull, StoreError: as `atomic.commit`.
    """
    if not faces:
        return
    picture = drawn(frame.pixels, faces)
    done, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if done:
        path = folder / f"{frame.at.index:06d}.jpg"
        commit_bytes(path, data.tobytes(), durable=False)


def drawn(pixels: NDArray[np.uint8], faces: Sequence[Face]) -> NDArray[np.uint8]:
    """A copy of an (h, w, 3) RGB picture with box, landmarks, id and track of each face."""
    picture = np.ascontiguousarray(eight_bit(pixels)).copy()
    width = max(1, round(max(picture.shape[:2]) / 640))
    for number, face in enumerate(faces):
        colour = _COLOURS[(number if face.track is None else face.track) % len(_COLOURS)]
        x0, y0, x1, y1 = (round(float(v)) for v in face.box_xyxy)
        cv2.rectangle(picture, (x0, y0), (x1, y1), colour, width)
        for part in PARTS.values():
            points = (face.alignment.landmarks[part] - 0.5) * 2**_FRACTION_BITS
            line = np.rint(points).astype(np.int32)[:, None]
            cv2.polylines(picture, [line], False, colour, width, cv2.LINE_AA, _FRACTION_BITS)
        words = face.id if face.track is None else f"{face.id} track {face.track}"
        place = (x0, max(12, y0 - 4))
        cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45 * width, colour, width)
    return picture
