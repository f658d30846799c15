"""The parts besides the head's skin, each a small grid: eyes, teeth, tongue, ears, shoulders."""

from __future__ import annotations

import numpy as np

from understudy.actors.shape.cage import F64, spline_weights
from understudy.actors.shape.sculpt import bump, smooth

EYE_SHAPE = (22, 41)
TEETH_SHAPE = (9, 49)
CAVITY_SHAPE = (8, 25)
TONGUE_SHAPE = (9, 17)
EAR_SHAPE = (17, 41)
BODY_SHAPE = (34, 73)
EYE_CAP_RAD = 1.75


def eyeball() -> F64:
    """Unit eyeball (R, C, 3) looking along +z; row 0 is the pupil's centre, the cornea bulges."""
    theta = np.linspace(1e-3, EYE_CAP_RAD, EYE_SHAPE[0])[:, None]
    phi = np.linspace(0, 2 * np.pi, EYE_SHAPE[1])[None]
    radius = 1 + 0.035 * np.exp(-((theta / 0.42) ** 2))
    sphere = [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta) + 0 * phi]
    return np.stack(sphere, axis=-1) * np.broadcast_to(radius, (*EYE_SHAPE,))[..., None]


def teeth(upper: bool) -> F64:
    """A dental arch (R, C, 3) in the average head: gum at the root row, biting edge at the last."""
    across = np.linspace(-1, 1, TEETH_SHAPE[1])[None]
    down = np.linspace(0, 1, TEETH_SHAPE[0])[:, None]
    angle = across * 1.25
    half, depth = (23.5, 36.0) if upper else (21.5, 34.0)
    x = half * np.sin(angle) / np.sin(1.25) + 0 * down
    front = 92.0 if upper else 89.5
    z = front - depth * (1 - np.cos(angle)) / (1 - np.cos(1.25)) - 2.2 * (1 - down) ** 2
    length = 15.0 - 2.5 * across**2
    root, edge = (-57.0, -70.2) if upper else (-86.0, -71.6)
    y = root + (edge - root) * down * (length / 15) + 0 * z
    scallop = 0.35 * np.cos(2 * np.pi * tooth_phase(across))
    arch = np.stack([x, y, z + scallop * smooth(down, 0.2, 0.7)], axis=-1)
    # Lower teeth grow upwards, so their columns run the other way to keep the same side outside.
    return arch if upper else arch[:, ::-1]


def tooth_phase(across: F64) -> F64:
    """Position along the arch counted in teeth; whole numbers are the gaps between two teeth."""
    return np.asarray(np.sign(across) * np.abs(across) ** 1.12 * 6.4)


def cavity() -> F64:
    """The inside of the mouth (R, C, 3): a dark half-cylinder behind the teeth."""
    angle = np.linspace(-1.5, 1.5, CAVITY_SHAPE[1])[None]
    down = np.linspace(-1, 1, CAVITY_SHAPE[0])[:, None]
    x = 27 * np.sin(angle) * (1 - 0.2 * down**2)
    y = -70 - 21 * down + 0 * angle
    z = 77 - 9 * down**2 - 29 * np.cos(angle) * np.cos(down)
    return np.stack([x, y, z], axis=-1)


def tongue() -> F64:
    """A tongue (R, C, 3), rows back to tip."""
    along = np.linspace(0, 1, TONGUE_SHAPE[0])[:, None]
    angle = np.linspace(-1.7, 1.7, TONGUE_SHAPE[1])[None]
    width = 17 * np.sqrt(np.clip(1 - along**4, 0.02, 1))
    x = width * np.sin(angle)
    y = -84 + 6 * np.cos(angle) - 4 * along**3
    return np.stack([x, y, 46 + 34 * along + 0 * angle], axis=-1)


