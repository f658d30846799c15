"""Face pictures to train on, made of ellipses."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.geometry.templates import MEAN_FACE_51
from understudy.store.faceset import FaceRecord, write_face_png
from understudy.types import Alignment, Face, Mask, Timestamp
from understudy.types.frame import frame_space

FRAME = frame_space(160, 120)


def _landmarks(generator: np.random.Generator) -> np.ndarray:
    jaw = np.linspace(np.pi * 0.95, np.pi * 0.05, 17)
    outline = np.stack([0.5 + 0.65 * np.cos(jaw), 0.35 + 0.85 * np.sin(jaw)], 1)
    unit = np.concatenate([outline, MEAN_FACE_51])
    centre = np.array([45, 30]) + generator.uniform(-4, 4, 2)
    return unit * generator.uniform(48, 56) + centre


def write(
    folder: Path, index: int, tone: tuple[int, int, int], seed: int, track: int | None = None
) -> None:
    """A face of ellipses in a frame, cut out as extraction does."""
    generator = np.random.default_rng((seed, index))
    points = _landmarks(generator)
    frame = np.full((120, 160, 3), 90, np.uint8)
    cv2.fillConvexPoly(frame, cv2.convexHull(points.astype(np.int32)), tone)
    opened = int(generator.integers(1, 6))
    for part, colour in (
        (slice(36, 42), (255,) * 3),
        (slice(42, 48), (255,) * 3),
        (slice(48, 60), (160, 40, 40)),
    ):
        x, y = points[part].mean(0).astype(int)
        cv2.ellipse(frame, (int(x), int(y)), (7, opened), 0, 0, 360, colour, -1)
    alignment = Alignment.fit(points, FRAME)
    grid = alignment.crop(64, 1.0, "face")
    alpha = np.zeros((64, 64), np.float32)
    hull = cv2.convexHull(np.rint(grid.points(points)).astype(np.int32))
    cv2.fillConvexPoly(alpha, hull, 1.0)
    crop = alignment.crop(96, 1.0, "head")
    pixels = cv2.warpAffine(frame, crop.index_matrix[:2], (96, 96), borderMode=cv2.BORDER_REPLICATE)
    face = Face(
        f"{index}_0",
        Timestamp(index, index, Fraction(1, 25)),
        np.array([0, 0, 9, 9]),
        1.0,
        alignment,
        {"extended": Mask("extended", alpha, grid)},
        track=track,
    )
    record = FaceRecord(face, crop, "head", 1.0, "clip.mp4", "f" * 8, (160, 120))
    write_face_png(folder / f"clip_{index:06d}_0.png", pixels, record, durable=False)


@pytest.fixture(scope="module")
def facesets(tmp_path_factory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("faces")
    for person, tone, seed in (("a", (200, 160, 140), 1), ("b", (130, 90, 70), 2)):
        (root / person).mkdir()
        for index in range(5):
            write(root / person, index, tone, seed)
    return root / "a", root / "b"


@pytest.fixture(scope="session")
def write_face() -> Callable[..., None]:
    """Writes one face picture: folder, index, tone, seed, track."""
    return write
