"""A folder with a project of two extracted films, and a client that has the token."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra `studio` is not installed")

from fastapi.testclient import TestClient

TOKEN = "a token of tests that is long enough to be one"
HOST = "127.0.0.1:8765"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Open:
    """A studio and its folder.

    Attributes:
        folder: the only allowed one; holds `a.mp4`, `b.mp4` and the project `p`.
        token: opens it.
        client: sends the token with every request.
        stranger: another client of the same studio, which has no token.
    """

    folder: Path
    token: str
    client: TestClient
    stranger: TestClient

    @property
    def key(self) -> str:
        """Of the project."""
        (project,) = self.client.get("/api/v1/projects").json()
        return str(project["key"])


@pytest.fixture(scope="session")
def extracted_folder(people, film, surround, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two films and a project that has their faces; not to be changed."""
    from understudy.flow import Reporter
    from understudy.plugin import default_registry
    from understudy.runs.project import add, extract_source
    from understudy.stages.extract.options import ExtractOptions
    from understudy.store.project import Project

    folder = tmp_path_factory.mktemp("studio")
    options = ExtractOptions(size=96, min_face_px=30, workers=1)
    with pytest.MonkeyPatch.context() as patch:
        surround(patch)
        with Project.open(folder / "p", create=True) as project:
            for name, pictures in (("a", people.a), ("b", people.b)):
                film(folder / f"{name}.mp4", list(pictures[:8]))
                source = add(project, folder / f"{name}.mp4", name)
                extract_source(project, source, options, default_registry(), Reporter())
    return folder


@pytest.fixture
def studio(extracted_folder: Path, tmp_path: Path) -> Iterator[Open]:
    """A studio on a copy of that folder."""
    from understudy.store.project import Project
    from understudy.studio.app import build
    from understudy.studio.gate import local_names

    folder = Path(shutil.copytree(extracted_folder, tmp_path / "films"))
    with Project.open(folder / "p") as project:  # or it would find the films of the first folder
        for source in project.sources:
            project.move_source(source.id, folder / source.path.name, source.fingerprint)
    app = build([folder], token=TOKEN, names=local_names("127.0.0.1", 8765))
    address = f"http://{HOST}"
    with (
        TestClient(app, base_url=address, headers=HEADERS) as client,
        TestClient(app, base_url=address, follow_redirects=False) as stranger,
    ):
        yield Open(folder, TOKEN, client, stranger)