def ear(side: int) -> F64:
    """One ear (R, C, 3) in the average head; `side` is +1 for the viewer's right."""
    r = np.linspace(0, 1, EAR_SHAPE[0])[:, None]
    phi = np.linspace(0, 2 * np.pi, EAR_SHAPE[1])[None]  # 0 points back, a quarter turn up
    c, s = np.cos(phi), np.sin(phi)
    reach = np.minimum(r * 1.12, 1.0)
    half_width = 16.5 * (1 - 0.30 * smooth(-s, 0.2, 1.0)) * np.where(c < 0, 0.80, 1.0)
    a = half_width * c * reach
    b = np.where(s > 0, 29.0, 33.0) * s * reach
    behind = smooth(c, -0.75, -0.1)
    lobe = smooth(-s, 0.55, 0.95)
    helix = 6.5 * _ridge(reach, 0.92, 0.09) * behind * (1 - lobe)
    antihelix = 5.0 * _ridge(reach, 0.60, 0.13) * smooth(c, -0.5, 0.3) * (1 - 0.8 * lobe)
    tragus = 4.5 * np.exp(-(((a + 10.5) / 3.2) ** 2) - ((b + 3) / 6) ** 2)
    concha = -5.5 * np.exp(-(((a + 1.5) / 7) ** 2) - ((b + 4) / 9.5) ** 2)
    out = 3.5 + helix + antihelix + tragus + concha + 1.5 * lobe
    fold = smooth(r, 0.89, 1.0)
    out = out * (1 - fold) - 9 * fold * behind - 3 * fold * (1 - behind)
    a = a * (1 - 0.25 * fold)
    b = b * (1 - 0.15 * fold)
    lean = 0.22
    b2, a2 = b * np.cos(lean) - a * np.sin(lean) * -1, a * np.cos(lean) - b * np.sin(lean)
    splay = 0.44
    x = 71.5 + out * np.cos(splay) + (a2 + 13) * np.sin(splay)
    z = -1.0 + out * np.sin(splay) - a2 * np.cos(splay)
    grid = np.stack([side * x, -14 + b2, z], axis=-1)
    return grid if side > 0 else grid[:, ::-1]


def body(collar: str, neck_width: float) -> F64:
    """Collar, shoulders and chest (R, C, 3); rows from the collar's inside out and down."""
    high = 14.0 if collar == "roll" else 0.0
    ring = np.array(
        [  # half width, half depth, y at the side, y drop in front, centre z
            (56, 50, -166, 0, -24),
            (60, 54, -152 + high, 4 + high / 3, -24),
            (66, 60, -150 + high, 5 + high / 3, -23),
            (71, 65, -156 + high / 2, 6, -22),
            (80, 71, -166, 8, -21),
            (104, 80, -173, 12, -22),
            (140, 92, -183, 12, -24),
            (178, 100, -196, 10, -26),
            (206, 106, -220, 8, -28),
            (218, 110, -262, 4, -28),
            (222, 116, -340, 0, -26),
        ],
        dtype=np.float64,
    )
    ring[:4, :2] *= neck_width
    rows = (
        spline_weights(
            np.arange(len(ring), dtype=np.float64), np.linspace(0, len(ring) - 1, BODY_SHAPE[0])
        )
        @ ring
    )
    phi = np.linspace(-np.pi, np.pi, BODY_SHAPE[1])[None]
    w, d, y, drop, cz = (rows[:, i, None] for i in range(5))
    power = 0.86
    s = np.sign(np.sin(phi)) * np.abs(np.sin(phi)) ** power
    c = np.sign(np.cos(phi)) * np.abs(np.cos(phi)) ** power
    x, z = w * s, cz + d * c
    y = y - drop * np.cos(phi) * 1.3 + 4 * (np.cos(phi) < 0) * np.cos(phi) * 0
    z = z + 10 * bump(x, y, 0, -250, 120, 60) * (c > 0)
    return np.stack([x, y, z], axis=-1)


def _ridge(r: F64, at: float, width: float) -> F64:
    return np.asarray(np.exp(-(((r - at) / width) ** 2)))
