"""FAN: heat maps for 68 points, and for the 3-D kind their depth.

Source: A. Bulat, G. Tzimiropoulos, "How far are we from solving the 2D & 3D Face Alignment
problem?", ICCV 2017. The crop is the one the networks were trained with: 200 reference pixels, of
which a face's width and height together take 195, its middle an eighth of its height below the
crop's.

Convention: frame pixels, pixel i covers [i, i+1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.align.fan.nets import Fan, FanDepth
from understudy.align.manifest import FAN_2D, FAN_3D, FAN_DEPTH
from understudy.geometry import Float64
from understudy.imaging.depth import to_unit
from understudy.imaging.squares import cut_square, into_frame
from understudy.nn.inference import Runner
from understudy.nn.published import loaded
from understudy.plugin import Weights
from understudy.types import Faces

_SIZE_PX, _HEAT_PX = 256, 64
_REFERENCE, _REFERENCE_PX = 195, 200
_UP = 0.12
_DEPTHS_AT_ONCE = 16
_SPOT_SIGMA_PX, _SPOT_REACH_PX = 3.25, 6


class FanAligner:
    """Finds 68 landmarks with 2DFAN-4; `align.Aligner` says what goes in and comes out.

    On the side that is turned away the jaw follows the outline that is seen.
    """

    record: Weights = FAN_2D

    def __init__(self, device: str = "cpu") -> None:
        net = loaded(Fan(), self.record)
        # Half precision has so few steps that a heat map's warmest pixel often has an equal.
        self._run = Runner(net, device, precision="fp32")

    def align(self, frame: NDArray[Any], faces: Faces) -> Faces:
        """Fill in landmarks; see `align.Aligner.align`."""
        return self.align_batch([frame], [faces])[0]

    def align_batch(
        self, frames: Sequence[NDArray[Any]], faces: Sequence[Faces]
    ) -> Sequence[Faces]:
        """Fill in the landmarks of several frames' faces at once."""
        squares = [fan_squares(found) for found in faces]
        crops = [
            cut_square(frame, square, _SIZE_PX)
            for frame, its in zip(frames, squares, strict=True)
            for square in its
        ]
        points, extras = self._find(crops)
        results, start = [], 0
        for found, its in zip(faces, squares, strict=True):
            mine = slice(start, start := start + len(its))
            placed = [into_frame(p, s, _SIZE_PX) for p, s in zip(points[mine], its, strict=True)]
            per_pixel = its[:, 2] / _SIZE_PX
            results.append(
                replace(
                    found,
                    landmarks=np.reshape(placed, (-1, 68, 2)),
                    extras={
                        **found.extras,
                        **{k: v[mine] * per_pixel[:, None] for k, v in extras.items()},
                    },
                )
            )
        return results

    def _find(self, crops: Sequence[NDArray[Any]]) -> tuple[Float64, dict[str, NDArray[Any]]]:
        """Points (n, 68, 2) of crops in their pixels, and more lengths (n, 68) by name."""
        if not crops:
            return np.zeros((0, 68, 2)), self._more(np.zeros((0, 3, 1, 1)), np.zeros((0, 68, 2)))
        pictures = to_unit(np.ascontiguousarray(np.stack(crops).transpose(0, 3, 1, 2)))
        heat = self._run(pictures)[0]
        points = peaks(heat).cpu().numpy().astype(np.float64) * (_SIZE_PX / _HEAT_PX)
        return points, self._more(pictures, points)

    def _more(self, pictures: NDArray[Any], points: Float64) -> dict[str, NDArray[Any]]:
        """What else is known of each face, by name: (n, 68) lengths in crop pixels."""
        return {}


class Fan3dAligner(FanAligner):
    """Finds 68 landmarks with 3DFAN-4, and `extras["depth"]`, (n, 68) in frame pixels.

    All points are those of the head, also where it hides them; a larger depth is nearer to the
    camera.
    """

    record = FAN_3D

    def __init__(self, device: str = "cpu") -> None:
        super().__init__(device)
        self._run_depth = Runner(loaded(FanDepth(), FAN_DEPTH), device)

    def _more(self, pictures: NDArray[Any], points: Float64) -> dict[str, NDArray[Any]]:
        depths = [np.zeros((0, 68), np.float32)]
        for start in range(0, len(pictures), _DEPTHS_AT_ONCE):
            some = slice(start, start + _DEPTHS_AT_ONCE)
            drawn = np.stack([spots(found) for found in points[some]])
            depth = self._run_depth(np.concatenate([pictures[some], drawn], 1))[0]
            depths.append(depth.cpu().numpy())
        return {"depth": np.concatenate(depths)}


def fan_squares(faces: Faces) -> Float64:
    """(n, 4) squares around boxes, or around the landmarks where there are some."""
    boxes, roll = faces.boxes_xyxy, np.zeros(len(faces))
    if faces.landmarks is not None:
        boxes = np.concatenate([faces.landmarks.min(1), faces.landmarks.max(1)], 1)
        across = faces.landmarks[:, 45] - faces.landmarks[:, 36]
        roll = np.arctan2(across[:, 1], across[:, 0])
    sides = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    up = (_UP * sides[:, 1])[:, None] * np.column_stack([np.sin(roll), -np.cos(roll)])
    side = np.maximum(sides.sum(1) * _REFERENCE_PX / _REFERENCE, 1.0)
    return np.column_stack([centre + up, side, roll])


def peaks(heat: Tensor) -> Tensor:
    """Where the maxima of heat maps (n, m, h, w) lie.

    Returns:
        (n, m, 2) x and y in their pixels: the centre of the warmest pixel, moved by a quarter
        pixel towards its warmer neighbour.
    """
    height, width = heat.shape[2:]
    best = heat.flatten(2).argmax(2)
    x, y = best % width, best // width
    flat = heat.flatten(2)

    def at(column: Tensor, row: Tensor) -> Tensor:
        index = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
        return flat.gather(2, index[..., None])[..., 0]

    inside = (x > 0) & (x < width - 1) & (y > 0) & (y < height - 1)
    nudge_x = torch.sign(at(x + 1, y) - at(x - 1, y)) * inside
    nudge_y = torch.sign(at(x, y + 1) - at(x, y - 1)) * inside
    return torch.stack([x + 0.5 + 0.25 * nudge_x, y + 0.5 + 0.25 * nudge_y], -1)


def spots(points: Float64) -> NDArray[np.float32]:
    """(68, 256, 256) float32, a Gaussian spot at each point (68, 2) of the crop."""
    whole = np.floor(points) - 1
    pixels = np.arange(_SIZE_PX)
    away_x, away_y = pixels - whole[:, :1], pixels - whole[:, 1:]
    bell_x, bell_y = (
        np.exp(-(away**2) / (2 * _SPOT_SIGMA_PX**2)) * (np.abs(away) <= _SPOT_REACH_PX)
        for away in (away_x, away_y)
    )
    return (bell_y[:, :, None] * bell_x[:, None, :]).astype(np.float32)
