"""Drawing a textured surface: which point of the texture each pixel of a picture shows.

Triangles are drawn from far to near. All of them at once: what a triangle covers of a row of
pixels is a span, whose ends follow from the triangle's edges, and the spans of all triangles are
laid end to end in one array. So a face of a thousand triangles costs a few dozen array operations,
and no pixel is looked at that is not drawn.

Convention: pixel i covers [i, i+1); depth grows away from the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_SLACK_PX = 1e-7
"""How far beside a triangle a pixel's centre still belongs to it: rounding must leave no crack
between two neighbours, and which of them takes a centre on their edge does not show. It is small,
since what lies beside a sliver of a triangle is extrapolated steeply."""


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Triangles that face the viewer and lie in the window, from far to near.

    Attributes:
        xy: (n, 3, 2) float64 corners.
        det: (n,) twice the area, negative.
        uv: (n, 3) complex texture coordinates of the corners, u + iv.
        low, high: (n, 2) the first pixel whose centre may lie inside, and the one after the last.
    """

    xy: NDArray[np.float64]
    det: NDArray[np.float64]
    uv: NDArray[np.complex128]
    low: NDArray[np.int32]
    high: NDArray[np.int32]


def texture_map(
    points: NDArray[np.floating],
    uv: NDArray[np.floating],
    triangles: NDArray[np.integer[Any]],
    size_wh: tuple[int, int],
) -> NDArray[np.float32]:
    """Texture coordinates of each pixel of a window.

    Args:
        points: (v, 3) x, y in pixels of the window, and depth.
        uv: (v, 2) texture coordinates.
        triangles: (t, 3); those that turn their back to the viewer are not drawn: they are
            clockwise where y grows downward.
        size_wh: of the window.

    Returns:
        (h, w, 2) float32, NaN where nothing is drawn.
    """
    width, height = size_wh
    # two coordinates as one complex number are gathered and scattered in one go
    drawn = np.full(height * width, np.complex64(complex(np.nan, np.nan)))
    seen = _seen(points, uv, triangles, size_wh)
    owner, row, first, end = _spans(seen)
    # along a row the texture coordinates change by the same step from pixel to pixel
    step, down, origin = _plane(seen)
    at = origin[owner] + step[owner] * (first + 0.5) + down[owner] * (row + 0.5)
    count = end - first
    before = np.cumsum(count) - count
    along = np.arange(count.sum(), dtype=np.int32)
    pixel = along + np.repeat((row * width + first - before).astype(np.int32), count)
    along -= np.repeat(before.astype(np.int32), count)
    places = np.repeat(step[owner].astype(np.complex64), count) * along.astype(np.float32)
    places += np.repeat(at.astype(np.complex64), count)
    # where a pixel is named more than once the last one, which is nearest, stays
    drawn[pixel] = places
    return drawn.view(np.float32).reshape(height, width, 2)


def _seen(
    points: NDArray[np.floating],
    uv: NDArray[np.floating],
    triangles: NDArray[np.integer[Any]],
    size_wh: tuple[int, int],
) -> _Seen:
    corners = points[triangles]
    xy = corners[..., :2].astype(np.float64)
    one, two = xy[:, 1] - xy[:, 0], xy[:, 2] - xy[:, 0]
    det = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    low = np.ceil(xy.min(1) - 0.5 - _SLACK_PX).clip(0, size_wh).astype(np.int32)
    high = np.floor(xy.max(1) - 0.5 + _SLACK_PX).clip(-1, np.subtract(size_wh, 1)).astype(np.int32)
    high += 1
    shown = np.flatnonzero((det < -1e-6) & (high > low).all(1))
    shown = shown[np.argsort(-corners[shown, :, 2].mean(1), kind="stable")]
    complex_uv = np.asarray(uv, np.float64) @ (1, 1j)
    return _Seen(xy[shown], det[shown], complex_uv[triangles[shown]], low[shown], high[shown])


