"""Eyelids and irises that follow the eyes: a second, closer look at each eye of a face mesh.

The mesh sees an eye with a dozen pixels and closes it halfway at most; a blink needs more.

Source: A. Ablavatski, A. Vakunov, I. Grishchenko, K. Raveendran, M. Zhdanovich, "Real-time Pupil
Tracking from Monocular Video for Digital Puppetry", CVPR Workshop on Computer Vision for AR/VR
2020. Squares and the order of points follow the published MediaPipe graphs; the model knows right
eyes, so left ones are mirrored.

Convention: frame pixels, pixel i covers [i, i+1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.backends.litert import LiteModel
from understudy.backends.mesh.indices import LEFT_IRIS, N_POINTS_WITH_IRISES, RIGHT_IRIS
from understudy.geometry import Float64
from understudy.imaging.depth import to_unit
from understudy.imaging.squares import cut_square, into_frame

_ROOM = 2.3
"""Width of an eye's square in distances of its corners."""


@dataclass(frozen=True, slots=True)
class _Eye:
    lids: tuple[int, ...]
    iris: tuple[int, ...]
    mirrored: bool


# fmt: off
_EYES = (
    _Eye((33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173),
         RIGHT_IRIS, mirrored=False),
    # Seen mirrored, what the model calls the iris's right is the picture's left.
    _Eye((263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),
         tuple(LEFT_IRIS[i] for i in (0, 3, 2, 1, 4)), mirrored=True),
)
# fmt: on
_OUTER, _INNER = 0, 8
"""Places of the corners among an eye's lids."""


class IrisModel:
    """Refines the eyes of face meshes; any thread may use it.

    Args:
        content: the model's bytes, as `weights.opening.opened` hands them out.
    """

    def __init__(self, content: bytes) -> None:
        self._model = LiteModel(content)
        self._size_px = self._model.input_shapes[0][1]

    def __call__(self, frame: NDArray[Any], points: Float64) -> Float64:
        """Refine meshes.

        Args:
            frame: (h, w, 3) uint8 RGB.
            points: (n, 468, 3) from `FaceMesh`.

        Returns:
            (n, 478, 3): the lids moved (x and y), the irises added at the depth of their eyes.
        """
        n, known = points.shape[:2]
        refined = np.zeros((n, N_POINTS_WITH_IRISES, 3))
        refined[:, :known] = points
        for mesh, whole in zip(refined, points, strict=True):
            across = whole[_EYES[1].lids[_OUTER], :2] - whole[_EYES[0].lids[_OUTER], :2]
            roll = float(np.arctan2(across[1], across[0]))
            for eye in _EYES:
                lids, iris = self._one(frame, whole, eye, roll)
                mesh[list(eye.lids), :2] = lids
                mesh[list(eye.iris), :2] = iris
                mesh[list(eye.iris), 2] = whole[list(eye.lids), 2].mean()
        return refined

    def _one(
        self, frame: NDArray[Any], mesh: Float64, eye: _Eye, roll: float
    ) -> tuple[Float64, Float64]:
        outer, inner = mesh[eye.lids[_OUTER], :2], mesh[eye.lids[_INNER], :2]
        side = max(_ROOM * float(np.linalg.norm(outer - inner)), 1.0)
        square = np.array([*((outer + inner) / 2), side, roll])
        crop = cut_square(frame, square, self._size_px)
        if eye.mirrored:
            crop = crop[:, ::-1]
        outputs = self._model(to_unit(np.ascontiguousarray(crop))[None])
        found = np.concatenate(
            [
                outputs[0].reshape(-1, 3)[: len(eye.lids), :2],
                outputs[1].reshape(-1, 3)[: len(eye.iris), :2],
            ]
        ).astype(np.float64)
        if eye.mirrored:
            found[:, 0] = self._size_px - found[:, 0]
        placed = into_frame(found, square, self._size_px)
        return placed[: len(eye.lids)], placed[len(eye.lids) :]
