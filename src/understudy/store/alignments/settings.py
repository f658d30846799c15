"""What an alignments file keeps of how each step was done: a tree of plain data.

    {"extract": {"template": "mean51", ...},
     "detect": {"mediapipe": {"max_detection_px": 640, ...}},
     "mask": {"components": {"mask_px": 128}, ...}, ...}

Whoever does a step again takes its settings from here. A file of another tool's faces has
`{"imported": "faceswap@2.4"}` beside what was done to it since.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_STEPS = {"detect": "detector", "align": "aligner", "mask": "masks", "embed": "embedder"}
_HOMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "max_detection_px": (
        "detect",
        ("mediapipe", "mtcnn", "yunet", "retinaface", "s3fd", "dlib-cnn", "dlib-hog"),
    ),
    "min_confidence": ("detect", ()),
    "boxes_path": ("detect", ("file",)),
    "iris": ("align", ("mediapipe",)),
    "mask_px": ("mask", ()),
    "regions": ("mask", ("bisenet", "bisenet-v2")),
    "outline": ("mask", ("occlusion",)),
    "parser": ("mask", ("occlusion",)),
}
"""Where options of the stage went that were a plug-in's: the kind, and which plug-ins have it, ()
for all. Until then all settings were one flat table."""


def migrated(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a tree; flat ones of older files are sorted into it."""
    tree = {k: v for k, v in settings.items() if isinstance(v, Mapping) or k == "imported"}
    flat = {k: v for k, v in settings.items() if k not in tree}
    if not flat:
        return tree
    tree["extract"] = {k: v for k, v in flat.items() if k not in _HOMES}
    for kind, chooser in _STEPS.items():
        names = [n.strip() for n in str(flat.get(chooser, "none")).split(",")]
        if step := {
            name: {
                option: flat[option]
                for option, (home, owners) in _HOMES.items()
                if home == kind and option in flat and (not owners or name in owners)
            }
            for name in names
            if name not in ("", "none", "auto")
        }:
            tree[kind] = step
    return tree


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What the old tree has otherwise than the new one, of all that both have; by dotted path."""
    now = flat(new)
    return {k: v for k, v in sorted(flat(old).items()) if k in now and now[k] != v}


def flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Every value by its dotted path, such as "mask.extended.mask_px"; no path for the stage."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found |= flat(value, "" if key == "extract" else f"{before}{key}.")
        else:
            found[f"{before}{key}"] = value
    return found
