"""What can be chosen for extraction. Light to import: the command line reads it for --help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.options import check, option


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """Options of the extraction stage."""

    detector: str = option("mtcnn", "Face detector; see `understudy plugins`.", group="Detection")
    max_detection_px: int = option(
        640,
        "Frames with a longer side than this are scaled down for detection only. Raise it for "
        "small faces in large frames; detection time grows with its square.",
        low=64,
        high=8192,
        unit="px",
        group="Detection",
    )
    min_face_px: int = option(
        40,
        "Faces smaller than this in the frame are left out.",
        low=12,
        high=4096,
        unit="px",
        group="Detection",
    )
    min_confidence: float = option(
        0.9,
        "Detections less certain than this are left out.",
        low=0.0,
        high=1.0,
        group="Detection",
    )
    every: int = option(
        1,
        "Look at every n-th frame only. Fine for a donor's training material; footage that is to "
        "be converted needs every frame.",
        low=1,
        high=1000,
        group="Detection",
    )
    aligner: str = option("dlib68", "Landmark predictor.", group="Alignment")
    template: Literal["mean51", "book5"] = option(
        "mean51",
        "What landmarks are aligned to: the 51 inner points of the mean face, or the book's five.",
        group="Alignment",
    )
    embedder: str = option(
        "dlib128", "Identity embedding, or `none` to save time.", group="Alignment"
    )
    size: int = option(
        256,
        "Side of the face pictures for training. More than the face has in the footage gains "
        "nothing.",
        low=64,
        high=1024,
        unit="px",
        group="Faces",
    )
    centering: Literal["legacy", "face", "head"] = option(
        "head",
        "What a face picture shows; `head` lets every other crop be cut from it later.",
        group="Faces",
    )
    workers: int = option(
        0, "Frames worked on at once; 0 takes the number of cores.", low=0, high=256, group="Speed"
    )
    new: bool = option(
        False,
        "Extract from the start, although an alignments file is there; it is kept aside as .bak.",
        group="Faces",
    )

    def __post_init__(self) -> None:
        check(self)
