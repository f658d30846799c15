"""The contract suites catch what they are there to catch."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.colour.reinhard import Reinhard
from understudy.testing.contracts import check_colour, check_writer
from understudy.types import Frame
from understudy.write.h264 import H264Writer
from understudy.write.png import PngWriter

Crop = NDArray[Any]


class Overwrites(Reinhard):
    def match(self, swapped: Crop, original: Crop, mask: Crop) -> Crop:
        out = super().match(swapped, original, mask)
        swapped[:] = out
        return out


class LooksOutside(Reinhard):
    def match(self, swapped: Crop, original: Crop, mask: Crop) -> Crop:
        return super().match(swapped, original, np.ones_like(mask))


class Doubles(Reinhard):
    def match(self, swapped: Crop, original: Crop, mask: Crop) -> Crop:
        return super().match(swapped, original, mask).astype(np.float64)


class Overshoots(Reinhard):
    def match(self, swapped: Crop, original: Crop, mask: Crop) -> Crop:
        return (swapped + 0.5).astype(np.float32)


class GoesApart(Reinhard):
    def match(self, swapped: Crop, original: Crop, mask: Crop) -> Crop:
        return np.clip(2 * swapped - super().match(swapped, original, mask), 0, 1)


@pytest.mark.parametrize(
    ("matcher", "said"),
    [
        (Overwrites, "must not be changed"),
        (LooksOutside, "outside the mask change those inside"),
        (Doubles, "expected float32, got float64"),
        (Overshoots, r"out of 0\.\.1"),
        (GoesApart, "colours went apart"),
    ],
)
def test_colour(matcher: type[Reinhard], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_colour(matcher())


class KeepsHalf(PngWriter):
    def write_segment(self, work: Path, number: int, frames: Iterable[Frame]) -> None:
        kept = []
        try:
            kept.extend(frames)
        finally:
            super().write_segment(work, number, kept)


class EvenTimes(H264Writer):
    def write_segment(self, work: Path, number: int, frames: Iterable[Frame]) -> None:
        def moved() -> Iterable[Frame]:
            for frame in frames:
                at = frame.at
                even = type(at)(at.index, 24 * at.index, at.time_base)
                yield Frame(even, frame.pixels, frame.source)

        super().write_segment(work, number, moved())


class DropsOne(PngWriter):
    def finish(self, work: Path, segments: int, target: Path) -> None:
        super().finish(work, segments, target)
        sorted(target.glob("*.png"))[-1].unlink()


class UsesUp(PngWriter):
    def finish(self, work: Path, segments: int, target: Path) -> None:
        super().finish(work, segments, target)
        shutil.rmtree(work / "seg_00000")


class Darkens(PngWriter):
    def write_segment(self, work: Path, number: int, frames: Iterable[Frame]) -> None:
        dark = (Frame(f.at, f.pixels // 2, f.source) for f in frames)
        super().write_segment(work, number, dark)


@pytest.mark.parametrize(
    ("writer", "said"),
    [
        (KeepsHalf, "half a segment passes for a whole one"),
        (EvenTimes, "times differ"),
        (DropsOne, "11 frames went in, 10 came out"),
        (UsesUp, "finishing uses segments up"),
        (Darkens, r"frame 0 is [\d.]+ from the source's"),
    ],
)
def test_write(writer: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=said):
        check_writer(writer, tmp_path)
