"""Irises as discs of their own, painted into the skin where the eyes look.

An iris slides over the eyeball, so as a part of the skin it would be at many places at once: its
main directions are murky, and the white around it goes grey. The mesh knows where it is. So each
iris is one small picture, and only its place changes; lids cut it off where the surface is drawn.

One radius, the person's own at rest, serves all frames: irises do not grow or shrink.

Convention: iris coordinates are in radii, x right in the picture and y up, along the head's axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from understudy.geometry import Float64
from understudy.geometry.facemesh import N_MESH, Heads
from understudy.geometry.facemesh.build import CORNERS, LIDS, Build
from understudy.geometry.facemesh.surface import surface, texels, with_ring

DISC_PX = 40
EXTENT = 1.8
"""Radii that a disc's picture reaches."""
_SOFT = 0.1
"""Radii around its end in which an iris gives way to the white."""
_ENDS = (0.8, 1.6)
"""Radii between which an iris may end: the net's are of an iris that is usual."""
_HIDDEN, _OPEN, _WIDE = 0.15, 0.5, 0.6
"""Shares of the open eye: between the first two an iris comes out from behind the lids."""
_CLEAR = 0.06
"""How far from the lids an iris is itself, as a share of the eye's width."""
_LIKELY = 3.0
"""How many looks the ring's usual colour counts for where an iris was seldom seen."""
_TURNS, _FARTHEST, _STAY = 2, 0.4, 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Eyes:
    """Where texels between the lids lie on the irises of n faces.

    Attributes:
        texel: two arrays (k,) int64, of the right and of the left eye, into a flattened texture.
        at: two arrays (n, k, 2) float32 iris coordinates.
        depth: two arrays (k,) float32 how far from the lids a texel lies, in widths of the eye.
        open: (n, 2) float32 how far the eyes are open, 1 as usual.
    """

    texel: tuple[Tensor, Tensor]
    at: tuple[Tensor, Tensor]
    depth: tuple[Tensor, Tensor]
    open: Tensor


def eyes_of(
    heads: Heads, points: Float64, builds: Sequence[Build], size: int, device: torch.device
) -> Eyes:
    """Where irises are.

    Args:
        heads: poses.
        points: (n, 478, 3) canonical.
        builds: of whose face is shown.
        size: texels a side.
        device: where the answer shall lie.
    """
    vertex, weight, _ = texels(size)
    vertex, weight = vertex.reshape(-1, 3), weight.reshape(-1, 3)
    flat = heads.rotation[:, :2].transpose(0, 2, 1)
    turned = with_ring(points) @ flat
    open_ = np.stack([b.openness(p[None])[0] for b, p in zip(builds, points, strict=True)])
    texel, at, depth = [], [], []
    for k in range(2):
        chosen, reach = _between_lids(size, k)
        place = (turned[:, vertex[chosen]] * weight[chosen][..., None]).sum(2)
        away = place - turned[:, None, N_MESH + 5 * k]
        radius = np.array([_radius(b, k) for b in builds])
        # an iris lies in the head's frontal plane, near enough, and is foreshortened with it
        axes = np.linalg.inv(flat.transpose(0, 2, 1)[:, :, :2] * radius[:, None, None])
        found = np.einsum("nij,nkj->nki", axes, away)
        texel.append(torch.tensor(chosen, device=device))
        at.append(torch.tensor(found, dtype=torch.float32, device=device))
        depth.append(torch.tensor(reach, dtype=torch.float32, device=device))
    wide = torch.tensor(open_, dtype=torch.float32, device=device)
    return Eyes((texel[0], texel[1]), (at[0], at[1]), (depth[0], depth[1]), wide)


