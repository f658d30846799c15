"""Which detections are of a size that is wanted."""

from __future__ import annotations

from understudy.types import Faces


def sized(faces: Faces, min_px: float = 0.0, max_px: float | None = None) -> Faces:
    """The faces whose box is neither too small nor too large.

    Args:
        faces: detections.
        min_px: shortest longer side of a box kept, in frame pixels.
        max_px: longest longer side kept, in frame pixels; None sets no limit.
    """
    longer = (faces.boxes_xyxy[:, 2:] - faces.boxes_xyxy[:, :2]).max(1, initial=0.0)
    kept = longer >= min_px
    if max_px is not None:
        kept &= longer <= max_px
    return faces[kept]
