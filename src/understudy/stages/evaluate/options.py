"""What can be chosen for scoring. Light to import: the command line reads it for --help."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.options import Names, check, option


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """Options of the evaluation stage."""

    samples: int = option(
        96,
        "Faces of each person that are looked at, evenly spread over the film; 0 looks at all.",
        low=0,
        group="Score",
    )
    readers: str = option(
        "auto",
        "Landmark predictors that read expression and pose, separated by commas; the first one's "
        "landmarks may drive models, so a second one that does not should stand behind it. `auto` "
        "takes mediapipe and whatever else is on this machine.",
        group="Score",
        names=Names("align", auto=("mediapipe", "pfld", "dlib68")),
    )
    embedder: str = option(
        "auto",
        "The network that tells whose face it is. `auto` takes mobilefacenet where it is on this "
        "machine, else dlib128.",
        group="Score",
        names=Names("embed", auto=("mobilefacenet", "dlib128")),
    )
    detector: str = option(
        "auto",
        "What finds the faces anew in plate and output. `auto` takes mediapipe where it is on "
        "this machine, else another one that is.",
        group="Score",
        names=Names("detect", auto=("mediapipe", "yunet", "mtcnn")),
    )

    def __post_init__(self) -> None:
        check(self)