def _spans(
    seen: _Seen,
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """What triangles cover of rows: whose, which row, first pixel and the one after the last."""
    rows = seen.high[:, 1] - seen.low[:, 1]
    owner = np.repeat(np.arange(len(rows)), rows)
    before = np.cumsum(rows) - rows
    row = np.arange(len(owner), dtype=np.int32) - (before - seen.low[:, 1])[owner].astype(np.int32)
    left, right = seen.low[owner, 0].astype(np.float64), seen.high[owner, 0] - 1.0
    for i in range(3):
        start, along = seen.xy[:, i], seen.xy[:, (i + 1) % 3] - seen.xy[:, i]
        # where a row crosses an edge; level ones bound no row from the side
        slope = along[:, 0] / np.where(np.abs(along[:, 1]) < 1e-9, np.inf, along[:, 1])
        across = start[owner, 0] + slope[owner] * (row + 0.5 - start[owner, 1]) - 0.5
        # counter-clockwise in y downward: edges that go up lie on the right
        up, falls = (along[:, 1] < -1e-9)[owner], (along[:, 1] > 1e-9)[owner]
        np.minimum(right, across + _SLACK_PX, out=right, where=up)
        np.maximum(left, across - _SLACK_PX, out=left, where=falls)
    first, end = np.ceil(left).astype(np.int32), np.floor(right).astype(np.int32) + 1
    some = np.flatnonzero(end > first)
    return owner[some], row[some], first[some], end[some]


def _plane(
    seen: _Seen,
) -> tuple[NDArray[np.complex128], NDArray[np.complex128], NDArray[np.complex128]]:
    """Texture coordinates as a plane over the window: per pixel to the right, down, and at 0."""
    one, two = seen.xy[:, 1] - seen.xy[:, 0], seen.xy[:, 2] - seen.xy[:, 0]
    a, b = seen.uv[:, 1] - seen.uv[:, 0], seen.uv[:, 2] - seen.uv[:, 0]
    step = (a * two[:, 1] - b * one[:, 1]) / seen.det
    down = (b * one[:, 0] - a * two[:, 0]) / seen.det
    return step, down, seen.uv[:, 0] - step * seen.xy[:, 0, 0] - down * seen.xy[:, 0, 1]


def reached(
    alpha: NDArray[Any], uv: NDArray[np.floating], triangles: NDArray[np.integer[Any]]
) -> NDArray[np.bool_]:
    """Which triangles show anything of a texture's alpha.

    Args:
        alpha: (t, t) float32, 0 where there is nothing.
        uv: (v, 2) texture coordinates.
        triangles: (n, 3).

    Returns:
        (n,) bool; where the box around a triangle is reached, the triangle counts as reached.
    """
    height, width = alpha.shape
    total = cv2.integral((alpha > 0).astype(np.uint8))
    corners = uv[triangles] * (width, height)
    # bilinear taps reach half a texel beyond a place
    left, top = np.floor(corners.min(1) - 0.5).clip(0, (width, height)).astype(int).T
    right, bottom = np.ceil(corners.max(1) + 0.5).clip(0, (width, height)).astype(int).T
    inside: NDArray[np.bool_] = (
        total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left] > 0
    )
    return inside


def textured(texture: NDArray[Any], places: NDArray[np.float32]) -> NDArray[Any]:
    """Look a texture up.

    Args:
        texture: (t, t) or (t, t, c) float32, at most four channels.
        places: (h, w, 2) from `texture_map`.

    Returns:
        (h, w) or (h, w, c) float32, 0 where nothing is drawn.
    """
    size = np.array([texture.shape[1], texture.shape[0]], np.float32)
    # the texture's edge goes on for a texel, beyond it is nothing: that is where NaN goes
    wider = cv2.copyMakeBorder(texture, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    # OpenCV counts centres as integers
    at = places * size + np.float32(0.5)
    cv2.patchNaNs(at, -9.0)
    one_map_is_enough: Any = None
    found: NDArray[Any] = cv2.remap(wider, at, one_map_is_enough, cv2.INTER_LINEAR)
    return found
