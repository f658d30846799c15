"""Batched augmentation on any device: random warp, affine, flip and colour.

All random numbers of a step are drawn on the CPU from a generator seeded by (seed, step), so they
are the same on every device, and a resumed run draws what an uninterrupted one would.

Convention: pictures are (n, c, s, s); the affine and grids are in the normalised coordinates of
`grid_sample` with `align_corners=False` (-1 and 1 are the outer edges of the outer pixels).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from understudy.geometry.facemesh import canonical
from understudy.geometry.mirror import MIRRORED_68, MIRRORED_BLENDSHAPES

ROTATION_DEG, ZOOM, SHIFT = 10.0, 0.05, 0.05
LIGHTNESS, CHROMA, COLOURED = 0.30, 0.08, 0.5
WARP_GRID, WARP_SIGMA = 5, 5 / 256
MARGIN = 0.15
"""Share of a picture's side to keep around it so that rotation, zoom and shift show no border."""


@dataclass(frozen=True, slots=True)
class Switches:
    """Which augmentations are on, and how strongly.

    Attributes:
        warp: share of the field's random warp, 0 for none.
        transform: share of the field's rotation, zoom and shift, 0 for none.
        flip: share of the pictures that is mirrored.
        colour: whether half of the pictures get another colour.
    """

    warp: float = 1.0
    transform: float = 1.0
    flip: float = 0.5
    colour: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """The random numbers of one batch.

    Attributes:
        affine: (n, 2, 3) output to input coordinates of the inner picture.
        warp: (n, 2, 5, 5) displacements at the warp grid's nodes.
        coloured: (k,) int64, which pictures get another colour.
        amount: (k, 3, 1, 1) share of the way to the end or start of L (-0.3..0.3), a and b
            (-0.08..0.08).
    """

    affine: Tensor
    warp: Tensor
    coloured: Tensor
    amount: Tensor

    def to(self, device: torch.device) -> Draw:
        """The same numbers on another device."""
        return Draw(
            self.affine.to(device),
            self.warp.to(device),
            self.coloured.to(device),
            self.amount.to(device),
        )


def generator_for(seed: int, *key: int) -> torch.Generator:
    """A CPU generator that depends on the seed and a key such as the step, and on nothing else."""
    mixed = seed & 0xFFFFFFFF
    for part in key:
        # SplitMix64 (Steele, Lea and Flood, 2014): neighbouring keys give unrelated streams.
        mixed = (mixed + 0x9E3779B97F4A7C15 * (part + 1)) & 0xFFFFFFFFFFFFFFFF
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        mixed ^= mixed >> 31
    return torch.Generator().manual_seed(mixed & 0x7FFFFFFFFFFFFFFF)


def draw(n: int, switches: Switches, generator: torch.Generator) -> Draw:
    """Random numbers for n pictures; every switch draws the same amount, on or off."""

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator) * 2 - 1

    angle = uniform(n) * (ROTATION_DEG * torch.pi / 180) * switches.transform
    zoom = 1 + uniform(n) * ZOOM * switches.transform
    shift = uniform(n, 2) * (2 * SHIFT) * switches.transform
    mirrored = torch.rand(n, generator=generator) < switches.flip
    side = 1 - 2 * mirrored.float()
    cos, sin = angle.cos() / zoom, angle.sin() / zoom
    rows = torch.stack([torch.stack([side * cos, -sin], 1), torch.stack([side * sin, cos], 1)], 1)
    warp = torch.randn(n, 2, WARP_GRID, WARP_GRID, generator=generator)
    # Half keep their colours: recolouring costs a CPU as much as a fifth of a small net.
    coloured = (torch.rand(n, generator=generator) < COLOURED) & switches.colour
    amount = uniform(n, 3) * torch.tensor([LIGHTNESS, CHROMA, CHROMA])
    return Draw(
        torch.cat([rows, shift[:, :, None]], 2),
        warp * (2 * WARP_SIGMA * switches.warp),
        coloured.nonzero()[:, 0],
        amount[coloured][:, :, None, None],
    )


def cut(pictures: Tensor, drawn: Draw, size: int, inner: float, *, warped: bool) -> Tensor:
    """Cut the augmented pictures out of pictures with a margin.

    Args:
        pictures: (n, c, s, s) with a margin on every side.
        drawn: this batch's random numbers, on the same device.
        size: side of the result in pixels.
        inner: share of the side that the picture without its margin takes.
        warped: whether to bend by the random warp (for inputs) or not (for targets).

    Returns:
        (n, c, size, size), bilinear, edges repeated.
    """
    grid = F.affine_grid(drawn.affine, [len(pictures), 1, size, size], align_corners=False)
    if warped:
        bend = F.interpolate(drawn.warp, (size, size), mode="bicubic", align_corners=True)
        grid = grid + bend.permute(0, 2, 3, 1)
    return F.grid_sample(
        pictures, grid * inner, mode="bilinear", padding_mode="border", align_corners=False
    )


