"""Landmarks of new faces, whichever way up: the look that detector and predictor are surest of.

Neither is enough alone. Of 51 faces of actors, upright, upside down, on their side and half turned,
that three detectors had found, 23 got landmarks the wrong way up, most of them with a presence of
1.0; see `detect.upright` for the detectors. Together they leave 4, all half turned and lying.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.align import Aligner
from understudy.detect import Detector
from understudy.detect.upright import looks_around
from understudy.types import Faces

_AS_GOOD = 0.005
"""A turned look must be surer by so much."""
_PRESENT = 0.9
"""Where landmarks are less sure than this, every other look is tried, whatever its score."""


def aligned_upright(
    detector: Detector, aligner: Aligner, frame: NDArray[Any], faces: Faces
) -> Faces:
    """Landmarks of faces of which only boxes are known.

    Args:
        detector: that found them.
        aligner: any.
        frame: (h, w, 3) uint8 RGB.
        faces: of that frame, without landmarks.

    Returns:
        The same faces with landmarks; those that were turned have the box, score and roll of the
        look that is right.
    """
    found = aligner.align(frame, faces)
    return (
        Faces.concat(
            [_surest(detector, aligner, frame, faces[i], found[i]) for i in range(len(faces))]
        )
        if len(faces)
        else found
    )


def _surest(
    detector: Detector, aligner: Aligner, frame: NDArray[Any], face: Faces, found: Faces
) -> Faces:
    looks = looks_around(detector, frame, face)
    unsure = found.presence is not None and found.presence[0] < _PRESENT
    if len(looks) == 1 or (not unsure and looks.scores[1:].max() <= looks.scores[0] + _AS_GOOD):
        return found
    others = aligner.align(frame, looks[slice(1, None)])
    sure = np.concatenate([[1.0] if found.presence is None else found.presence, _presence(others)])
    merit = looks.scores * sure
    merit[0] += _AS_GOOD
    best = int(merit.argmax())
    if best == 0:
        return found
    chosen = others[best - 1]
    extras = {k: v for k, v in chosen.extras.items() if k in found.extras}
    return replace(chosen, extras=extras)


def _presence(faces: Faces) -> NDArray[np.float64]:
    return np.ones(len(faces)) if faces.presence is None else np.asarray(faces.presence)
