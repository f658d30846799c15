"""Drawing a textured surface: which point of the texture each pixel of a picture shows.

Triangles are drawn from far to near. All of them at once: every triangle's box of pixels is laid
end to end in one array, so that a face of a thousand triangles costs a dozen array operations.

Convention: pixel i covers [i, i+1); depth grows away from the viewer.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


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
    drawn = np.full((height * width, 2), np.nan, np.float32)
    corners = points[triangles]
    xy = corners[..., :2].astype(np.float32)
    one, two = xy[:, 1] - xy[:, 0], xy[:, 2] - xy[:, 0]
    det = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    # the first pixel whose centre may lie inside, and the one after the last
    low = np.ceil(xy.min(1) - 0.5).astype(np.int32)
    high = np.floor(xy.max(1) - 0.5).astype(np.int32) + 1
    low, high = np.maximum(low, 0), np.minimum(high, (width, height))
    box = high - low
    seen = np.flatnonzero((det < -1e-6) & (box > 0).all(1))
    if not seen.size:
        return drawn.reshape(height, width, 2)
    seen = seen[np.argsort(-corners[seen, :, 2].mean(1), kind="stable")]
    box, low = box[seen], low[seen]
    count = box[:, 0] * box[:, 1]
    end = np.cumsum(count)
    owner = np.repeat(np.arange(len(seen), dtype=np.int32), count)
    at = np.arange(end[-1], dtype=np.int32) - np.repeat((end - count).astype(np.int32), count)
    row = at // box[owner, 0]
    x = at - row * box[owner, 0] + low[owner, 0]
    y = row + low[owner, 1]
    # barycentric weights as linear functions of the pixel's place
    a, b, c, d = (v[seen] / det[seen] for v in (two[:, 1], -two[:, 0], -one[:, 1], one[:, 0]))
    origin = xy[seen, 0]
    start_b = -(a * origin[:, 0] + b * origin[:, 1])
    start_c = -(c * origin[:, 0] + d * origin[:, 1])
    px, py = x + np.float32(0.5), y + np.float32(0.5)
    wb = a[owner] * px + b[owner] * py + start_b[owner]
    wc = c[owner] * px + d[owner] * py + start_c[owner]
    inside = np.flatnonzero((wb >= -1e-4) & (wc >= -1e-4) & (wb + wc <= 1 + 1e-4))
    pixel = y[inside] * width + x[inside]
    # later ones are nearer and stay
    winner = np.full(height * width, -1, np.int32)
    winner[pixel] = inside
    shown = np.flatnonzero(winner >= 0)
    who = winner[shown]
    place = uv[triangles[seen]].astype(np.float32)
    mine = place[owner[who]]
    wb, wc = wb[who, None], wc[who, None]
    drawn[shown] = mine[:, 0] * (1 - wb - wc) + mine[:, 1] * wb + mine[:, 2] * wc
    return drawn.reshape(height, width, 2)


def textured(texture: NDArray[Any], places: NDArray[np.float32]) -> NDArray[Any]:
    """Look a texture up.

    Args:
        texture: (t, t) or (t, t, c) float32.
        places: (h, w, 2) from `texture_map`.

    Returns:
        (h, w) or (h, w, c) float32, 0 where nothing is drawn.
    """
    size = np.array([texture.shape[1], texture.shape[0]], np.float32)
    # OpenCV counts centres as integers
    at = np.nan_to_num(places * size - np.float32(0.5), nan=-2.0)
    found: NDArray[Any] = cv2.remap(
        texture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    found[np.isnan(places[..., 0])] = 0
    return found
