"""A person's build: the shape of the face at rest, and whose it becomes when another takes over.

A performance is what a face does beside what it is at rest. So a face is retargeted by taking its
own rest away and adding the other person's. Two things must not be added up: lids that are shut
stay shut however wide the other one's eyes are, and lips that touch keep touching: the opening of
the mouth stays the plate's, in its place. (Shut lids are a
lash's breadth apart, as the net that finds them and so the texture has it.)

Convention: canonical space, see `geometry.facemesh`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry.facemesh import N_MESH, N_MESH_WITH_IRISES, Heads, canonical
from understudy.geometry.facemesh.surface import OVAL
from understudy.geometry.space import Float64

LIDS = (
    ((246, 7), (161, 163), (160, 144), (159, 145), (158, 153), (157, 154), (173, 155)),
    ((466, 249), (388, 390), (387, 373), (386, 374), (385, 380), (384, 381), (398, 382)),
)
"""Upper and lower lid over each other, of the right and the left eye."""
LIPS = ((191, 95), (80, 88), (81, 178), (82, 87), (13, 14), (312, 317), (311, 402), (310, 318),
        (415, 324))  # fmt: skip
"""Upper and lower edge of the mouth's opening over each other."""
CORNERS = ((33, 133), (263, 362))
"""Outer and inner corner of the right and the left eye."""
MOUTH_CORNERS = (78, 308)

