"""The true swap: one surface with the actor's head outside and the other's face inside.

Both actors share one atlas, so the two are mixed spot by spot, in shape, expression and paint.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from understudy.actors.landmarks import rest_landmarks
from understudy.actors.look.skin import TEXELS
from understudy.actors.model import Model, build
from understudy.actors.shape.cage import F32, F64
from understudy.actors.shape.cast import Actor


@lru_cache(maxsize=4)
def swapped(actor: Actor, face: Actor) -> Model:
    """`actor` with the shape and texture of `face`, in `actor`'s place, size and skin tone.

    The face is laid over by the similarity that carries one mean-face fit to the other, which is
    where an ideal swap puts it. Its skin takes over the mean and spread of the actor's colour in
    CIE LAB, which is what the colour match of a conversion does to a frame.
    """
    a, b = build(actor), build(face)
    scale, shift = _similarity(b, a)
    weight = a.inner[..., None]
    rest = b.rest * scale + shift.astype(np.float32)
    centres, radii = b.eyes
    texels = _at_texels(a)[..., None]
    recoloured = _recoloured(a, b)
    return replace(
        a,
        rest=a.rest + (rest - a.rest) * weight,
        deltas=a.deltas + (b.deltas * np.float32(scale) - a.deltas) * weight,
        shade=a.shade + (b.shade - a.shade) * a.inner,
        colour=a.colour + (recoloured - a.colour) * texels,
        finish=a.finish + (b.finish - a.finish) * texels,
        eyes=(centres * scale + shift, radii * scale),
        places=b.places,
        brows=b.brows,
        lashes=b.lashes,
    )


def _similarity(source: Model, target: Model) -> tuple[float, F64]:
    """Scale and shift that lay the source's inner landmarks over the target's, seen ahead."""
    p, q = rest_landmarks(source)[17:], rest_landmarks(target)[17:]
    pc, qc = p.mean(0), q.mean(0)
    p0, q0 = p - pc, q - qc
    scale = float((p0[:, :2] * q0[:, :2]).sum() / (p0[:, :2] ** 2).sum())
    return scale, qc - scale * pc


def _recoloured(a: Model, b: Model) -> F32:
    """The face's map with the actor's skin colour: mean and spread in LAB over the inner skin."""
    at = a.sections["head"].texels
    weight = _at_texels(a)[at] > 0.6
    lab_a = cv2.cvtColor(a.colour[at] ** np.float32(1 / 2.2), cv2.COLOR_RGB2LAB)
    lab_b = cv2.cvtColor(b.colour[at] ** np.float32(1 / 2.2), cv2.COLOR_RGB2LAB)
    mean_a, mean_b = lab_a[weight].mean(0), lab_b[weight].mean(0)
    ratio = np.clip(lab_a[weight].std(0) / lab_b[weight].std(0), 0.8, 1.25)
    lab = (lab_b - mean_b) * ratio + mean_a
    out = b.colour.copy()
    out[at] = np.clip(
        cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB), 0.02, 1
    ) ** np.float32(2.2)
    return out


def _at_texels(model: Model) -> F32:
    shrink = np.array([[1 / TEXELS, 0, 0], [0, 1 / TEXELS, 0]], np.float32)
    size = (model.colour.shape[1], model.colour.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(model.inner, shrink, size, flags=flags), np.float32)
