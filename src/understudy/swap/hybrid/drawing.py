"""From crops to textures and back, in tensors, so that gradients pass.

Where each texel lies in a crop, and which texel each pixel shows, is geometry and has no gradient:
it is computed on the CPU for each face and looked up on the model's device.

Convention: points lie in the crop, -1..1 from edge to edge, depth in the same unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from understudy.flow import mapped
from understudy.geometry import Float64
from understudy.geometry.facemesh.build import nobody
from understudy.geometry.facemesh.surface import surface, texels
from understudy.imaging.rasterise import texture_map

_AT_ONCE = 16
"""Faces whose places are in memory at once: of hundreds they would be a gigabyte."""
_THREADS = 8
_REACH_CM = 1.5


def unwrapped(crops: Tensor, points: Float64, size: int) -> Tensor:
    """The textures (n, c, size, size) that crops (n, c, s, s) show on surfaces (n, 514, 3)."""
    vertex, weight, _ = texels(size)
    found = []
    for start in range(0, len(crops), _AT_ONCE):
        some = points[start : start + _AT_ONCE, :, :2]
        at = sum(some[:, vertex[..., i]] * weight[..., i, None] for i in range(3))
        grid = torch.tensor(at, dtype=torch.float32, device=crops.device)
        part = crops[start : start + _AT_ONCE].float()
        found.append(F.grid_sample(part, grid, padding_mode="border", align_corners=False))
    return torch.cat(found)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Which point of the texture each pixel of n crops shows.

    Attributes:
        grid: (n, s, s, 2) float32, -1..1 over the texture; 0 where nothing is drawn.
        drawn: (n, 1, s, s) float32, 1 where something is.
    """

    grid: Tensor
    drawn: Tensor

    def __getitem__(self, some: slice) -> Places:
        return Places(self.grid[some], self.drawn[some])

    def of(self, textures: Tensor) -> Tensor:
        """(n, c, s, s) what is drawn of textures (n, c, t, t), 0 where nothing is."""
        # float32 also under autocast: eight bits of a place are too few from 256 texels on
        with torch.autocast(textures.device.type, enabled=False):
            found = F.grid_sample(
                textures.float(), self.grid, padding_mode="border", align_corners=False
            )
            return found * self.drawn


def places_of(points: Float64, size: int, device: torch.device) -> Places:
    """Draw surfaces (n, 514, 3) into crops of some pixels a side."""

    def one(mesh: Float64) -> NDArray[np.float32]:
        at = np.concatenate([(mesh[:, :2] + 1) / 2 * size, mesh[:, 2:]], 1)
        return texture_map(at, surface().uv, surface().triangles, (size, size))

    workers = min(_THREADS, torch.get_num_threads(), len(points))
    grid = np.stack(list(mapped(one, list(points), workers)))
    found = torch.from_numpy(grid).to(device)
    drawn = ~found.isnan().any(-1)
    return Places(
        torch.where(drawn[..., None], 2 * found - 1, found.new_zeros(())), drawn[:, None].float()
    )


def shaken(points: Float64, generator: torch.Generator, amount_cm: float) -> Float64:
    """Canonical meshes (n, 478, 3), each bent smoothly at random.

    A plate's mesh in another's build is never as right as a person's own in that person's own
    picture. A net that only ever saw the second would trust what it is drawn to the pixel.
    """
    noise = torch.randn(points.shape, generator=generator, dtype=torch.float64).numpy()
    moved: Float64 = points + amount_cm * (_smoothing() @ noise)
    return moved


@lru_cache(maxsize=1)
def _smoothing() -> Float64:
    """(478, 478) white noise to noise of unit spread that is alike within a centimetre or two."""
    at = nobody()
    away = np.linalg.norm(at[:, None] - at, axis=-1)
    near = np.exp(-0.5 * (away / _REACH_CM) ** 2)
    found: Float64 = near / np.linalg.norm(near, axis=1, keepdims=True)
    return found


def softened(textures: Tensor, generator: torch.Generator) -> Tensor:
    """Textures, half of them blurred by some share, so that the net learns to give detail back.

    In a person's own picture the main directions of skin show more than they do in another's
    performance, which no face of theirs is quite like.
    """
    count = len(textures)
    share = torch.rand(count, generator=generator) * (torch.rand(count, generator=generator) < 0.5)
    soft = F.avg_pool2d(textures, 5, stride=1, padding=2, count_include_pad=False)
    return torch.lerp(textures, soft, share.to(textures)[:, None, None, None])
