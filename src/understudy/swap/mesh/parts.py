"""The nets of the mesh-driven model: an encoder of skin, and a decoder a person.

Convention: textures are (n, 3, t, t) RGB 0..1; "seen" is (n, 1, t, t) 0..1.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from understudy.nn.blocks import Down, Residual, Up, kaiming
from understudy.swap.closed_form import eigenfaces, ridge

SEEN_PX = 64
"""Texels a side of what the encoder sees."""
FOUND = 64
"""Numbers that the encoder finds."""
WIDTH, SCENE_PX = 32, 16
MOMENTS, TOLD = 96, 12
"""Moments of a person's own footage that a face is compared with, and the numbers it is done by:
the first of the code, pose, lids, gaze and mouth."""
_NOWHERE = 1e4
_NEAR, _PENALTY = 1.5, 0.02


class Encoder(nn.Module):
    """What the mesh does not say about skin: wrinkles, shadows, tongue and teeth.

    It sees grey skin brought to zero mean and unit spread where it is seen at all, so that two
    skins, or one in two lights, look alike to it.
    """

    luma: Tensor

    def __init__(self) -> None:
        super().__init__()
        luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
        self.register_buffer("luma", luma, persistent=False)
        self.body = nn.Sequential(
            Down(1, 32), Down(32, 64, 3), Down(64, 128, 3), Down(128, 128, 3), nn.Flatten()
        )
        self.code = nn.Linear(128 * (SEEN_PX // 16) ** 2, FOUND)
        kaiming(self)

    def features(self, textures: Tensor, seen: Tensor) -> Tensor:
        """(n, 3, 64, 64) to what the net finds (n, 2048)."""
        grey = (textures * self.luma).sum(1, keepdim=True)
        mean, spread = moments(grey, seen)
        found: Tensor = self.body((grey - mean) / spread * seen)
        return found

    def forward(self, textures: Tensor, seen: Tensor) -> Tensor:
        """(n, 3, 64, 64) to (n, FOUND)."""
        found: Tensor = self.code(self.features(textures, seen))
        return found


class Decoder(nn.Module):
    """One person's skin: main directions in which it changes, and convolutions for the rest.

    Skin here has zero mean and unit spread: the same face in another light, or filmed by another
    camera, is the same skin. `usual` says what mean and spread the person's footage has.

    What a lid or a lip uncovers is not in line with how far it moves: an iris is there or it is
    not. So beside the code itself its nearness to moments of the person's own footage leads to the
    skin; far from all of them the straight line is left.

    Source: radial basis functions after D. S. Broomhead, D. Lowe, "Multivariable functional
    interpolation and adaptive networks", Complex Systems 2, 1988; moments by farthest-point
    sampling (T. F. Gonzalez, 1985).
    """

    mean: Tensor
    basis: Tensor
    usual: Tensor
    moments: Tensor

    def __init__(self, code: int, texture_px: int, components: int) -> None:
        super().__init__()
        self.size = texture_px
        pixels = 3 * texture_px**2
        self.register_buffer("mean", torch.zeros(pixels))
        self.register_buffer("usual", torch.tensor([[0.5] * 3, [0.2] * 3]))
        # half precision: an eighth of a grey level is lost, and half of the checkpoint saved
        self.register_buffer("basis", torch.zeros(components, pixels, dtype=torch.float16))
        self.register_buffer("moments", torch.full((MOMENTS, TOLD), _NOWHERE))
        self.coefficients = nn.Linear(code + MOMENTS, components)
        self.scene = nn.Linear(code, SCENE_PX**2 * WIDTH)
        ups, width, size = [], WIDTH, SCENE_PX
        while size < texture_px // 2:
            narrower = max(16, width // 2) if size >= 32 else width
            ups.append(Up(width, narrower))
            width, size = narrower, 2 * size
        last = nn.Conv2d(width, 12, 3, padding=1)
        self.refine = nn.Sequential(
            nn.LeakyReLU(0.1), Residual(WIDTH), *ups, last, nn.PixelShuffle(2)
        )
        kaiming(self)
        for start in (*self.coefficients.parameters(), *last.parameters()):
            nn.init.zeros_(start)  # at first, what the main directions show is all there is
        # a quiet scene: what training adds shall grow out of smooth skin, not out of noise
        with torch.no_grad():
            self.scene.weight.mul_(0.1)

    def fit(self, code: Tensor, textures: Tensor, weight: Tensor) -> None:
        """Take the main directions of a person's skin, and go to them from the code.

        Args:
            code: (n, code) of these faces.
            textures: (n, 3, t, t) of zero mean and unit spread; made into something else.
            weight: (n, 1, t, t) how much each texel counts, 0 where it is not seen.
        """
        # eyes and mouth count more than once where components are chosen
        emphasis = weight.amax(0).clamp_min(1)
        weight = weight.clamp_max(1)
        total = weight.sum(0)
        mean = filled(usual_of(textures, weight), total / len(textures))
        # in place of another tensor of all textures, which may be a gigabyte
        textures.sub_(mean).mul_(weight).add_(mean)
        counts = (emphasis * total / len(textures)).expand(3, -1, -1).flatten()
        found, basis, targets = eigenfaces(textures.flatten(1), counts, len(self.basis))
        self.mean.copy_(found)
        self.basis.copy_(basis)
        self.moments.copy_(_spread_out(code[:, :TOLD], MOMENTS))
        weights, bias = ridge(self.beside(code), targets, _PENALTY)
        self.coefficients.weight.copy_(weights)
        self.coefficients.bias.copy_(bias)

    def beside(self, code: Tensor) -> Tensor:
        """(n, code + MOMENTS) the code, and how near it is to each moment, 0..1."""
        away = torch.cdist(code[:, :TOLD], self.moments)
        return torch.cat([code, torch.exp(-0.5 * (away / _NEAR) ** 2)], 1)

    def forward(self, code: Tensor) -> Tensor:
        """(n, code) to (n, 3, t, t)."""
        scene = self.scene(code).view(-1, WIDTH, SCENE_PX, SCENE_PX)
        refined: Tensor = self.refine(scene.contiguous(memory_format=torch.channels_last))
        basis = self.basis.to(self.mean.dtype)
        linear = torch.addmm(
            self.mean, self.coefficients(self.beside(code)).to(self.mean.dtype), basis
        )
        return linear.view_as(refined) + refined


def filled(mean: Tensor, shown: Tensor) -> Tensor:
    """Mean skin (3, t, t), with what lies around in place of what was hardly ever seen.

    Beyond what a person showed lies background: a bright wall would be a streak on another's cheek.
    Wider and wider means of what was seen stand in for it.

    Args:
        mean: (3, t, t).
        shown: (1, t, t) share of the faces that show each texel.
    """
    sure = (shown / _KNOWN).clamp(0, 1)
    out, left = mean * sure, 1 - sure
    for halvings in range(1, int(math.log2(mean.shape[-1])) + 1):
        size = mean.shape[-1] >> halvings
        weight = F.adaptive_avg_pool2d(shown[None], size)
        wide = F.adaptive_avg_pool2d((mean * shown)[None], size) / weight.clamp_min(1e-6)
        sure = (weight / _KNOWN).clamp(0, 1)
        # blended by how sure each is, so that what is unknown brings no colour of its own
        both = torch.cat([wide * sure, sure], 1)
        around = F.interpolate(both, mean.shape[-2:], mode="bilinear")[0]
        out, left = out + left * around[:3], left * (1 - around[3:])
    return out + left * mean.mean((1, 2), keepdim=True)


def known(shown: Tensor) -> Tensor:
    """(t, t) 1 where a person was seen often enough to be shown, falling softly to 0.

    Args:
        shown: (1, t, t) share of the faces that show each texel.
    """
    size = shown.shape[-1] // 64
    sure = (shown / _KNOWN).clamp(0, 1)
    wide = F.avg_pool2d(
        sure[None], 4 * size + 1, stride=1, padding=2 * size, count_include_pad=False
    )
    return wide[0, 0]


_KNOWN = 0.1
"""Share of a person's faces that have to show a texel for it to be known."""


