"""What does it cost to put a made face back into its frame?

    PYTHONPATH=src python benchmarks/compositing.py [--repeats 11]

A crop of 256 px goes back into frames of 1080p and 4K, where the face is a third of the frame's
height, as `stages.convert.compose` does it: colours measured and matched, mask shaped, crop fitted
and mixed in where the mask covers. Beside it the plain way: crop and mask warped to the frame's
size, the whole mask blurred, the whole frame brought to floats, mixed and rounded. Both with the
same colour match, and timed in turn, so that the machine's noise falls on all alike.
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
from understudy.geometry import Space, Warp
from understudy.imaging.composite import Patch, feathered, fitted, laid
from understudy.imaging.depth import to_unit
from understudy.imaging.edges import Edge
from understudy.imaging.plate import grained, missing_grain, softened_to, texture_of
from understudy.imaging.resample import crop_image, warp_image
from understudy.types import Mask

CROP, GRID = 256, 128
SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
EDGE = Edge()


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=11)
    repeats = parser.parse_args().repeats
    cv2.setNumThreads(1)
    print(f"{os.cpu_count()} cores, one used, load average {os.getloadavg()[0]:.1f}")
    print("CPU-ms a frame with one face, median (lowest to highest)")
    for name, size in SIZES.items():
        for bits in (8, 16):
            scene = Scene(size, bits)
            jobs: dict[str, Callable[[], Any]] = {
                "all of it": scene.whole,
                "  colour": scene.coloured,
                "  mask": scene.mask,
                "  fit, mix": scene.mixed,
                "softness and grain besides": scene.plate,
                "plain, whole frame": scene.plain,
            }
            times: dict[str, list[float]] = {job: [] for job in jobs}
            for _ in range(repeats):
                for job, function in jobs.items():
                    begun = time.process_time()
                    function()
                    times[job].append(1000 * (time.process_time() - begun))
            for job, found in times.items():
                spread = f"({min(found):.1f} to {max(found):.1f})"
                print(f"{name} {bits:2d} bits  {job:28s}{median(found):8.1f} {spread}")
            print(f"{name} {bits:2d} bits  the two differ by {scene.apart():.2f} levels of 255")


class Scene:
    """A frame, a made face, and where it belongs."""

    def __init__(self, size_wh: tuple[int, int], bits: int) -> None:
        rng = np.random.default_rng(1)
        width, height = size_wh
        small = rng.integers(40, 200, (height // 40, width // 40, 3), np.uint8)
        dtype = np.uint8 if bits == 8 else np.uint16
        pixels = cv2.resize(small, size_wh, interpolation=cv2.INTER_CUBIC).astype(dtype)
        self.frame: NDArray[Any] = pixels * dtype(1 if bits == 8 else 257)
        side = height / 3 * 1.4
        cosine, sine = np.cos(0.1) * CROP / side, np.sin(0.1) * CROP / side
        x, y = width * 0.45, height * 0.4
        matrix = np.array(
            [
                [cosine, sine, CROP / 2 - cosine * x - sine * y],
                [-sine, cosine, CROP / 2 + sine * x - cosine * y],
                [0, 0, 1],
            ]
        )
        space = Space("frame", width, height)
        self.crop = Warp(matrix, space, Space("crop", CROP, CROP))
        grid = Warp(
            np.diag([GRID / CROP, GRID / CROP, 1.0]), self.crop.dst, Space("grid", GRID, GRID)
        )
        alpha = np.zeros((GRID, GRID), np.float32)
        cv2.ellipse(alpha, (64, 66), (44, 56), 0, 0, 360, (1.0,), -1)
        self.own = Mask("extended", alpha, grid @ self.crop)
        smooth = cv2.GaussianBlur(rng.random((CROP, CROP, 3), np.float32), (0, 0), 6)
        self.rgb: NDArray[Any] = np.clip(0.5 + 3 * (smooth - 0.5), 0, 1)
        # the model has seen it, so it costs compositing nothing
        self.seen = crop_image(self.frame, self.crop)
        self.matcher = Reinhard()
        self.patch, self.matched = self.mask(), self.coloured()

    def coloured(self) -> NDArray[Any]:
        """The face in the frame's colours."""
        on_crop = warp_image(self.own.alpha, self.crop @ self.own.grid_from_frame.inverse())
        return self.matcher.match(self.rgb, to_unit(self.seen), np.clip(on_crop, 0, 1))

    def mask(self) -> Patch:
        """The mask with its soft edge on the frame."""
        return feathered(self.own, self.crop, self.crop.src, edge=EDGE)

    def mixed(self) -> NDArray[Any]:
        """The frame with the face."""
        return laid(self.frame, fitted(self.matched, self.crop, self.patch), self.patch)

    def whole(self) -> NDArray[Any]:
        """All of it, one after the other."""
        matched, patch = self.coloured(), self.mask()
        return laid(self.frame, fitted(matched, self.crop, patch), patch)

    def plate(self) -> NDArray[Any]:
        """What `--softness 1 --grain 1` cost besides."""
        face, alpha = fitted(self.matched, self.crop, self.patch), self.patch.alpha
        texture = texture_of(to_unit(self.patch.window(self.frame)), alpha)
        soft, _ = softened_to(face, alpha, float(texture[-1]))
        return grained(soft, missing_grain(texture, texture_of(soft, alpha)), (1, 2))

    def plain(self) -> NDArray[Any]:
        """The whole frame at every step, as one would write it down first."""
        matched, size = self.coloured(), self.crop.src.size_wh
        face_at = self.crop.inverse().index_matrix[:2]
        mask_at = self.own.grid_from_frame.inverse().index_matrix[:2]
        face = cv2.warpAffine(matched, face_at, size, flags=cv2.INTER_CUBIC)
        mask = cv2.warpAffine(self.own.alpha, mask_at, size, flags=cv2.INTER_LINEAR)
        side = GRID / self.own.grid_from_frame.scale
        reach = int(EDGE.feather * side) | 1
        mask = cv2.erode(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
        mask = cv2.GaussianBlur(mask, (0, 0), EDGE.feather * side / 4)[..., None]
        top = np.float32(np.iinfo(self.frame.dtype).max)
        mixed = self.frame.astype(np.float32) * (1 - mask) + np.clip(face, 0, 1) * top * mask
        return np.rint(mixed).astype(self.frame.dtype)

    def apart(self) -> float:
        """How far the two results lie apart where the face is, so that both do the same job."""
        one, other = (to_unit(p) for p in (self.whole(), self.plain()))
        window = self.patch.alpha > 0
        both = self.patch.window(one) - self.patch.window(other)
        return float(255 * np.abs(both)[window].mean())


if __name__ == "__main__":
    main()