def signals(values: Mapping[str, Tensor], drawn: Draw) -> dict[str, Tensor]:
    """What is known of faces, turned, shifted and mirrored as their pictures are.

    Args:
        values: any of "pose" (n, 3) pitch, yaw and roll in degrees, "landmarks" (n, 68, 2) in the
            normalised coordinates of the inner picture, "mesh" (n, 478, 3) likewise with depth in
            the same unit, "blendshapes" (n, 52) in MediaPipe's order.
        drawn: this batch's random numbers, on the same device.
    """
    turn, shift = drawn.affine[:, :, :2], drawn.affine[:, :, 2]
    mirrored = torch.linalg.det(turn) < 0
    found = dict(values)
    if "landmarks" in found:
        # the affine leads from the result back to the picture
        moved = (found["landmarks"] - shift[:, None]) @ torch.linalg.inv(turn).transpose(1, 2)
        swapped = moved[:, list(MIRRORED_68)]
        found["landmarks"] = torch.where(mirrored[:, None, None], swapped, moved)
    if "mesh" in found:
        mesh = found["mesh"]
        inverse = torch.linalg.inv(turn)
        flat = (mesh[..., :2] - shift[:, None]) @ inverse.transpose(1, 2)
        grown = torch.linalg.det(inverse).abs().sqrt()[:, None, None]
        moved = torch.cat([flat, mesh[..., 2:] * grown], 2)
        swapped = moved[:, canonical().mirror.tolist()]
        found["mesh"] = torch.where(mirrored[:, None, None], swapped, moved)
    if "pose" in found:
        pitch, yaw, roll = found["pose"].unbind(1)
        roll = roll - torch.rad2deg(torch.atan2(-turn[:, 0, 1], turn[:, 1, 1]))
        side = 1 - 2 * mirrored.float()
        found["pose"] = torch.stack([pitch, side * yaw, side * roll], 1)
    if "blendshapes" in found:
        shapes = found["blendshapes"]
        swapped = shapes[:, list(MIRRORED_BLENDSHAPES)]
        found["blendshapes"] = torch.where(mirrored[:, None], swapped, shapes)
    return found


def recolour(images: Tensor, drawn: Draw) -> Tensor:
    """Shift lightness and chroma of the chosen pictures in CIE L*a*b*.

    A positive share goes that part of the way to the channel's end, a negative one that part of
    the way to its start, as the field's tools do.

    Args:
        images: (n, 3, h, w) sRGB 0..1.
        drawn: this batch's random numbers, on the same device.

    Returns:
        (n, 3, h, w) sRGB 0..1, clipped.
    """
    lab = rgb_to_lab(images[drawn.coloured])
    start = lab.new_tensor([0.0, -128.0, -128.0])[:, None, None]
    end = lab.new_tensor([100.0, 127.0, 127.0])[:, None, None]
    up, down = drawn.amount.clamp_min(0), drawn.amount.clamp_max(0)
    # (1 + down - up) * lab + up * end - down * start, in one pass
    shifted = torch.addcmul(up * end - down * start, lab, 1 + down - up)
    return images.index_copy(0, drawn.coloured, lab_to_rgb(shifted))


# IEC 61966-2-1 (sRGB) with the D65 white point.
_XYZ_FROM_RGB = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE = (0.95047, 1.0, 1.08883)
_LAB_FROM_F = ((0.0, 116.0, 0.0), (500.0, -500.0, 0.0), (0.0, 200.0, -200.0))
_DELTA = 6 / 29


def rgb_to_lab(images: Tensor) -> Tensor:
    """(n, 3, h, w) sRGB 0..1 to CIE L*a*b* (L 0..100)."""
    linear = torch.where(images <= 0.04045, images / 12.92, ((images + 0.055) / 1.055).pow(2.4))
    matrix = images.new_tensor(_XYZ_FROM_RGB) / images.new_tensor(_WHITE)[:, None]
    xyz = torch.einsum("ij,njhw->nihw", matrix, linear)
    f = torch.where(xyz > _DELTA**3, xyz.clamp_min(1e-6).pow(1 / 3), xyz / (3 * _DELTA**2) + 4 / 29)
    lab = torch.einsum("ij,njhw->nihw", images.new_tensor(_LAB_FROM_F), f)
    return lab - images.new_tensor([16.0, 0.0, 0.0])[:, None, None]


def lab_to_rgb(lab: Tensor) -> Tensor:
    """(n, 3, h, w) CIE L*a*b* to sRGB 0..1, clipped to what sRGB can show."""
    fy = (lab[:, :1] + 16) / 116
    f = torch.cat([fy + lab[:, 1:2] / 500, fy, fy - lab[:, 2:] / 200], 1)
    xyz = torch.where(f > _DELTA, f * f * f, 3 * _DELTA**2 * (f - 4 / 29))
    matrix = lab.new_tensor(_XYZ_FROM_RGB) / lab.new_tensor(_WHITE)[:, None]
    # inverted in double, so that a round trip gives back what went in
    inverse = torch.linalg.inv(matrix.double()).to(lab.dtype)
    linear = torch.einsum("ij,njhw->nihw", inverse, xyz).clamp(0, 1)
    return torch.where(
        linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp_min(1e-6).pow(1 / 2.4) - 0.055
    )