def usual_of(textures: Tensor, weight: Tensor) -> Tensor:
    """(3, t, t) the weighted mean of textures (n, 3, t, t); 0 where none is seen."""
    weight = weight.clamp_max(1)
    return (textures * weight).sum(0) / weight.sum(0).clamp_min(1e-3)


def without_hair(mean: Tensor, border: Tensor) -> Tensor:
    """(t, t) 1 on skin, falling to 0 on hair that lies within the outline.

    Much darker than a person's skin is, near the outline, is hair or shadow; on another's face it
    would be a smear. Brows and eyes lie further in and stay.

    Args:
        mean: (3, t, t) mean skin of zero mean and unit spread.
        border: (t, t) 1 at the outline, 0 well inside.
    """
    dark = ((_SKIN - mean.mean(0)) / (_SKIN - _HAIR)).clamp(0, 1)
    kept = 1 - dark * border.clamp(0, _HALF) / _HALF
    size = len(mean[0]) // 64
    wide = F.avg_pool2d(
        kept[None], 4 * size + 1, stride=1, padding=2 * size, count_include_pad=False
    )
    return wide[0]


_SKIN, _HAIR = -0.8, -1.8
"""In spreads of a person's skin: how dark skin may be, and what is hair for certain."""
_HALF = 0.5


