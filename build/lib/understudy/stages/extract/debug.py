"""Frames with everything drawn in: the quickest way to see what an extraction does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2

from understudy.imaging.depth import eight_bit
from understudy.imaging.drawing import Drawing, drawn
from understudy.store.atomic import commit_bytes
from understudy.types import Face, Frame

_JPEG_QUALITY = 85


def write_debug_image(folder: Path, frame: Frame, faces: Sequence[Face]) -> None:
    """Write `<frame index>.jpg` with the faces drawn in; frames without a face write nothing.

    Raises:
        DiskFull, StoreError: as `atomic.commit`.
    """
    if not faces:
        return
    picture = drawn(eight_bit(frame.pixels), faces, Drawing())
    done, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if done:
        path = folder / f"{frame.at.index:06d}.jpg"
        commit_bytes(path, data.tobytes(), durable=False)