class Irises(nn.Module):
    """The two irises of one person, as that person's skin is: of zero mean and unit spread."""

    def __init__(self) -> None:
        super().__init__()
        self.discs = nn.Parameter(torch.zeros(2, 3, DISC_PX, DISC_PX))
        self.register_buffer("ends", torch.full((2,), 1.1))

    ends: Tensor

    @torch.no_grad()
    def fit(self, eyes: Eyes, textures: Tensor) -> None:
        """Take the mean of what was seen of each iris, and where it ends.

        The net is off by a tenth of a radius, and a mean over that would be a blur. So each look is
        laid on the mean of all first, twice.

        Args:
            eyes: of these faces.
            textures: (n, 3, t, t).
        """
        flat = textures.flatten(2)
        for k in range(2):
            at, looks = eyes.at[k], flat[:, :, eyes.texel[k]]
            # lashes and the lids' shadow are no iris, nor is anything of an eye that is half shut
            sure = (eyes.depth[k] > _CLEAR) * (eyes.open[:, k] > _WIDE)[:, None]
            if not sure.any():
                sure = (eyes.depth[k] > 0).expand(len(looks), -1)
            # what is sure of no face costs as much as the rest and counts for nothing
            of_any = sure.any(0)
            at, looks, sure = at[:, of_any], looks[:, :, of_any], sure[:, of_any]
            disc = _mean_disc(at, looks, sure)
            for _ in range(_TURNS):
                at = at + _shifts(disc.mean(0), at, looks.mean(1), sure)[:, None]
                disc = _mean_disc(at, looks, sure)
            self.discs[k] = disc
            self.ends[k] = _end_of(disc)

    def shares(self, eyes: Eyes) -> list[Tensor]:
        """Two arrays (n, k) 0..1 how much of each texel between the lids is iris."""
        shown = ((eyes.open - _HIDDEN) / (_OPEN - _HIDDEN)).clamp(0, 1)
        found = []
        for k, (at, depth) in enumerate(zip(eyes.at, eyes.depth, strict=True)):
            near = ((self.ends[k] + _SOFT - _length(at)) / (2 * _SOFT)).clamp(0, 1)
            inside = (depth / _CLEAR).clamp(0, 1)
            found.append(near * near * (3 - 2 * near) * inside * shown[:, k, None])
        return found

    def plane(self, eyes: Eyes, size: int) -> Tensor:
        """(n, 1, size, size) 0..1 how much of each texel is iris."""
        found = eyes.open.new_zeros(len(eyes.open), size * size)
        for texel, share in zip(eyes.texel, self.shares(eyes), strict=True):
            found[:, texel] = share
        return found.view(-1, 1, size, size)

    def forward(self, skin: Tensor, eyes: Eyes) -> Tensor:
        """Skin (n, 3, t, t) with irises in it, float32 also where skin was computed in half."""
        out = skin.float().flatten(2).clone()
        turn = out.new_tensor([1.0, -1.0]) / EXTENT
        parts = zip(eyes.texel, eyes.at, self.shares(eyes), self.discs, strict=True)
        for texel, at, share, disc in parts:
            picture = disc.expand(len(out), -1, -1, -1)
            grid = (at * turn)[:, :, None]
            iris = F.grid_sample(picture, grid, padding_mode="border", align_corners=False)[..., 0]
            out[:, :, texel] = torch.lerp(out[:, :, texel], iris, share[:, None])
        return out.view_as(skin)


def _mean_disc(at: Tensor, looks: Tensor, sure: Tensor) -> Tensor:
    """(3, d, d) the mean of looks (n, 3, k) at (n, k, 2); where few were, what is usual there."""
    column, row = (
        ((side * at[..., axis] / EXTENT + 1) / 2 * DISC_PX).long().clamp(0, DISC_PX - 1)
        for axis, side in ((0, 1), (1, -1))
    )
    weight = (sure * (at.abs().amax(-1) < EXTENT)).to(looks).flatten()
    cell = (row * DISC_PX + column).flatten()
    count = looks.new_zeros(DISC_PX**2).index_add_(0, cell, weight)
    colours = looks.transpose(0, 1).flatten(1) * weight
    total = looks.new_zeros(3, DISC_PX**2).index_add_(1, cell, colours)
    near = _nearness(total.device)
    usual = (total @ near) / (count @ near).clamp_min(1e-3)
    found = (total + _LIKELY * usual) / (count + _LIKELY)
    return found.view(3, DISC_PX, DISC_PX)