def without_wall(mean: Tensor, border: Tensor, plain: Tensor) -> Tensor:
    """(t, t) 1 on skin, falling to 0 on what is too bright for it near the outline.

    The mesh reaches a little past the cheek, where a bright wall or window may be. What skin is
    like there is guessed from skin further in.

    Args:
        mean: (3, t, t) mean skin of zero mean and unit spread.
        border: (t, t) 1 at the outline of cheeks and jaw, 0 well inside.
        plain: (t, t) 1 on plain skin, 0 on eyes, brows and mouth.
    """
    shade = mean.mean(0)[None, None]
    inner = plain * (1 - border / _INNER).clamp_min(0) + 1e-6
    # a chin below a shaded lip is brighter than what is around it, but no brighter than a face is
    apart = (shade - _broad(shade, inner[None, None]).clamp_min(0))[0, 0]
    bright = ((apart - _GLOSS) / (_WALL - _GLOSS)).clamp(0, 1) * (border / _EDGE).clamp(0, 1)
    bright = bright * _from_outline(bright > 0, border)
    size = shade.shape[-1] // 64
    # the mesh is off by a texel of 64 or two, and a mean over many faces is blurred by as much
    wide = F.max_pool2d(bright[None, None], 4 * size + 1, stride=1, padding=2 * size)
    soft = F.avg_pool2d(wide, 2 * size + 1, stride=1, padding=size, count_include_pad=False)
    return (1 - 2 * soft[0, 0]).clamp_min(0)


def _from_outline(bright: Tensor, border: Tensor) -> Tensor:
    """(t, t) 1 on the bright patches that reach the outline; a gloss on the chin does not."""
    _, numbers = cv2.connectedComponents(bright.cpu().numpy().astype(np.uint8))
    reaching = np.unique(numbers[(border > _OUTLINE).cpu().numpy()])
    found = np.isin(numbers, reaching[reaching > 0])
    return torch.tensor(found, device=border.device, dtype=border.dtype)


_INNER, _EDGE, _OUTLINE = 0.5, 0.35, 0.95
"""Of the way from three centimetres inside to the outline: up to where skin is certain, from where
on it is not at all, and where a wall has to begin."""
_GLOSS, _WALL = 1.2, 1.9
"""Spreads of a person's skin: how much brighter than skin further in skin may be, and what is none
for certain."""


def _spread_out(told: Tensor, count: int) -> Tensor:
    """(count, d) of (n, d): each the one farthest from all before it; padded with nowhere."""
    found = [0]
    away = (told - told[0]).norm(dim=1)
    while len(found) < min(count, len(told)) and away.max() > 1e-3:
        found.append(int(away.argmax()))
        away = torch.minimum(away, (told - told[found[-1]]).norm(dim=1))
    chosen = told[found]
    return torch.cat([chosen, chosen.new_full((count - len(found), told.shape[1]), _NOWHERE)])


