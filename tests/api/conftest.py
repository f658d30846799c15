"""A folder as a researcher would have it: films of two actors, extracted, and a model of both."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import understudy as us

SMALL = {"mesh": {"texture": "128", "components": 8}}
EXTRACTING = {"size": 96, "min_face_px": 30, "workers": 1}


def _declare(path: Path, *persons: str) -> Path:
    from understudy.provenance.consent import keep_declarations, now

    keep_declarations(
        path,
        [
            us.Declaration(p, "Nobody", "synthetic", True, False, "tests", "education", "us", now())
            for p in persons
        ],
    )
    return path


@pytest.fixture(autouse=True)
def _quick(quick: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)


@pytest.fixture(scope="session")
def made(
    people,
    film,
    quick: Callable[[pytest.MonkeyPatch], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """`ann.mp4`, `bob.mp4`, a still `ann.png`, faces of both, the model `pair`; read only."""
    from understudy.imaging.png import encode_png

    folder = tmp_path_factory.mktemp("api")
    film(folder / "ann.mp4", list(people.a), sound=False)
    film(folder / "bob.mp4", list(people.b), sound=False)
    (folder / "ann.png").write_bytes(encode_png(people.a[0]))
    _declare(folder / "consent.toml", "ann", "bob")
    found = {
        name: us.extract(folder / f"{name}.mp4", progress=None, **EXTRACTING)
        for name in ("ann", "bob")
    }
    # scored, as the guide has it; tests that train again leave that out
    with pytest.MonkeyPatch.context() as patch:
        quick(patch)
        us.train(
            found,
            iterations=2,
            batch=2,
            into=folder / "pair",
            progress=None,
            previews=2,
            swap=SMALL,
        )
    return folder


@pytest.fixture
def studio(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, to be changed, and the current folder."""
    folder = Path(shutil.copytree(made, tmp_path / "studio"))
    monkeypatch.chdir(folder)
    return folder
