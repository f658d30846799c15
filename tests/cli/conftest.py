from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from understudy.cli import main
from understudy.provenance.consent import Declaration, keep_declarations, now


@dataclass(frozen=True)
class Said:
    """How the command left, and all that it printed."""

    code: int
    out: str
    err: str

    def refused(self, *words: str, code: int = 1) -> None:
        """It left with this code and one clear message that holds these words."""
        assert self.code == code, self
        assert "Traceback" not in self.out + self.err
        errors = [line for line in self.err.splitlines() if line.startswith("error:")]
        assert len(errors) == 1, self.err
        for word in words:
            assert word in errors[0], errors[0]

    def worked(self) -> Said:
        assert self.code == 0, self
        return self


Understudy = Callable[..., Said]


@pytest.fixture
def understudy(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    quick: Callable[[pytest.MonkeyPatch], None],
) -> Understudy:
    """The command, as its entry point runs it."""
    quick(monkeypatch)

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["understudy", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        return Said(int(left.value.code or 0), told.out, told.err)

    return run


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the smallest model that trains, known to commands as long as the test lasts."""
    from understudy.plugin import KINDS, Registry, default_registry
    from understudy.testing.tiny import TINY

    known = [p for kind in KINDS for p in default_registry().of_kind(kind)]
    monkeypatch.setattr("understudy.plugin.registry._installed", Registry([TINY, *known]))
    return TINY.name


EXTRACT = ("--size", 96, "--min-face-px", 30, "--workers", 1)
SMALL = ("--swap.mesh.texture", 128, "--swap.mesh.components", 8)
"""A skin of a quarter of the texels: the closed form that begins each model is most of its cost."""
TRAIN = ("--iterations", 2, "--batch", 2, "--threads", 1, "--previews", 1, *SMALL)
CONVERT = ("--preset", "ultrafast")
UNSCORED = ("--score-faces", 0, "--no-score")
"""Looking at results takes longer than making such small ones."""


@dataclass(frozen=True)
class Place:
    """A folder with two films, a consent file, and room for what is made."""

    folder: Path

    @property
    def a(self) -> Path:
        return self.folder / "a.mp4"

    @property
    def b(self) -> Path:
        return self.folder / "b.mp4"

    @property
    def consent(self) -> Path:
        return self.folder / "agreed.toml"

    @property
    def out(self) -> Path:
        return self.folder / "out.mp4"

    @property
    def project(self) -> Path:
        return self.folder / "out.understudy"

    def swap(
        self,
        *changes: object,
        a: Path | None = None,
        b: Path | None = None,
        scored: bool = False,
    ) -> list[object]:
        """The whole job, without a look at what came out unless that is asked for."""
        films = [a or self.a, b or self.b]
        rest = ["-o", self.out, "--consent", self.consent, *EXTRACT, *TRAIN, *CONVERT]
        return ["swap", *films, *rest, *(() if scored else UNSCORED), *changes]


@pytest.fixture(scope="session")
def first_place(people, film, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Nothing made yet; not to be changed."""
    place = Place(tmp_path_factory.mktemp("place"))
    film(place.a, list(people.a[:8]))
    film(place.b, list(people.b[:8]))
    keep_declarations(
        place.consent,
        [
            Declaration(side, "Nobody", "synthetic", True, False, "tests", "education", "us", now())
            for side in ("a", "b")
        ],
    )
    return place


@pytest.fixture
def place(first_place: Place, tmp_path: Path) -> Place:
    """A copy of the place where nothing was made yet."""
    folder = tmp_path / "place"
    shutil.copytree(first_place.folder, folder)
    return Place(folder)


@pytest.fixture(scope="session")
def done_place(
    first_place: Place,
    surround: Callable[[pytest.MonkeyPatch], None],
    quick: Callable[[pytest.MonkeyPatch], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Place:
    """A place where the whole job was done; not to be changed."""
    place = Place(tmp_path_factory.mktemp("done") / "place")
    shutil.copytree(first_place.folder, place.folder)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as left:
        surround(patch)
        quick(patch)
        patch.setattr(sys, "argv", ["understudy", *map(str, place.swap(scored=True))])
        main()
    assert not left.value.code
    return place


def _link_weights(source: str, target: str) -> None:
    """Checkpoints are large, and nothing ever writes into one."""
    if source.endswith(".safetensors"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


@pytest.fixture
def done(done_place: Place, tmp_path: Path) -> Place:
    """A copy of the place where the whole job was done, without its output."""
    folder = tmp_path / "done"
    shutil.copytree(done_place.folder, folder, copy_function=_link_weights)
    place = Place(folder)
    place.out.unlink()
    for receipt in (place.project / "work").iterdir():
        receipt.unlink()
    return place
