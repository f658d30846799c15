"""What can be chosen for extraction. Light to import: the command line reads it for --help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.errors import ValueRefused
from understudy.options import Branch, Names, branch, check, option


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """Options of the extraction stage."""

    detector: str = option(
        "auto",
        "Face detector; see `understudy plugins`. auto takes mediapipe, or mtcnn where mediapipe's "
        "weights cannot be had, and says so.",
        group="Detection",
        result=True,
        names=Names("detect", auto=("mediapipe", "mtcnn")),
        common=True,
    )
    min_face_px: int = option(
        40,
        "Faces smaller than this, in pixels of the frame, are neither looked for nor kept.",
        low=12,
        high=4096,
        unit="px",
        group="Detection",
        result=True,
    )
    max_face_px: int | None = option(
        None,
        "Faces larger than this in the frame are left out.",
        low=12,
        high=65536,
        unit="px",
        group="Detection",
        result=True,
    )
    rotate: str = option(
        "",
        "Look at the frame turned by these angles too, such as 90,180,270; for people who lie down "
        "or hang upside down. Costs a look an angle. Faces that the detector finds anyhow are "
        "turned upright without it.",
        group="Detection",
        result=True,
        common=True,
    )
    every: int = option(
        1,
        "Look at every n-th frame only. Fine for a donor's training material; footage that is to "
        "be converted needs every frame.",
        low=1,
        high=1000,
        group="Detection",
        result=True,
    )
    assume_colour: Literal["tags", "rec709"] = option(
        "tags",
        "What colours mean: what the file's tags say (HDR is brought to Rec.709, log footage "
        "needs --plate-lut), or Rec.709 whatever they say.",
        group="Detection",
        result=True,
    )
    plate_lut: str = option(
        "",
        "A .cube look-up table that brings log footage to Rec.709, for finding its faces and for "
        "models; what is converted stays log. In swap it is for the footage A alone.",
        group="Detection",
        result=True,
        scope="run",
    )
    every_frame: bool = option(
        False,
        "Detect anew in every frame and smooth nothing, the classical way: slower, less steady, "
        "but no frame depends on another.",
        group="Time",
        result=True,
    )
    cut_threshold: float = option(
        27.0,
        "How different two frames must be for a cut between them. Lower it when a face is carried "
        "over a cut, raise it when flashes cut a shot.",
        low=1.0,
        high=255.0,
        group="Time",
        result=True,
    )
    smooth: bool = option(
        True,
        "Take the jitter out of landmarks over time; blinks and speech stay.",
        group="Time",
        result=True,
    )
    aligner: str = option(
        "auto",
        "Landmark predictor. auto takes mediapipe, or dlib68 where mediapipe's weights cannot be "
        "had, and says so.",
        group="Alignment",
        result=True,
        names=Names("align", auto=("mediapipe", "dlib68")),
    )
    normalise: Literal["none", "hist", "clahe", "mean"] = option(
        "none",
        "Even out the light of what the landmark predictor sees, for dark, flat or tinted "
        "pictures: hist spreads the brightness, clahe does so by neighbourhoods, mean brings each "
        "colour's mean to mid grey.",
        group="Alignment",
        result=True,
    )
    refeed: int = option(
        0,
        "Look this many times more at each face, its box moved a little each time, and take the "
        "mean: steadier, and slower by as much.",
        low=0,
        high=32,
        group="Alignment",
        result=True,
    )
    realign: bool = option(
        False,
        "Look a second time at each face, turned upright by what was found first; for heads on "
        "their side.",
        group="Alignment",
        result=True,
    )
    template: Literal["auto", "mesh", "mean51", "mean68", "book5", "eyes"] = option(
        "auto",
        "What a face's square is fitted to: the head's pose by its mesh (so that it does not grow "
        "when the mouth opens), the 51 inner points of the mean face, all 68, the book's five, or "
        "the eyes alone. auto takes mesh; faces without one get mean51.",
        group="Alignment",
        result=True,
    )
    masks: str = option(
        "components,extended",
        "Masks to make, separated by commas; see `understudy plugins`. More can be added later "
        "with `understudy mask`.",
        group="Masks and identity",
        result=True,
        names=Names("mask"),
    )
    embedder: str = option(
        "dlib128",
        "Identity embedding, or `none` to save time; without, nothing but place tells persons "
        "apart.",
        group="Masks and identity",
        result=True,
        names=Names("embed", none=True),
    )
    wanted: str = option(
        "",
        "A photo, or a folder of photos, of the persons whose faces are wanted; all others are "
        "left out.",
        group="Filters",
        result=True,
    )
    unwanted: str = option(
        "",
        "A photo, or a folder of photos, of persons whose faces are left out.",
        group="Filters",
        result=True,
    )
    reference_distance: float | None = option(
        None,
        "How near a face must be to a photo to be that person's; the embedding has a default of "
        "its own. Lower is stricter.",
        low=0.05,
        high=2.0,
        group="Filters",
        result=True,
    )
    filter_features: bool = option(
        False,
        "Leave out faces whose mouth is not below their eyes.",
        group="Filters",
        result=True,
    )
    max_distance: float | None = option(
        None,
        "Leave out faces whose landmarks lie further than this from the mean face; 0.1 is strict, "
        "0.2 drops failures only.",
        low=0.01,
        high=2.0,
        group="Filters",
        result=True,
    )
    max_roll_deg: float | None = option(
        None,
        "Leave out faces that are tilted by more degrees.",
        low=0.0,
        high=180.0,
        group="Filters",
        result=True,
    )
    min_scale: float = option(
        0.0,
        "Leave out faces smaller than this share of the frame's shorter side.",
        low=0.0,
        high=1.0,
        group="Filters",
        result=True,
    )
    max_scale: float | None = option(
        None,
        "Leave out faces larger than this share of the frame's shorter side.",
        low=0.01,
        high=5.0,
        group="Filters",
        result=True,
    )
    size: int = option(
        256,
        "Pixels a side of the face pictures for training. More than the face has in the footage "
        "gains nothing.",
        low=64,
        high=1024,
        unit="px",
        group="Faces",
        result=True,
    )
    centering: Literal["legacy", "face", "head"] = option(
        "head",
        "What a face picture shows; `head` lets every other crop be cut from it later.",
        group="Faces",
        result=True,
    )
    debug_images: bool = option(
        False,
        "Also write every frame with a face as a JPEG with boxes, landmarks and tracks drawn in, "
        "into a folder `faces-debug` beside the face pictures.",
        group="Faces",
    )
    commercial_safe: bool = option(
        False,
        "Refuse plug-ins whose weights may not be used commercially.",
        group="Weights",
    )
    trust_on_first_use: bool = option(
        False,
        "Take weights whose digest no public source states, and pin what came from then on.",
        scope="run",
        group="Weights",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = option(
        "auto",
        "Where networks run; auto takes a GPU where there is one.",
        scope="machine",
        group="Speed",
        common=True,
    )
    workers: int = option(
        0,
        "Frames worked on at once; 0 takes the number of cores.",
        low=0,
        high=256,
        scope="machine",
        group="Speed",
    )
    new: bool = option(
        False,
        "Extract from the start, although an alignments file is there; it is kept aside as .bak.",
        scope="run",
        group="Faces",
    )

    detect: Branch = branch("detect", short=("min_confidence", "max_detection_px", "boxes_path"))
    align: Branch = branch("align", short=("iris",))
    mask: Branch = branch("mask", short=("mask_px", "regions", "outline", "parser"))
    embed: Branch = branch("embed")

    def __post_init__(self) -> None:
        check(self)
        if not self.mask_names:
            raise ValueRefused("masks: expected at least one, such as components,extended")

        if any(not n.isdecimal() or int(n) not in (90, 180, 270) for n in _split(self.rotate)):
            raise ValueRefused(f"rotate: expected angles such as 90,180,270, got {self.rotate!r}")

    @property
    def rotations(self) -> tuple[int, ...]:
        """The angles to turn frames by, in degrees."""
        return tuple(int(n) for n in _split(self.rotate))

    @property
    def mask_names(self) -> tuple[str, ...]:
        """The masks asked for, each once."""
        return tuple(dict.fromkeys(_split(self.masks)))


def _split(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]
