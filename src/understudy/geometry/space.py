"""Named pixel grids and the warps between them.

Convention: pixel i covers [i, i+1), so its centre lies at i + 0.5 and a grid of width w spans
[0, w]. Halving a grid is the plain scale by 1/2, and equals `cv2.resize`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Space:
    """A pixel grid: a name for people and for refusing mix-ups, and a size in pixels."""

    name: str
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueRefused(
                f"Space {self.name!r}: expected a size of at least 1x1, "
                f"got {self.width}x{self.height}"
            )

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels, the order that OpenCV's `dsize` wants."""
        return self.width, self.height


UNIT = Space("unit", 1, 1)
"""The unit square of the mean face: what landmarks are fitted onto."""


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """A projective map that takes points of `src` to points of `dst`.

    Names read right to left: `crop_from_frame` maps frame points to crop points, and
    `crop_from_unit @ unit_from_frame` is `crop_from_frame`. Composing over different spaces
    is refused.

    Convention: points are (x, y) in the continuous coordinates of the module's docstring.
    """

    matrix: Float64
    src: Space
    dst: Space

    def __post_init__(self) -> None:
        m: Float64 = np.array(self.matrix, np.float64)
        if m.shape == (2, 3):
            m = np.vstack([m, [0.0, 0.0, 1.0]])
        if m.shape != (3, 3) or not np.isfinite(m).all():
            raise ValueRefused(f"Warp: expected a finite 3x3 matrix, got shape {m.shape}: {m}")
        m.setflags(write=False)
        object.__setattr__(self, "matrix", m)

    def __matmul__(self, other: Warp) -> Warp:
        """`(b @ a)` first applies a, then b."""
        if self.src != other.dst:
            raise ValueRefused(f"Warp: cannot chain {other.dst} into {self.src}")
        return Warp(self.matrix @ other.matrix, other.src, self.dst)

    def inverse(self) -> Warp:
        """The map from `dst` back to `src`; refused when the matrix is singular."""
        try:
            inverse: Float64 = np.linalg.inv(self.matrix).astype(np.float64)
        except np.linalg.LinAlgError as error:
            raise ValueRefused(
                f"Warp {self.src.name} to {self.dst.name} is singular: {self.matrix.tolist()}"
            ) from error
        return Warp(inverse, self.dst, self.src)

    def points(self, xy: NDArray[np.floating]) -> Float64:
        """Map (..., 2) points of `src` to (..., 2) float64 points of `dst`."""
        xy = np.asarray(xy, np.float64)
        if xy.shape[-1:] != (2,):
            raise ValueRefused(f"Warp.points: expected (..., 2), got {xy.shape}")
        mapped: Float64 = xy @ self.matrix[:2, :2].T + self.matrix[:2, 2]
        if np.array_equal(self.matrix[2], [0.0, 0.0, 1.0]):
            return mapped
        return mapped / (xy @ self.matrix[2, :2] + self.matrix[2, 2])[..., None]

    @property
    def scale(self) -> float:
        """How many `dst` pixels one `src` pixel spans: root of the area ratio."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:2, :2]))))

    @property
    def index_matrix(self) -> Float64:
        """The 3x3 matrix between pixel *indices* (centres at integers), as OpenCV counts.

        `cv2.warpAffine(img, warp.index_matrix[:2], dst.size_wh)` warps an image of `src`.
        """
        shift = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
        return shift @ self.matrix @ np.linalg.inv(shift)

    @staticmethod
    def resize(src: Space, dst: Space) -> Warp:
        """The warp that scales all of `src` onto all of `dst`."""
        return Warp(np.diag([dst.width / src.width, dst.height / src.height, 1.0]), src, dst)

    def begun_in(self, picture: Space) -> Warp:
        """The same from its source in another size, as footage has it that was scaled since."""
        return self if self.src == picture else self @ Warp.resize(picture, self.src)