def lit_as(skin: Tensor, plate: Tensor, seen: Tensor, reach: Tensor, amount: float) -> Tensor:
    """Skin in another one's light: the broad shades of the plate take the place of its own.

    Textures of two faces lie on each other point by point, so broad light is what is left of each
    when it is blurred, and goes over as a ratio. Eyes and mouth are left out of both, for an open
    mouth is no shadow. Tint goes over as a difference, and only as far as parts of the face differ
    from the whole: as ratios of each colour it turned lips purple where two cameras disagree about
    white, and that is the colour matching's part.

    Args:
        skin: (n, 3, t, t) to be lit.
        plate: (n, 3, 64, 64) in the light that is wanted.
        seen: (n, 1, 64, 64) where the plate is seen.
        reach: (1, 1, 64, 64) 0..1 where there is skin.
        amount: how far to go, 0..1.
    """
    size = plate.shape[-2:]
    weight = seen * reach + 1e-4
    small = F.interpolate(skin, size, mode="area")
    wanted, have = (_broad(x.mean(1, keepdim=True), weight) for x in (plate, small))
    # how bright it is on the whole is the colour matching's part as well
    total = weight.sum((2, 3), keepdim=True)
    wanted, have = (x / ((x * weight).sum((2, 3), keepdim=True) / total) for x in (wanted, have))
    ratio = ((wanted + _DARK) / (have + _DARK)).clamp(0.3, 3.0) ** amount
    wide = F.interpolate(ratio, skin.shape[-2:], mode="bilinear", align_corners=False)
    lit = (skin + _DARK) * wide - _DARK
    tinted = _tint(plate, weight) - _tint(small, weight)
    field = F.interpolate(tinted, skin.shape[-2:], mode="bilinear", align_corners=False)
    return lit + amount * field * (lit.mean(1, keepdim=True) + _DARK)


def _tint(textures: Tensor, weight: Tensor) -> Tensor:
    """(n, 3, s, s) broad colour as a share of brightness, less that of the whole."""
    grey = textures.mean(1, keepdim=True)
    broad = _broad((textures - grey) / (grey + _DARK), weight)
    return broad - (broad * weight).sum((2, 3), keepdim=True) / weight.sum((2, 3), keepdim=True)


_DARK = 0.03
"""So that a ratio of two nearly black shades says nothing."""
_BROAD = 7.0
"""Standard deviation in texels of 64 of what counts as broad light: a third of a cheek."""


def _broad(textures: Tensor, weight: Tensor) -> Tensor:
    """A blur that looks at weighted texels only."""
    size = textures.shape[-1]
    sigma = _BROAD * size / SEEN_PX
    at = torch.arange(size, dtype=textures.dtype, device=textures.device)
    kernel = torch.exp(-0.5 * ((at[:, None] - at) / sigma) ** 2)
    total = kernel @ weight @ kernel
    return (kernel @ (textures * weight) @ kernel) / total


def darker(plate: Tensor, skin: Tensor, reach: Tensor) -> Tensor:
    """(n, 1, t, t) 1 where the plate is darker than new skin, both as shares of their own skin.

    Args:
        plate: (n, 3, 64, 64).
        skin: (n, 3, t, t).
        reach: (n, 1, 64, 64) where there is plain skin that is seen.
    """
    small = F.interpolate(skin, plate.shape[-2:], mode="area")
    total = reach.sum((2, 3), keepdim=True).clamp_min(1e-3)
    have, wanted = (
        x / ((x * reach).sum((2, 3), keepdim=True) / total).clamp_min(_DARK)
        for x in (small.mean(1, keepdim=True), plate.mean(1, keepdim=True))
    )
    kept = ((have - wanted) / _DARKER + 0.5).clamp(0, 1)
    return F.interpolate(kept, skin.shape[-2:], mode="bilinear", align_corners=False)


_DARKER = 0.1
"""Share of a skin's brightness over which one gives way to a darker one."""


def moments(planes: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread of each plane where it is seen, (n, c, 1, 1) each."""
    total = seen.sum((2, 3), keepdim=True).clamp_min(1e-3)
    mean = (planes * seen).sum((2, 3), keepdim=True) / total
    variance = ((planes - mean) ** 2 * seen).sum((2, 3), keepdim=True) / total
    return mean, (variance + 1e-4).sqrt()
