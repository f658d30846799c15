"""What can be chosen for scoring. Light to import: the command line reads it for --help."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.options import Names, check, option

_SHARE, _LEAST, _MOST = 12, 24, 96


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """Options of the evaluation stage."""

    samples: int | None = option(
        None,
        "Faces of each person that are looked at, evenly spread over the film; 0 looks at all, "
        "none at a twelfth of them, but 24 at least and 96 at most.",
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

    def count(self, n_faces: int) -> int:
        """How many of so many faces are looked at."""
        if self.samples is None:
            # Looking at a face costs what converting one does: more of a short film would take
            # longer than the film itself.
            return min(n_faces, max(_LEAST, min(_MOST, -(-n_faces // _SHARE))))
        return min(n_faces, self.samples) if self.samples else n_faces
