"""Triangles to pixels: a thin, calibrated shell around OpenCV's depth-buffered rasteriser.

Every surface of an actor is a grid of vertices, so the three interpolated numbers per pixel are
the row and column in that grid and the surface's id; whatever else shading needs is looked up
with `cv2.remap`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
FAR_MM = 5000.0
EMPTY_MM = 4500.0  # the rasteriser returns slightly less than FAR_MM where it drew nothing
NEAR_MM = 50.0
_LINE = 512


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the image plane that is drawn, at its own sampling rate.

    Convention:
        A camera point (x, y, z), z < 0 in front, lands on ((centre_x - focal * x / z - left) *
        scale, (centre_y + focal * y / z - top) * scale) in window pixels, pixel i covering [i,
        i+1).
    """

    focal: float
    centre: tuple[float, float]
    left: float
    top: float
    width: int
    height: int
    scale: float = 1.0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in window pixels."""
        return round(self.height * self.scale), round(self.width * self.scale)

    def project(self, camera: F32) -> F32:
        """Window pixels (..., 2) of camera points (..., 3)."""
        x = self.centre[0] - self.focal * camera[..., 0] / camera[..., 2] - self.left
        y = self.centre[1] + self.focal * camera[..., 1] / camera[..., 2] - self.top
        return np.asarray(np.stack([x, y], axis=-1) * self.scale, np.float32)


def rasterise(
    camera: F32, triangles: NDArray[np.int32], values: F32, window: Window
) -> tuple[F32, F32]:
    """Draw triangles: interpolated values (h, w, 3), zero where empty, and depth (h, w) in mm.

    Args:
        camera: (N, 3) float32 vertices in the camera's frame.
        triangles: (T, 3) int32 vertex indices, counter-clockwise seen from outside; others are
            culled.
        values: (N, 3) float32 what to interpolate.
        window: the part of the image plane to draw.
    """
    height, width = window.shape
    colour = np.zeros((height, width, 3), np.float32)
    depth = np.full((height, width), FAR_MM, np.float32)
    rasterise_over(camera, triangles, values, window, colour, depth)
    return colour, depth


def rasterise_over(
    camera: F32, triangles: NDArray[np.int32], values: F32, window: Window, colour: F32, depth: F32
) -> None:
    """Draw triangles over what is drawn, where they are nearer; both buffers change."""
    cv2.triangleRasterize(
        _sheared(camera, window), triangles, values, colour, depth, *_camera(window), _settings()
    )


def depth_of(camera: F32, triangles: NDArray[np.int32], window: Window) -> F32:
    """Depth (h, w) in mm only, for shadow maps."""
    depth = np.full(window.shape, FAR_MM, np.float32)
    cv2.triangleRasterizeDepth(
        _sheared(camera, window), triangles, depth, *_camera(window), _settings()
    )
    return depth


def _sheared(camera: F32, window: Window) -> F32:
    # OpenCV's camera looks through the middle of its buffer; a shear moves any other window there.
    shear_x = (window.centre[0] - window.left - window.width / 2) / window.focal
    shear_y = (window.centre[1] - window.top - window.height / 2) / window.focal
    out = camera.copy()
    out[:, 0] -= shear_x * camera[:, 2]
    out[:, 1] += shear_y * camera[:, 2]
    return out


def _camera(window: Window) -> tuple[F32, float, float, float]:
    fov_y = 2 * np.arctan(window.height / 2 / window.focal)
    return np.eye(4, dtype=np.float32), float(fov_y), NEAR_MM, FAR_MM


def _settings() -> cv2.TriangleRasterizeSettings:
    settings = cv2.TriangleRasterizeSettings()
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    settings.setCullingMode(cv2.RASTERIZE_CULLING_CW)
    return settings


def look_up(atlas: F32, x: F32, y: F32) -> F32:
    """Bilinear values (N,) or (N, D) at places, in lines because remap limits the height."""
    count = len(x)
    lines = -(-count // _LINE)
    places = np.zeros((2, lines * _LINE), np.float32)
    places[0, :count], places[1, :count] = x, y
    map_x, map_y = places.reshape(2, lines, _LINE)
    found = cv2.remap(atlas, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(lines * _LINE, *atlas.shape[2:])[:count], np.float32)