_QUIET = 0.15
"""Share of the faces that the rest is the mean of."""
_FRONTAL_DEG = 18.0
_ENOUGH = 12
_OPEN, _SHUT, _SHUT_AT_MOST = 0.75, 0.01, 0.1
_FADE_CM = 3.0
_ABOUT_MOUTH_CM = 1.6
_ABOUT_EYES_CM = 0.6
_SHUT_AT, _PARTED_AT = 0.1, 0.35
"""Shares of the open eye: lids are shut up to the first, and apart from the second on."""
_LEANS = 0.5
"""How much of what differs by sides between two rests is the cameras', not the faces'."""
_OUTLINE_STAYS = 0.05
"""How much points well inside count where a face is settled in an outline; those on it count 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Build:
    """A person's face at rest.

    Attributes:
        rest: (478, 3) float64 canonical points, mouth shut, eyes open.
        open_lids: (2,) how far the right and the left eye open, in widths of the eye.
        shut_lids: (2,) what is left of that when they are shut: the net that finds lids draws
            them a lash's breadth apart.
    """

    rest: Float64
    open_lids: Float64
    shut_lids: Float64

    def openness(self, points: NDArray[np.floating]) -> Float64:
        """(n, 2) how far right and left eye are open, 0 shut, 1 open, of points (n, 478, 3)."""
        span = np.maximum(self.open_lids - self.shut_lids, 0.02)
        found: Float64 = (lid_gaps(points) - self.shut_lids) / span
        return found


def nobody() -> Float64:
    """(478, 3) a new copy of the canonical face, its irises in the middle of the eyes."""
    vertices = canonical().vertices
    irises = [np.repeat(vertices[list(corners)].mean(0)[None], 5, 0) for corners in CORNERS]
    found: Float64 = np.concatenate([vertices, *irises])
    return found


def lid_gaps(points: NDArray[np.floating]) -> Float64:
    """(n, 2) how far right and left eye are open, in widths of the eye, of points (n, 478, 3)."""
    gaps = []
    for pairs, (outer, inner) in zip(LIDS, CORNERS, strict=True):
        upper, lower = np.array(pairs).T
        gap = (points[:, upper, 1] - points[:, lower, 1])[:, 1:-1].mean(1)
        width = np.linalg.norm(points[:, outer] - points[:, inner], axis=-1)
        gaps.append(gap / np.maximum(width, 1e-9))
    return np.stack(gaps, 1)


def mouth_gap(points: NDArray[np.floating]) -> Float64:
    """(n,) how far the mouth is open in its middle, in centimetres."""
    upper, lower = np.array(LIPS[2:-2]).T
    found: Float64 = (points[:, upper, 1] - points[:, lower, 1]).mean(1)
    return found


def build_of(points: NDArray[np.floating], heads: Heads) -> Build:
    """A person's build from faces seen.

    Rest is the mean of those faces that deform least and have a shut mouth. A median over all
    would keep the grimace of somebody who pulls one most of the time. Of fewer than a dozen faces
    nobody knows which is at rest, so where expressions move them they are taken to be nobody's.

    Args:
        points: (n, 478, 3) canonical.
        heads: their poses; turned heads count less, for depth is guessed worst.

    Raises:
        ValueRefused: no face.
    """
    if not len(points):
        raise ValueRefused("build: expected at least one face")
    pose = heads.pitch_yaw_roll_deg
    frontal = np.exp(-0.5 * (pose[:, :2] ** 2).sum(1) / _FRONTAL_DEG**2)
    shut = mouth_gap(points)
    shut = shut - np.quantile(shut, 0.02)
    gaps = lid_gaps(points)
    open_lids = np.quantile(gaps, _OPEN, axis=0)
    # of somebody who never blinked it is not known; nobody's lids are further apart than this
    shut_lids = np.minimum(np.quantile(gaps, _SHUT, axis=0), _SHUT_AT_MOST)
    moving = _moving()
    rest = _weighted_median(points, frontal * np.exp(-shut / 0.1))
    keep = max(min(len(points), 5), round(_QUIET * len(points)))
    for _ in range(3):
        deviation = points[:, moving] - rest[moving]
        energy = np.sqrt((deviation[..., :2] ** 2).sum(-1).mean(1))
        cost = energy + 0.5 * np.maximum(shut, 0) - 0.15 * np.log(frontal + 1e-6)
        quiet = np.argsort(cost, kind="stable")[:keep]
        rest = points[quiet].mean(0)
    known = min(1.0, (len(points) - 1) / _ENOUGH)
    nobody = canonical().vertices
    rest[moving] = known * rest[moving] + (1 - known) * nobody[moving]
    usual = lid_gaps(nobody[None])[0]
    open_lids = known * open_lids + (1 - known) * np.maximum(open_lids, usual)
    rest = _opened(rest, open_lids)
    # the irises are where they are most of the time
    irises = points[:, N_MESH:N_MESH_WITH_IRISES]
    middle = points[:, [c for pair in CORNERS for c in pair]].reshape(len(points), 2, 2, 3).mean(2)
    offset = irises.reshape(len(points), 2, 5, 3) - middle[:, :, None]
    at_rest = rest[[c for pair in CORNERS for c in pair]].reshape(2, 2, 3).mean(1)
    rest[N_MESH:] = (np.median(offset, 0) + at_rest[:, None]).reshape(10, 3)
    return Build(rest, open_lids, shut_lids)


def retargeted(
    points: NDArray[np.floating],
    plate: Build,
    donor: Build,
    blend: float = 1.0,
    outline: float = 0.0,
) -> Float64:
    """What somebody's faces would be if they were another's.

    Args:
        points: (n, 478, 3) canonical, of the plate's person.
        plate: who is seen.
        donor: who takes over.
        blend: how far to go from the one's shape (0) to the other's (1).
        outline: how far cheeks and jaw go out to the other's where that is wider, 0..1. Where it
            is narrower the plate's stays, for nobody knows what lies behind it.

    Returns:
        (n, 478, 3) canonical.
    """
    difference = settled(donor.rest, plate.rest) - plate.rest
    # Both rests lean to the side they were filmed from, since depth is guessed: the plate's lean is
    # in its points already, the donor's has no place here. But crooked faces differ by sides too.
    even = (difference + difference[canonical().mirror] * (-1.0, 1.0, 1.0)) / 2
    difference = _LEANS * even + (1 - _LEANS) * difference
    # the mouth stays where it is in the plate, lips and all: what shows between them is the plate's
    inner = [v for pair in LIPS for v in pair]
    difference = difference - about_mouth()[:, None] * difference[inner].mean(0)
    wider = np.maximum((difference * outwards()).sum(1, keepdims=True), 0) * outwards()
    share = inward()[:, None]
    moved = points + (difference * share + outline * wider * (1 - share)) * blend
    opened = plate.openness(points)
    wanted = np.maximum(donor.shut_lids + opened * (donor.open_lids - donor.shut_lids), 0)
    for k, pairs in enumerate(LIDS):
        upper, lower = np.array(pairs).T
        width = [
            np.linalg.norm(p[:, CORNERS[k][0]] - p[:, CORNERS[k][1]], axis=-1)
            for p in (points, moved)
        ]
        gap = np.maximum(lid_gaps(points)[:, k], 1e-3)
        times = (1 - blend) + blend * wanted[:, k] / gap * width[1] / np.maximum(width[0], 1e-9)
        _set_gap(moved, points, upper, lower, np.maximum(times, 0.0))
    ring = [*inner, *MOUTH_CORNERS]
    moved[:, ring] = points[:, ring]
    _lay_shut_lids(moved, points, shut_share(opened) * blend)
    return moved


def shut_share(openness: Float64) -> Float64:
    """How far eyes count as shut, 0 where they are open .. 1, of `Build.openness` (n, 2)."""
    return ((_PARTED_AT - openness) / (_PARTED_AT - _SHUT_AT)).clip(0, 1)


def _lay_shut_lids(moved: Float64, points: NDArray[np.floating], share: Float64) -> None:
    """Bring lids that are shut, (n, 2) by how far, to where they meet in the plate.

    Between shut lids the plate's own lashes show, and a lid's breadth beside them there is skin.
    """
    for k, pairs in enumerate(LIDS):
        edge = [*(v for pair in pairs for v in pair), *CORNERS[k]]
        away = points[:, edge] - moved[:, edge]
        far = share[:, k, None, None]
        moved += about_eyes()[k][:, None] * far * away.mean(1, keepdims=True)
        moved[:, edge] += far * (points[:, edge] - moved[:, edge])


def settled(rest: Float64, into: Float64) -> Float64:
    """A face at rest, brought to where it fits best into another's outline, (478, 3).

    The pose fit looks at 33 points of nobody's face, so somebody with high brows or a long nose
    lies a little higher, larger or more tilted by it than another. In one's own picture that does
    no harm; in another's outline, which stays, the whole face would sit too high.
    """
    weight = _OUTLINE_STAYS + 1 - inward()
    weight[N_MESH:] = 0
    weight /= weight.sum()
    centre, middle = weight @ rest, weight @ into
    have, want = rest - centre, into - middle
    u, strength, vt = np.linalg.svd((want * weight[:, None]).T @ have)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = (strength * sign).sum() / (weight @ (have**2).sum(1))
    found: Float64 = scale * have @ ((u * sign) @ vt).T + middle
    return found


def _set_gap(
    moved: Float64,
    points: NDArray[np.floating],
    upper: NDArray[np.intp],
    lower: NDArray[np.intp],
    times: Float64,
) -> None:
    """Bring two edges as far apart as they were in `points`, times something."""
    wanted = (points[:, upper] - points[:, lower]) * times[:, None, None]
    is_ = moved[:, upper] - moved[:, lower]
    moved[:, upper] += (wanted - is_) / 2
    moved[:, lower] -= (wanted - is_) / 2


@lru_cache(maxsize=1)
def inward() -> Float64:
    """(478,) 0 at the outline, rising to 1 well inside: where another's shape may show."""
    face = canonical().vertices
    oval = face[list(OVAL)]
    away = np.linalg.norm(face[:, None, :2] - oval[None, :, :2], axis=-1).min(1)
    share = np.clip(away / _FADE_CM, 0, 1)
    return _kept(np.concatenate([share * share * (3 - 2 * share), np.ones(10)]))


