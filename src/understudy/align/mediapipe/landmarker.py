"""MediaPipe's face landmarker: 478 points with irises, and what the face does in 52 numbers.

Its models come in one archive that is opened in memory; nothing is unpacked to disk.

Source: the published MediaPipe face landmarker graphs (2023), model "face_landmarker v2".
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from understudy.align.manifest import FACE_LANDMARKER
from understudy.align.mediapipe.mesh import first_squares, kept
from understudy.backends.litert import LiteModel
from understudy.backends.mesh.runtime import FaceMesh
from understudy.errors import WeightsError
from understudy.geometry import Float64
from understudy.geometry.facemesh.to_68 import landmarks_from_meshes
from understudy.types import Faces
from understudy.weights.opening import opened

# fmt: off
BLENDSHAPES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft",
    "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft",
    "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen",
    "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)
# fmt: on
"""The names of the 52 numbers, in order; each 0 (not) to 1 (fully)."""

_LARGEST_MODEL = 32 * 1024 * 1024


class Mediapipe478Aligner:
    """Finds 68 landmarks; `align.Aligner` says what goes in and comes out.

    `extras["blendshapes"]`, (n, 52), say what the face does; `BLENDSHAPES` names them.
    `extras["mesh"]` is as `MediapipeAligner` has it.
    """

    signals: ClassVar = ("mesh", "blendshapes")

    def __init__(self) -> None:
        self._mesh, self._blendshapes = opened(FACE_LANDMARKER, _models, "MediaPipe's landmarker")

    def align(self, frame: NDArray[Any], faces: Faces) -> Faces:
        """Fill in landmarks; see `align.Aligner.align`."""
        meshes = self._mesh(frame, first_squares(self._mesh, frame, faces))
        moves = [self._expression(points) for points in meshes.points]
        return replace(
            faces,
            landmarks=landmarks_from_meshes(meshes.points),
            presence=meshes.presence,
            extras={
                **faces.extras,
                "blendshapes": np.reshape(moves, (-1, len(BLENDSHAPES))),
                "mesh": kept(meshes.points),
            },
        )

    def _expression(self, points: Float64) -> NDArray[Any]:
        chosen = points[list(_EXPRESSIVE), :2].astype(np.float32)
        return self._blendshapes(chosen[None])[0].ravel()


def _models(content: bytes) -> tuple[FaceMesh, LiteModel]:
    mesh = FaceMesh(_member(content, "face_landmarks_detector.tflite"))
    return mesh, LiteModel(_member(content, "face_blendshapes.tflite"))


def _member(content: bytes, name: str) -> bytes:
    """One file of the archive.

    Raises:
        WeightsError: the archive is broken, lacks it, or it is larger than any model of its kind.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = archive.getinfo(name).file_size
            if size > _LARGEST_MODEL:
                raise WeightsError(f"{FACE_LANDMARKER.name}: {name} claims {size:,} bytes")
            return archive.read(name)
    except (zipfile.BadZipFile, KeyError) as error:
        raise WeightsError(f"{FACE_LANDMARKER.name}: {name}: {error}") from error


# fmt: off
_EXPRESSIVE = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66,
    67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144,
    145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173,
    176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284,
    285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332,
    334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386,
    387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, *range(468, 478),
)
"""The 146 points that the expression model looks at."""
# fmt: on
