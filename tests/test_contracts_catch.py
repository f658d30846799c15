"""The contract suites catch what they are there to catch."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from understudy.colour.reinhard import Reinhard
from understudy.swap import Batch, Crop, Knob, Outputs, Recipe
from understudy.swap.standard import StandardModel
from understudy.testing.contracts import check_colour, check_enhancer, check_swap, check_writer
from understudy.types import Frame
from understudy.write.h264 import H264Writer
from understudy.write.png import PngWriter

Pixels = NDArray[Any]


class Overwrites(Reinhard):
    def match(self, swapped: Pixels, original: Pixels, mask: Pixels) -> Pixels:
        out = super().match(swapped, original, mask)
        swapped[:] = out
        return out


class LooksOutside(Reinhard):
    def match(self, swapped: Pixels, original: Pixels, mask: Pixels) -> Pixels:
        return super().match(swapped, original, np.ones_like(mask))


class Doubles(Reinhard):
    def match(self, swapped: Pixels, original: Pixels, mask: Pixels) -> Pixels:
        return super().match(swapped, original, mask).astype(np.float64)


class Overshoots(Reinhard):
    def match(self, swapped: Pixels, original: Pixels, mask: Pixels) -> Pixels:
        return (swapped + 0.5).astype(np.float32)


class GoesApart(Reinhard):
    def match(self, swapped: Pixels, original: Pixels, mask: Pixels) -> Pixels:
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
        shutil.rmtree(work / "seg_00000.unsigned")


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


class Tiny(StandardModel):
    """One layer for everybody and a colour a person: the smallest that keeps to the contract."""

    crop = Crop(16, 16, "legacy", 1.0)
    recipe = Recipe(learning_rate=1e-2)
    knobs: Mapping[str, Knob] = {"glow": Knob("How much brighter.")}

    def __init__(self, options: None, persons: Sequence[str]) -> None:
        super().__init__(persons)
        self.body = nn.Conv2d(3, 3, 3, padding=1)
        self.tone = nn.Parameter(torch.zeros(len(self.persons), 3, 1, 1))

    def forward(self, batch: Batch) -> Outputs:
        return Outputs(self.body(batch.planes["input"]) + self.tone[list(batch.persons)])

    def convert(
        self, crops: torch.Tensor, to: str, signals: Any = None, *, glow: float = 0.0
    ) -> Outputs:
        return Outputs(self.body(crops) + self.tone[self.number_of(to)] + glow)


class ForTwoOnly(Tiny):
    def __init__(self, options: None, persons: Sequence[str]) -> None:
        super().__init__(None, tuple(persons)[:2])


class NamesParts(Tiny):
    def __init__(self, options: None, persons: Sequence[str]) -> None:
        super().__init__(None, persons)
        self.decoders = nn.ModuleDict({p: nn.Identity() for p in persons})


class LeavesOut(Tiny):
    def state_dict(self, *arguments: Any, **more: Any) -> Any:
        return {k: v for k, v in super().state_dict(*arguments, **more).items() if k != "tone"}

    def load_state_dict(self, state: Any, strict: bool = True, assign: bool = False) -> Any:
        return super().load_state_dict(state, strict=False)


class Remembers(Tiny):
    """Something counts that is not saved."""

    seen = 0

    def forward(self, batch: Batch) -> Outputs:
        if self.training:
            self.seen += 1
        shown = super().forward(batch)
        return Outputs(shown.rgb * (1 + 0.1 * self.seen))


class AsksNeighbours(Tiny):
    def convert(
        self, crops: torch.Tensor, to: str, signals: Any = None, *, glow: float = 0.0
    ) -> Outputs:
        return super().convert(crops - crops.mean((0, 2, 3), keepdim=True), to, signals, glow=glow)


class TakesAnybody(Tiny):
    def number_of(self, person: str) -> int:
        return self.persons.index(person) if person in self.persons else 0


class Chance(Tiny):
    def init_from(self, batches: Sequence[Batch]) -> None:
        self.tone.copy_(torch.rand(self.tone.shape))


class Overflows(Tiny):
    def init_from(self, batches: Sequence[Batch]) -> None:
        self.tone /= 0


class OneNumberTooFew(Tiny):
    def loss(self, outputs: Outputs, batch: Batch, group: str) -> Any:
        return {"pixels": (outputs.rgb - batch.planes["rgb"]).abs().mean((0, 2, 3))}


def test_a_small_model_keeps_to_it() -> None:
    check_swap(Tiny)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (ForTwoOnly, "persons: expected"),
        (LeavesOut, "does not hold all|interrupted goes on differently"),
        (Remembers, "interrupted goes on differently"),
        (AsksNeighbours, "company changes a face"),
        (TakesAnybody, "converting to an unknown person was taken"),
        (Chance, "gives two results"),
        (Overflows, "not finite"),
        (OneNumberTooFew, "expected a number a face"),
    ],
)
def test_swap(model: type[Tiny], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_swap(model)


def test_swap_with_persons_as_names_of_parts() -> None:
    with pytest.raises(KeyError, match=r'can\'t contain "\."|attribute'):
        check_swap(NamesParts)


class Enhances:
    face_px = None
    fingerprint = "1"

    def enhance(self, pictures: Pixels) -> Pixels:
        return pictures.copy()


class Shrinks(Enhances):
    def enhance(self, pictures: Pixels) -> Pixels:
        return pictures[:, ::2, ::2].copy()


class LooksAtNeighbours(Enhances):
    def enhance(self, pictures: Pixels) -> Pixels:
        return (0.9 * pictures + 0.1 * pictures.mean(0)).astype(np.float32)


class Darkens(Enhances):
    def enhance(self, pictures: Pixels) -> Pixels:
        return pictures * np.float32(0.3)


class Unnamed(Enhances):
    fingerprint = ""


@pytest.mark.parametrize(
    ("enhancer", "said"),
    [
        (Shrinks, "made smaller: 24 to 12"),
        (LooksAtNeighbours, "hangs on its neighbours"),
        (Darkens, "the mean colour moved"),
        (Unnamed, "no fingerprint"),
    ],
)
def test_of_enhancers(enhancer: type[Enhances], said: str) -> None:
    check_enhancer(Enhances())
    with pytest.raises(AssertionError, match=said):
        check_enhancer(enhancer())
