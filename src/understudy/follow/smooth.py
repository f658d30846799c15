"""Two-way smoothing of a track's landmarks: jitter goes, blinks and speech stay.

Landmarks tremble by a fraction of a percent of the eye distance from frame to frame, and what is
cut out or painted by them trembles along. A plain low-pass filter would take blinks away with it,
which last three frames. So what the head does and what the face does are smoothed apart:

* The head (place, size, roll: the similarity onto the mean face) by locally weighted regression,
  degree 2, robust against outliers. Source: W. S. Cleveland, "Robust locally weighted regression
  and smoothing scatterplots", JASA 74, 1979. Where the measured place departs from the regression
  by more than its own noise, as in a shake or a blow, the measurement is believed.
* The face (each landmark in the unit square) by a bilateral filter over time: frames count by
  nearness in time and by nearness of the landmark itself, so a closing lid is averaged with other
  closing lids only. Source: C. Tomasi, R. Manduchi, "Bilateral filtering for gray and color
  images", ICCV 1998.

Both look as far ahead as back (`REACH` frames), so nothing lags, and the result of a frame depends
on its neighbours only: an interrupted extraction goes on to the same numbers.

Convention: landmarks are (68, 2) frame pixels; noise is measured in shares of the unit square,
whose side is a little more than the distance of the outer eye corners.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.geometry import INNER, N_LANDMARKS, PARTS, Float64, umeyama
from understudy.geometry.templates import MEAN_FACE_51

REACH = 5
"""Frames before and after that a landmark is compared with."""
_SPREAD = 2.5
"""Standard deviation in frames of the weight by nearness in time."""
_SHAPE_NOISE = (0.0015, 0.012)
"""Least and greatest noise of a landmark that is taken for noise, in shares of the unit square."""
_HEAD_NOISE = (0.0007, 0.006)
_RANGE = 3.0
"""Differences of this many times the noise count for little."""
_QUICK = ("right_eye", "left_eye", "outer_lips", "inner_lips")
_QUICK_AT_MOST = 1.5
_SCALED_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Split:
    """Landmarks taken apart into what the head does and what the face does.

    Attributes:
        head: (4,) centre x, y in pixels, natural logarithm of the size, roll in radians.
        size: pixels of the unit square's side.
        shape: (68, 2) landmarks in the unit square.
    """

    head: Float64
    size: float
    shape: Float64


def split(landmarks: NDArray[np.floating]) -> Split:
    """Take landmarks apart; `joined` is the way back."""
    points = np.asarray(landmarks, np.float64)
    unit_from_frame = umeyama(points[INNER], MEAN_FACE_51)
    head = head_of(unit_from_frame)
    shape = points @ unit_from_frame[:2, :2].T + unit_from_frame[:2, 2]
    return Split(head, float(np.exp(head[2])), shape)


def head_of(unit_from_frame: NDArray[np.floating]) -> Float64:
    """(4,) the head, see `Split`, that a similarity (3, 3) brings onto the unit square."""
    scale = float(np.hypot(unit_from_frame[0, 0], unit_from_frame[1, 0]))
    roll = float(np.arctan2(unit_from_frame[1, 0], unit_from_frame[0, 0]))
    centre = np.linalg.solve(unit_from_frame[:2, :2], 0.5 - unit_from_frame[:2, 2])
    return np.array([*centre, -np.log(scale), roll])


def square_of(head: NDArray[np.floating]) -> Float64:
    """(3, 3) the similarity that brings a head onto the unit square; back from `head_of`."""
    cos, sin = np.cos(head[3]) / np.exp(head[2]), np.sin(head[3]) / np.exp(head[2])
    matrix = np.array([[cos, -sin, 0.5], [sin, cos, 0.5], [0, 0, 1]])
    matrix[:2, 2] -= matrix[:2, :2] @ head[:2]
    return matrix


def joined(head: NDArray[np.floating], shape: NDArray[np.floating]) -> Float64:
    """(68, 2) frame pixels from a head (centre in pixels, log size, roll) and a shape."""
    size, roll = np.exp(head[2]), head[3]
    cos, sin = np.cos(roll), np.sin(roll)
    frame_from_unit = size * np.array([[cos, sin], [-sin, cos]])
    return (np.asarray(shape, np.float64) - 0.5) @ frame_from_unit.T + head[:2]


def carried(
    mesh: NDArray[np.floating], before: NDArray[np.floating], after: NDArray[np.floating]
) -> NDArray[np.float32]:
    """A mesh that goes where its head goes.

    Args:
        mesh: (3 m,) points x, y, z in a row, frame pixels.
        before: (4,) head that it was seen with, see `Split`.
        after: the head that it belongs to now.

    Returns:
        The mesh in the same form; what the face itself does is kept.
    """
    points = np.asarray(mesh, np.float64).reshape(-1, 3)
    grown, turned = np.exp(after[2] - before[2]), after[3] - before[3]
    cos, sin = np.cos(turned), np.sin(turned)
    # roll is of the frame's turn into the unit square, so heads turn the other way
    turn = grown * np.array([[cos, sin], [-sin, cos]])
    flat = (points[:, :2] - before[:2]) @ turn.T + after[:2]
    return np.column_stack([flat, points[:, 2] * grown]).ravel().astype(np.float32)


def smoothed(neighbours: dict[int, Split], at: int) -> Float64:
    """The landmarks of one frame, smoothed.

    Args:
        neighbours: the track's landmarks around that frame by frame number, itself among them;
            those further away than `REACH` are left out, missing ones are no harm.
        at: the frame.

    Returns:
        (68, 2) frame pixels.
    """
    frames = np.array(sorted(f for f in neighbours if abs(f - at) <= REACH))
    near = [neighbours[int(f)] for f in frames]
    here = int(np.searchsorted(frames, at))
    if len(frames) < 3:
        return joined(near[here].head, near[here].shape)
    time = frames - at
    shape = _bilateral(np.stack([s.shape for s in near]), time, here)
    head = _regressed(np.stack([s.head for s in near]), time, here, near[here].size)
    return joined(head, shape)


def smoothed_head(neighbours: dict[int, Float64], at: int) -> Float64:
    """(4,) the head of one frame, smoothed as `smoothed` does that of landmarks.

    Args:
        neighbours: heads around that frame by frame number, itself among them, see `Split`.
        at: the frame.
    """
    frames = np.array(sorted(f for f in neighbours if abs(f - at) <= REACH))
    here = neighbours[at]
    if len(frames) < 3:
        return here
    heads = np.stack([neighbours[int(f)] for f in frames])
    place = int(np.searchsorted(frames, at))
    return _regressed(heads, frames - at, place, float(np.exp(here[2])))


def smooth_track(landmarks: NDArray[np.floating]) -> Float64:
    """Smooth a whole track at once.

    Args:
        landmarks: (n, 68, 2) frame pixels of consecutive frames; NaN rows are frames without.

    Returns:
        (n, 68, 2); rows that were NaN stay so.
    """
    points = np.asarray(landmarks, np.float64)
    known = {i: split(p) for i, p in enumerate(points) if np.isfinite(p).all()}
    result = np.full((len(points), N_LANDMARKS, 2), np.nan)
    for i in known:
        around = {j: known[j] for j in range(i - REACH, i + REACH + 1) if j in known}
        result[i] = smoothed(around, i)
    return result


def _bilateral(shapes: Float64, time: NDArray[np.intp], here: int) -> Float64:
    """Weighted means of each landmark over the frames in which it is nearly where it is now.

    Parts tremble differently: a jaw line three times as much as a nose. Lids and lips are quick,
    so they are never thought to tremble much more than the whole face; and what such a part does
    as a whole counts too: its landmarks' noise averages out, so half a blink is told from tremble
    although no single landmark would tell it.
    """
    of_all = _noise(shapes.reshape(len(shapes), -1), time, *_SHAPE_NOISE)
    in_time = np.exp(-0.5 * (time / _SPREAD) ** 2)[:, None]
    result = np.empty_like(shapes[0])
    for name, part in PARTS.items():
        points = shapes[:, part]
        noise = _noise(points.reshape(len(points), -1), time, *_SHAPE_NOISE)
        if name in _QUICK:
            noise = min(noise, _QUICK_AT_MOST * of_all)
        # Two coordinates with noise in both frames: 4 variances lie between equal landmarks.
        apart = ((points - points[here]) ** 2).sum(-1) / (4 * noise**2)
        weight = in_time * np.exp(-0.5 * apart / _RANGE)
        if name in _QUICK:
            weight *= np.exp(-2 * np.maximum(apart.mean(1) - 1.5, 0))[:, None]
        result[part] = (weight[..., None] * points).sum(0) / weight.sum(0)[:, None]
    return result


def _regressed(heads: Float64, time: NDArray[np.intp], here: int, size: float) -> Float64:
    """The head by robust local regression, or as measured where it really departs from that."""
    unit = np.array([size, size, 1.0, 1.0])
    values = heads.copy()
    values[:, 3] = np.unwrap(values[:, 3])
    values = (values - values[here]) / unit
    noise = np.array([_noise(values[:, k : k + 1], time, *_HEAD_NOISE) for k in range(4)])
    # A head that shakes seems to tremble in place, but hardly in both size and roll as well.
    noise[:2] = np.minimum(noise[:2], 1.5 * noise[2:].min())
    degree = min(2, len(time) - 2)
    basis = np.vander(time / REACH, degree + 1, increasing=True)
    in_time = np.exp(-0.5 * (time / _SPREAD) ** 2)
    weight = np.tile(in_time[:, None], 4)
    for _ in range(2):
        fitted = _fit(basis, values, weight)
        residual = np.abs(values - fitted)
        weight = in_time[:, None] / (1 + (residual / (_RANGE * noise)) ** 2)
    fit_here = _fit(basis, values, weight)[here]
    depart = (fit_here / (2 * noise)) ** 2  # values[here] is 0
    believed = np.exp(-0.5 * depart)
    return heads[here] + unit * fit_here * believed


def _fit(basis: Float64, values: Float64, weight: Float64) -> Float64:
    """(n, k) weighted least-squares fits, each column with its own weights."""
    columns = []
    for k in range(values.shape[1]):
        w = weight[:, k]
        normal = basis.T @ (w[:, None] * basis) + 1e-9 * np.eye(basis.shape[1])
        columns.append(basis @ np.linalg.solve(normal, basis.T @ (w * values[:, k])))
    return np.stack(columns, 1)


def _noise(values: Float64, time: NDArray[np.intp], least: float, greatest: float) -> float:
    """How much values tremble: the median of their second differences over time, as a deviation.

    Movement is smooth and rare next to tremble, so the median hardly sees it.
    """
    steady = (np.diff(time, 2) == 0) & (np.diff(time)[:-1] == 1)
    second = np.diff(values, 2, axis=0)[steady]
    if second.size == 0:
        return least
    deviation = _SCALED_MAD * float(np.median(np.abs(second))) / np.sqrt(6)
    return float(np.clip(deviation, least, greatest))
