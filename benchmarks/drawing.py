"""What does it cost to draw a face on its mesh?

    PYTHONPATH=src python benchmarks/drawing.py [--repeats 15]

Draws a 256 px texture on MediaPipe's canonical face, turned a little, so that the face is as wide
as said. Compared are `imaging.rasterise` (spans of rows, all triangles at once), the same with a
box of pixels a triangle that are tested one by one, as it was before, and a polygon fill for
each triangle, far to near, with barycentric weights after it, which is the plain way. Also: the
same face unwrapped to the 64 px that the model sees, matched in colour, and laid over its frame.
All ways are timed in turn, so that the machine's noise falls on all alike.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.colour.reinhard import Reinhard
from understudy.geometry.facemesh import canonical
from understudy.geometry.facemesh.surface import surface, with_ring
from understudy.imaging.composite import Patch, laid
from understudy.imaging.depth import to_unit
from understudy.imaging.rasterise import texture_map, textured
from understudy.imaging.unwrap import unwrapped


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    cv2.setNumThreads(1)
    print(f"{os.cpu_count()} cores, one used, load average {os.getloadavg()[0]:.1f}")
    print("CPU-ms a face, median (lowest to highest)")
    rng = np.random.default_rng(1)
    texture, found = rng.random((256, 256, 4), np.float32), surface()
    matcher = Reinhard()
    for width in (128, 256, 512):
        points = turned(width)
        size = tuple(int(v) for v in np.ceil(points[:, :2].max(0)) + 1)
        picture = rng.integers(0, 255, (size[1], size[0], 3), np.uint8)
        face = rng.random((size[1], size[0], 3), np.float32)
        alpha = np.ones((size[1], size[0]), np.float32)
        where = texture_map(points, found.uv, found.triangles, size)
        args = points, found.uv, found.triangles, size
        jobs: dict[str, Callable[[], Any]] = {
            "spans (now)": lambda a=args: texture_map(*a),
            "boxes (before)": lambda a=args: boxes(*a),
            "a polygon each": lambda a=args: one_by_one(*a),
            "look-up": lambda w=where: textured(texture, w),
            "unwrap to 64": lambda p=points, i=picture: unwrapped(i, p, 64),
            "colour match": lambda f=face, i=picture, a=alpha: matcher.match(f, to_unit(i), a),
            "lay over": lambda f=face, i=picture, a=alpha: laid(i, f, Patch(0, 0, a)),
        }
        print(f"{width} px ({size[0]}x{size[1]})")
        for name, taken in timed(jobs, repeats).items():
            print(f"  {name:16} {median(taken):5.1f} ({min(taken):.1f} to {max(taken):.1f})")
        apart = np.nanmax(np.abs(where - boxes(*args)))
        missing = int((np.isnan(where) != np.isnan(boxes(*args))).any(-1).sum())
        print(f"  spans and boxes: {apart:.1e} of the texture apart, {missing} pixels in one only")


def turned(width: int) -> NDArray[np.float64]:
    """(514, 3) the canonical face with its ring, turned by 15 degrees, as wide as said."""
    turn = np.radians(15)
    spin = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    points = with_ring(canonical().vertices[None])[0] @ spin.T * (1, -1, -1)
    points = points * width / np.ptp(points[:, 0])
    points[:, :2] -= points[:, :2].min(0)
    return points


def one_by_one(
    points: NDArray[Any], uv: NDArray[Any], triangles: NDArray[Any], size_wh: tuple[int, int]
) -> NDArray[Any]:
    """Texture coordinates by one polygon fill a triangle, and weights of every pixel after it."""
    corners = points[triangles]
    xy = corners[..., :2].astype(np.float32)
    one, two = xy[:, 1] - xy[:, 0], xy[:, 2] - xy[:, 0]
    det = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    owner = np.full((size_wh[1], size_wh[0]), -1, np.int32)
    for t in np.argsort(-corners[..., 2].mean(1)):
        if det[t] < 0:
            cv2.fillConvexPoly(owner, np.rint(xy[t] * 16 - 8).astype(np.int32), int(t), 8, 4)
    y, x = np.nonzero(owner >= 0)
    t = owner[y, x]
    away = np.stack([x + 0.5, y + 0.5], 1).astype(np.float32) - xy[t, 0]
    wb = (away[:, 0] * two[t, 1] - away[:, 1] * two[t, 0]) / det[t]
    wc = (one[t, 0] * away[:, 1] - one[t, 1] * away[:, 0]) / det[t]
    place = uv[triangles[t]]
    found = np.full((*owner.shape, 2), np.nan, np.float32)
    weights = np.stack([1 - wb - wc, wb, wc], 1)
    found[y, x] = (place * weights[..., None]).sum(1)
    return found


def boxes(
    points: NDArray[Any], uv: NDArray[Any], triangles: NDArray[Any], size_wh: tuple[int, int]
) -> NDArray[np.float32]:
    """Texture coordinates by testing each pixel of each triangle's box, in one array."""
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


def timed(jobs: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """CPU times in milliseconds, in turn."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for again in range(repeats + 1):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            if again:
                taken[name].append((time.process_time() - start) * 1e3)
    return taken


if __name__ == "__main__":
    main()
