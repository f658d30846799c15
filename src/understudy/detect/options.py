"""Options of the detectors. Light to import: flags are made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from understudy.options import check, option


def _max_detection_px(more: str = "") -> Any:
    return option(
        640,
        "Frames with a longer side than this are scaled down for detection only; boxes come back "
        f"in frame pixels. Raise it for small faces in large frames{more}.",
        low=64,
        high=16384,
        unit="px",
        result=True,
    )


def _min_confidence(default: str) -> Any:
    return option(
        None,
        f"Detections less certain than this are left out; none takes {default}. Lower it when "
        "faces are missed, raise it when other things are taken for faces.",
        low=0.0,
        high=1.0,
        result=True,
    )


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """What detectors share that look for faces of a smallest size."""

    min_face_px: int = option(
        40,
        "Smallest face looked for, in frame pixels; in frames that are scaled down for detection "
        "see `detect.picture.smallest_px`.",
        low=12,
        high=4096,
        unit="px",
        result=True,
        handed=True,
    )
    max_detection_px: int = _max_detection_px("; detection time grows with its square")

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class DlibOptions(PictureOptions):
    """How far dlib's detectors look."""

    min_confidence: float | None = _min_confidence("0.5, dlib's own threshold")


@dataclass(frozen=True, slots=True)
class SsdOptions:
    """How far networks look that find faces of all sizes at once."""

    max_detection_px: int = _max_detection_px("; time and memory grow with its square")
    min_confidence: float | None = _min_confidence("the network's own threshold")

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class MediapipeOptions(PictureOptions):
    """How far MediaPipe's detector looks."""

    min_confidence: float | None = _min_confidence("0.6")


@dataclass(frozen=True, slots=True)
class MtcnnOptions(PictureOptions):
    """How far MTCNN looks."""

    min_confidence: float | None = _min_confidence("0.9")
    proposal_threshold: float = option(
        0.6,
        "How sure the first network must be to pass a window on.",
        low=0.0,
        high=1.0,
        result=True,
    )
    refine_threshold: float = option(
        0.7,
        "How sure the second network must be to pass a window on.",
        low=0.0,
        high=1.0,
        result=True,
    )
    scale_factor: float = option(
        0.709,
        "Size of each pyramid level relative to the one before.",
        low=0.3,
        high=0.95,
        result=True,
    )


@dataclass(frozen=True, slots=True)
class FileOptions:
    """Which boxes."""

    boxes_path: str = option(
        "",
        "JSON file with the boxes: {frame: [[x0, y0, x1, y1, score], ...]} with frames counted "
        "from 0 and the score left out or not, or the layout of Faceswap's JSON import.",
        result=True,
    )
    min_confidence: float | None = option(
        None,
        "Boxes with a lower score are left out; none takes all. Boxes without a score have 1.",
        low=0.0,
        high=1.0,
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)