@lru_cache(maxsize=4)
def _nearness(device: torch.device) -> Tensor:
    """(d * d, d * d) 0..1 how near two places of a disc are to one ring."""
    edge = torch.linspace(-1, 1, DISC_PX, device=device) * EXTENT
    radius = torch.hypot(edge[:, None], edge[None]).flatten()
    return torch.exp(-0.5 * ((radius[:, None] - radius) / 0.08) ** 2)


def _shifts(disc: Tensor, at: Tensor, looks: Tensor, sure: Tensor) -> Tensor:
    """(n, 2) by how much each look (n, k) has to move to lie best on a disc (d, d)."""
    step = torch.linspace(-_FARTHEST, _FARTHEST, 9, device=at.device)
    tried = torch.cartesian_prod(step, step)
    turn = at.new_tensor([1.0, -1.0]) / EXTENT
    found = []
    for some in range(0, len(at), 16):
        place, shade = at[some : some + 16, None] + tried[:, None], looks[some : some + 16, None]
        weight = sure[some : some + 16, None] * (_length(place) < EXTENT)
        picture = disc.expand(len(place), 1, -1, -1)
        expected = F.grid_sample(picture, place * turn, align_corners=False)[:, 0]
        wrong = ((expected - shade) ** 2 * weight).sum(-1) / weight.sum(-1).clamp_min(1)
        # where nothing can be seen, nothing is known; and the nearest of equals is right
        wrong = wrong + _STAY * tried.norm(dim=1)
        found.append(tried[wrong.argmin(1)])
    return torch.cat(found)


def _length(at: Tensor) -> Tensor:
    """Of vectors (..., 2); `norm` goes through them one by one, a tenth as fast on a CPU."""
    return torch.hypot(at[..., 0], at[..., 1])


def _end_of(disc: Tensor) -> float:
    """The radius at which an iris gives way to the white: half of the way up in brightness."""
    edge = torch.linspace(-1, 1, DISC_PX, device=disc.device) * EXTENT
    across, down = edge[None].expand(DISC_PX, -1), edge[:, None].expand(-1, DISC_PX)
    # lids cover what is above and below
    beside = down.abs() < 0.6 * across.abs()
    radius = torch.hypot(across, down)
    steps = torch.arange(*_ENDS, 0.025, device=disc.device)
    near = torch.exp(-0.5 * ((radius - steps[:, None, None]) / 0.05) ** 2) * beside
    profile = (near * disc.mean(0)).sum((1, 2)) / near.sum((1, 2))
    low = int(profile.argmin())
    up = profile[low:] >= (profile[low] + profile[low:].max()) / 2
    return float(steps[low + int(up.to(torch.int8).argmax())])


def _radius(build: Build, side: int) -> float:
    """Of the iris at rest, in centimetres; lids hide the height, so the larger extent counts."""
    right, upper, left, lower = build.rest[N_MESH + 5 * side + 1 : N_MESH + 5 * side + 5, :2]
    found = max(np.linalg.norm(right - left), np.linalg.norm(upper - lower)) / 2
    return max(float(found), 0.2)


@lru_cache(maxsize=16)
def _between_lids(size: int, side: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Texels (k,) of one eye's opening, and how far each lies from its lids.

    Distances are shares of the eye's width, 0 on the lids.
    """
    pairs, (outer, inner) = LIDS[side], CORNERS[side]
    around = [outer, *(u for u, _ in pairs), inner, *(low for _, low in reversed(pairs))]
    scale = 8
    plane = np.zeros((size * scale, size * scale), np.uint8)
    uv = surface().uv[around] * size * scale
    cv2.fillPoly(plane, [np.rint(uv).astype(np.int32)], 255)
    away = cv2.distanceTransform(plane, cv2.DIST_L2, 5) / np.ptp(uv[:, 0])
    depth = away.reshape(size, scale, size, scale).mean((1, 3)).ravel()
    chosen = np.flatnonzero(depth > 0)
    return chosen, depth[chosen]