@lru_cache(maxsize=1)
def outwards() -> Float64:
    """(478, 3) which way is out, along the outline from the eyes down; 0 above, where hair is."""
    face = canonical().vertices
    middle = face[list(OVAL)].mean(0)
    away = (face - middle) * (1, 1, 0)
    away /= np.linalg.norm(away, axis=1, keepdims=True).clip(1e-9)
    eyes = face[[v for pair in CORNERS for v in pair], 1].mean()
    share = ((eyes - face[:, 1]) / _FADE_CM).clip(0, 1)
    found = away * (share * share * (3 - 2 * share))[:, None]
    return _kept(np.concatenate([found, np.zeros((10, 3))]))


@lru_cache(maxsize=1)
def about_mouth() -> Float64:
    """(478,) 1 on the lips, falling to 0 around them."""
    face = canonical().vertices
    lips = face[[v for pair in LIPS for v in pair] + list(MOUTH_CORNERS)]
    away = np.linalg.norm(face[:, None, :2] - lips[None, :, :2], axis=-1).min(1)
    return _kept(np.concatenate([np.exp(-0.5 * (away / _ABOUT_MOUTH_CM) ** 2), np.zeros(10)]))


@lru_cache(maxsize=1)
def about_eyes() -> Float64:
    """(2, 478) 1 on the lids of the right and of the left eye, falling to 0 around them."""
    face = canonical().vertices
    found = np.zeros((2, N_MESH_WITH_IRISES))
    for k, pairs in enumerate(LIDS):
        lids = face[[*(v for pair in pairs for v in pair), *CORNERS[k]]]
        away = np.linalg.norm(face[:, None, :2] - lids[None, :, :2], axis=-1).min(1)
        found[k, :N_MESH] = np.exp(-0.5 * (away / _ABOUT_EYES_CM) ** 2)
    return _kept(found)


def _kept(values: Float64) -> Float64:
    """Values that everybody shares, so that nobody may change them."""
    values.flags.writeable = False
    return values


def _moving() -> NDArray[np.intp]:
    """Points that expressions move: brows, cheeks, mouth and jaw, without the lids."""
    face = canonical().vertices
    lids = {v for pairs in LIDS for pair in pairs for v in pair}
    every = np.arange(N_MESH)
    return every[[v not in lids and (face[v, 1] < -1.0 or face[v, 1] > 3.2) for v in every]]


def _opened(rest: Float64, open_lids: Float64) -> Float64:
    """The rest with eyes as open as they usually are."""
    found = rest[None].copy()
    have = lid_gaps(found)[0]
    for k, pairs in enumerate(LIDS):
        upper, lower = np.array(pairs).T
        _set_gap(found, rest[None], upper, lower, np.array([open_lids[k] / max(have[k], 1e-3)]))
    opened: Float64 = found[0]
    return opened


def _weighted_median(points: NDArray[np.floating], weight: Float64) -> Float64:
    """(m, d) of (n, m, d): the faces that count most, their median."""
    most = np.argsort(-weight, kind="stable")[: max(1, len(weight) // 4)]
    found: Float64 = np.median(points[most], 0)
    return found
