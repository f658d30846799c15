"""The outline of the face mesh: chin to hairline, where 68 landmarks end at the brows."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.backends.mesh.indices import FACE_OVAL
from understudy.backends.mesh.runtime import FaceMesh, squares_from_landmarks
from understudy.backends.mesh.weights import FACE_MESH
from understudy.mask.grid import face_grid, filled
from understudy.mask.options import MaskOptions
from understudy.types import Alignment, Mask
from understudy.weights.opening import opened


class MeshMasker:
    """The area inside the mesh's outline; `mask.Masker` says what goes in and comes out.

    Hair or a hand before the face is inside as well: the mesh is a face's, whatever covers it.
    """

    def __init__(self, options: MaskOptions | None = None) -> None:
        self._size_px = (options or MaskOptions()).mask_px
        self._mesh = _load()

    def mask(self, frame: NDArray[Any], alignment: Alignment) -> Mask:
        """The mask of one face; see `mask.Masker.mask`."""
        meshes = self._mesh(frame, squares_from_landmarks(alignment.landmarks[None]))
        outline = meshes.points[0, list(FACE_OVAL), :2]
        grid_from_frame = face_grid(alignment, self._size_px)
        alpha = filled([grid_from_frame.points(outline)], self._size_px)
        return Mask("mesh", np.ascontiguousarray(alpha), grid_from_frame)


@lru_cache(maxsize=1)
def _load() -> FaceMesh:
    """The mesh, shared by every masker of the process."""
    return opened(FACE_MESH, FaceMesh, "a face mesh")
