"""What can be chosen for extraction. Light to import: the command line reads it for --help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.errors import ValueRefused
from understudy.options import check, option


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """Options of the extraction stage."""

    detector: str = option(
        "auto",
        "Face detector; see `understudy plugins`. auto takes mediapipe, or mtcnn where mediapipe's "
        "weights cannot be had, and says so.",
        group="Detection",
    )
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
    max_face_px: int | None = option(
        None,
        "Faces larger than this in the frame are left out.",
        low=12,
        high=65536,
        unit="px",
        group="Detection",
    )
    min_confidence: float | None = option(
        None,
        "Detections less certain than this are left out; each detector has a default of its own.",
        low=0.0,
        high=1.0,
        group="Detection",
    )
    rotate: str = option(
        "",
        "Turn the frame by these angles where no upright face is found, such as 90,180,270; for "
        "people who lie down or hang upside down. Costs a look an angle.",
        group="Detection",
    )
    boxes_path: str = option(
        "",
        "With the detector `file`: a JSON file of boxes, {frame: [[x0, y0, x1, y1, score], ...]} "
        "with frames counted from 0, or Faceswap's JSON.",
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
    assume_colour: Literal["tags", "rec709"] = option(
        "tags",
        "What colours mean: what the file's tags say (HDR is brought to Rec.709, log footage "
        "refused), or Rec.709 whatever they say.",
        group="Detection",
    )
    every_frame: bool = option(
        False,
        "Detect anew in every frame and smooth nothing, the classical way: slower, less steady, "
        "but no frame depends on another.",
        group="Time",
    )
    cut_threshold: float = option(
        27.0,
        "How different two frames must be for a cut between them. Lower it when a face is carried "
        "over a cut, raise it when flashes cut a shot.",
        low=1.0,
        high=255.0,
        group="Time",
    )
    smooth: bool = option(
        True,
        "Take the jitter out of landmarks over time; blinks and speech stay.",
        group="Time",
    )
    aligner: str = option(
        "auto",
        "Landmark predictor. auto takes mediapipe, or dlib68 where mediapipe's weights cannot be "
        "had, and says so.",
        group="Alignment",
    )
    normalise: Literal["none", "hist", "clahe", "mean"] = option(
        "none",
        "Even out the light of what the landmark predictor sees, for dark, flat or tinted "
        "pictures: hist spreads the brightness, clahe does so by neighbourhoods, mean brings each "
        "colour's mean to mid grey.",
        group="Alignment",
    )
    refeed: int = option(
        0,
        "Look this many times more at each face, its box moved a little each time, and take the "
        "mean: steadier, and slower by as much.",
        low=0,
        high=32,
        group="Alignment",
    )
    realign: bool = option(
        False,
        "Look a second time at each face, turned upright by what was found first; for heads on "
        "their side.",
        group="Alignment",
    )
    iris: bool = option(
        True,
        "With mediapipe: look at each eye again, so that lids close in a blink.",
        group="Alignment",
    )
    template: Literal["mean51", "mean68", "book5", "eyes"] = option(
        "mean51",
        "What landmarks are aligned to: the 51 inner points of the mean face, all 68, the book's "
        "five, or the eyes alone (for mouths wide open or covered).",
        group="Alignment",
    )
    masks: str = option(
        "components,extended",
        "Masks to make, separated by commas; see `understudy plugins`. More can be added later "
        "with `understudy mask`.",
        group="Masks and identity",
    )
    mask_px: int = option(
        128,
        "Side of a mask. Raise it for close shots, at four times the room for twice the side.",
        low=32,
        high=1024,
        unit="px",
        group="Masks and identity",
    )
    regions: str = option(
        "skin,brows,eyes,nose,lips",
        "With bisenet and bisenet-v2: what belongs to the face, out of skin, brows, eyes, nose, "
        "lips, ears, glasses, neck, hair, hat.",
        group="Masks and identity",
    )
    outline: Literal["extended", "mesh"] = option(
        "extended",
        "With occlusion: the face's area before hands are taken out; mesh reaches to the hairline.",
        group="Masks and identity",
    )
    parser: Literal["none", "bisenet-v2", "bisenet"] = option(
        "none",
        "With occlusion: face parsing that takes out hair, hats and cloth as well; its weights are "
        "for non-commercial use only.",
        group="Masks and identity",
    )
    embedder: str = option(
        "dlib128",
        "Identity embedding, or `none` to save time; without, nothing but place tells persons "
        "apart.",
        group="Masks and identity",
    )
    wanted: str = option(
        "",
        "A photo, or a folder of photos, of the persons whose faces are wanted; all others are "
        "left out.",
        group="Filters",
    )
    unwanted: str = option(
        "",
        "A photo, or a folder of photos, of persons whose faces are left out.",
        group="Filters",
    )
    reference_distance: float | None = option(
        None,
        "How near a face must be to a photo to be that person's; the embedding has a default of "
        "its own. Lower is stricter.",
        low=0.05,
        high=2.0,
        group="Filters",
    )
    filter_features: bool = option(
        False, "Leave out faces whose mouth is not below their eyes.", group="Filters"
    )
    max_distance: float | None = option(
        None,
        "Leave out faces whose landmarks lie further than this from the mean face; 0.1 is strict, "
        "0.2 drops failures only.",
        low=0.01,
        high=2.0,
        group="Filters",
    )
    max_roll_deg: float | None = option(
        None,
        "Leave out faces that are tilted by more degrees.",
        low=0.0,
        high=180.0,
        group="Filters",
    )
    min_scale: float = option(
        0.0,
        "Leave out faces smaller than this share of the frame's shorter side.",
        low=0.0,
        high=1.0,
        group="Filters",
    )
    max_scale: float | None = option(
        None,
        "Leave out faces larger than this share of the frame's shorter side.",
        low=0.01,
        high=5.0,
        group="Filters",
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
        group="Weights",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = option(
        "auto", "Where networks run; auto takes a GPU where there is one.", group="Speed"
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


RESULT_OPTIONS = (
    "detector",
    "max_detection_px",
    "min_face_px",
    "max_face_px",
    "min_confidence",
    "rotate",
    "boxes_path",
    "every",
    "assume_colour",
    "every_frame",
    "cut_threshold",
    "smooth",
    "aligner",
    "normalise",
    "refeed",
    "realign",
    "iris",
    "template",
    "masks",
    "mask_px",
    "regions",
    "outline",
    "parser",
    "embedder",
    "wanted",
    "unwanted",
    "reference_distance",
    "filter_features",
    "max_distance",
    "max_roll_deg",
    "min_scale",
    "max_scale",
    "size",
    "centering",
)
"""Options that results depend on: a run that goes on must have the same."""
