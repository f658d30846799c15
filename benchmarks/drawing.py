"""What does it cost to draw a face on its mesh?

    PYTHONPATH=src python benchmarks/drawing.py [--repeats 15]

Draws a 256 px texture on MediaPipe's canonical face, turned a little, so that the face is as wide
as said. Compared are `imaging.rasterise` (all triangles at once in NumPy) and a polygon fill for
each triangle, far to near, with barycentric weights after it, which is the plain way. Also: the
same face unwrapped to the 64 px that the model sees.
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

from understudy.geometry.facemesh import canonical
from understudy.geometry.facemesh.surface import surface, with_ring
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
    print(
        "window   all at once            look-up               a polygon each        unwrap to 64"
    )
    rng = np.random.default_rng(1)
    texture, found = rng.random((256, 256, 4), np.float32), surface()
    for width in (128, 256, 512):
        points = turned(width)
        size = tuple(int(v) for v in np.ceil(points[:, :2].max(0)) + 1)
        picture = rng.integers(0, 255, (size[1], size[0], 3), np.uint8)
        where = texture_map(points, found.uv, found.triangles, size)
        jobs: list[Callable[[], Any]] = [
            lambda p=points, s=size: texture_map(p, found.uv, found.triangles, s),
            lambda w=where: textured(texture, w),
            lambda p=points, s=size: one_by_one(p, found.uv, found.triangles, s),
            lambda p=points, i=picture: unwrapped(i, p, 64),
        ]
        times = [timed(job, repeats) for job in jobs]
        print(f"{width:4} px  " + "  ".join(f"{t:<20}" for t in times))


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


def timed(job: Callable[[], Any], repeats: int) -> str:
    """Median, lowest and highest CPU time in milliseconds."""
    job()
    taken = []
    for _ in range(repeats):
        start = time.process_time()
        job()
        taken.append((time.process_time() - start) * 1e3)
    return f"{median(taken):.1f} ({min(taken):.1f} to {max(taken):.1f})"


if __name__ == "__main__":
    main()
