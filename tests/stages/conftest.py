"""What the stages' tests work on: extracted films, and a model whose faces are plain colours."""

from __future__ import annotations

import shutil
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from understudy.flow import Silent
from understudy.nn import checkpoint
from understudy.plugin import Plugin, Registry, default_registry
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import Declaration, now
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.stage import ConvertInputs, ConvertReport, convert
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, ExtractReport, extract
from understudy.stages.release.stage import Label
from understudy.store.alignments import alignments_path
from understudy.swap import Crop, Outputs, Recipe
from understudy.swap.standard import StandardModel

EXTRACTING = ExtractOptions(size=96, min_face_px=30, workers=1)
CONVERTING: dict[str, Any] = {
    "mask": "extended",
    "feather": 0.12,
    "erode": 0.0,
    "match_colour": "none",
    "write": {"h264": {"preset": "ultrafast"}},
}
EVERYBODY_B = {"all": "b"}
PAINT = {"a": (1.0, 0.0, 0.0), "b": (0.0, 0.0, 1.0)}


class Painted(StandardModel):
    """Shows everybody as a plain square in the colour of the person asked for."""

    crop = Crop(input_px=32, output_px=64, centering="face", coverage=0.9)
    recipe = Recipe(learning_rate=1e-3)

    def __init__(self, options: None, persons: Sequence[str]) -> None:
        super().__init__(persons)
        colours = [nn.Parameter(torch.tensor(PAINT[p]), requires_grad=False) for p in persons]
        self.colours = nn.ParameterList(colours)

    def convert(self, crops: Tensor, to: str, signals: Any = None) -> Outputs:
        colour = self.colours[self.number_of(to)]
        return Outputs(colour.view(1, 3, 1, 1).expand(len(crops), 3, 64, 64))


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    """All plug-ins, and the painted model."""
    module: Any = types.ModuleType("tests_painted")
    module.Painted = Painted
    sys.modules[module.__name__] = module
    painted = Plugin("swap", "painted", "tests_painted:Painted", "plain colours")
    known = default_registry()
    kinds = ("detect", "align", "mask", "embed", "swap", "enhance", "colour", "write", "score")
    yield Registry([painted, *(p for kind in kinds for p in known.of_kind(kind))])
    del sys.modules[module.__name__]


@pytest.fixture(scope="session")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with the painted model."""
    folder = tmp_path_factory.mktemp("painted")
    state = checkpoint.State(7, "painted", "1", {}, seed=1, trained_s=1.0, persons=("a", "b"))
    checkpoint.save(folder, state, {"weights": Painted(None, ("a", "b")).state_dict()})
    return folder


@dataclass(frozen=True)
class Footage:
    """An extracted film."""

    media: Path
    faces: Path
    report: ExtractReport

    @property
    def alignments(self) -> Path:
        return alignments_path(self.media)

    def copy(self, folder: Path) -> Footage:
        """The same in another place, to be spoilt."""
        folder.mkdir(parents=True, exist_ok=True)
        media, faces = folder / self.media.name, folder / "faces"
        shutil.copy2(self.media, media)
        shutil.copy2(self.alignments, alignments_path(media))
        shutil.copytree(self.faces, faces)
        return Footage(media, faces, self.report)


Extracted = Callable[..., Footage]


@pytest.fixture(scope="session")
def extracted(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Extracted:
    """Extracts a copy of a film, so that no test finds what another one made."""

    def run(film: Path, options: ExtractOptions = EXTRACTING) -> Footage:
        media = Path(shutil.copy2(film, tmp_path_factory.mktemp("extracted")))
        faces = media.parent / "faces"
        report = extract(ExtractInputs(media, faces), options, registry, Silent())
        return Footage(media, faces, report)

    return run


def declared() -> list[Declaration]:
    return [
        Declaration(person, "Nobody", "synthetic", True, False, "tests", "education", "us", now())
        for person in ("a", "b")
    ]


@dataclass
class Converter:
    """Converts with the painted model, colours unmatched unless asked for otherwise."""

    registry: Registry
    model: Path
    folder: Path

    def inputs(
        self, footage: Footage, name: str, casting: Any = EVERYBODY_B, **label: Any
    ) -> ConvertInputs:
        facts = {"declarations": declared(), "plates": ("a",), "donors": ("b",), **label}
        audit = AuditLog(self.folder / "audit.jsonl")
        return ConvertInputs(
            media=footage.media,
            alignments=footage.alignments,
            faces=footage.faces,
            model=self.model,
            output=self.folder / name,
            work=self.folder / "work",
            label=Label(audit=audit, **facts),
            casting=casting,
        )

    def __call__(
        self,
        footage: Footage,
        name: str,
        progress: Silent | None = None,
        casting: Any = EVERYBODY_B,
        **options: Any,
    ) -> ConvertReport:
        chosen = ConvertOptions(**{**CONVERTING, **options})
        inputs = self.inputs(footage, name, casting)
        return convert(inputs, chosen, self.registry, progress or Silent())


@pytest.fixture
def converter(registry: Registry, painted: Path, tmp_path: Path) -> Converter:
    return Converter(registry, painted, tmp_path)


@pytest.fixture(scope="session")
def couple(people, film, extracted, tmp_path_factory):
    """Both actors side by side, A the larger, 8 frames."""
    small = np.pad(people.b[:8, ::1, 8:152], ((0, 0), (0, 40), (0, 0), (0, 0)), "edge")
    large = np.stack([np.kron(p, np.ones((2, 2, 1), np.uint8)) for p in people.a[:8, :80, 30:130]])
    both = np.concatenate([large, small], 2)
    path = film(tmp_path_factory.mktemp("couple") / "couple.mp4", list(both), sound=False)
    found = extracted(path)
    assert found.report.faces == 16
    return found
