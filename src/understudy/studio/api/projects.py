"""Projects, the films in them, and whom these show."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query

from understudy.errors import ValueRefused
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query as Wanted
from understudy.store.ids import NOBODY
from understudy.store.project import Project
from understudy.studio.api.numbers import MOST
from understudy.studio.disk import DiskUse, disk_use
from understudy.studio.glance import ProjectState
from understudy.studio.state import Studio

Whole = Annotated[int | None, Query(ge=0, le=MOST)]
Size = Annotated[float | None, Query(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class NewProject:
    """A project to be made.

    Attributes:
        folder: as a path, relative to the studio's first folder.
        new: refuse one that is there already instead of opening it.
    """

    folder: str
    new: bool = False


@dataclass(frozen=True)
class NewFilm:
    """A film to be added: where it lies, and whom everybody in it shows."""

    path: str
    person: str | None = None


@dataclass(frozen=True)
class Names:
    """Whom found persons show: number found, or "all", to a name; null takes it away."""

    names: dict[str, str | None]


@dataclass(frozen=True)
class FaceAt:
    """A face: its id, frame, the detector's score, its track, and whether it is out of date."""

    id: str
    frame: int
    score: float
    track: int | None
    stale: bool


@dataclass(frozen=True)
class FacesPage:
    """Some of the faces that were asked for: `total` counts all of them."""

    total: int
    faces: list[FaceAt] = field(default_factory=list)


def router(studio: Studio) -> APIRouter:
    """Calls on projects."""
    calls = APIRouter(tags=["projects"])

    @calls.get("/projects", summary="Every project in the allowed folders, at a glance")
    def projects() -> list[ProjectState]:
        return [studio.projects.state(folder) for folder in studio.projects.folders()]

    @calls.post("/projects", status_code=201, summary="Make a project")
    def make(new: NewProject) -> ProjectState:
        folder = studio.places.path(new.folder)
        if new.new and folder.exists():
            raise ValueRefused(f"{folder}: is there already; choose another name")
        with Project.open(folder, create=True):
            pass
        studio.projects.folders()
        return studio.projects.state(folder)

    @calls.get("/projects/{key}", summary="One project at a glance")
    def project(
        key: str,
        whole: Annotated[bool, Query(description="with models, renders and stages")] = True,
    ) -> ProjectState:
        return studio.projects.state(studio.projects.folder(key), whole=whole)

    @calls.get("/projects/{key}/disk", summary="What a project takes of the disk")
    def disk(key: str) -> DiskUse:
        with Project.open(studio.projects.folder(key), read_only=True) as opened:
            return disk_use(opened)

    @calls.post("/projects/{key}/films", status_code=201, summary="Add a film or folder")
    def film(key: str, new: NewFilm) -> ProjectState:
        from understudy.runs.project import add

        place: Path = studio.places.path(new.path)
        with Project.open(studio.projects.folder(key)) as opened:
            add(opened, place, new.person)
            return studio.projects.state(opened.folder)

    @calls.put("/projects/{key}/films/{film}/names", summary="Say whom found persons show")
    def name(key: str, film: str, names: Names) -> ProjectState:
        from understudy.runs import cast

        _, source = studio.projects.source(key, film)
        words = []
        for number, whom in names.names.items():
            if number != "all" and not number.isdecimal():
                raise ValueRefused(f"names: expected numbers or all, got {number!r:.40}")
            where = source.id if number == "all" else f"{source.id}:{number}"
            words.append(f"{where}={whom or NOBODY}")
        with Project.open(studio.projects.folder(key)) as opened:
            cast.name(opened, words)
            return studio.projects.state(opened.folder)

    @calls.get("/projects/{key}/films/{film}/faces", summary="Faces of a film, filtered, by page")
    def faces(
        key: str,
        film: str,
        person: Whole = None,
        track: Whole = None,
        first: Whole = None,
        last: Whole = None,
        min_size_px: Size = None,
        max_size_px: Size = None,
        min_average_distance: Annotated[
            float | None,
            Query(
                ge=0,
                allow_inf_nan=False,
                description="of landmarks to the mean face; above .2 are failures",
            ),
        ] = None,
        offset: Annotated[int, Query(ge=0, le=MOST)] = 0,
        limit: Annotated[int, Query(ge=1, le=5000)] = 500,
    ) -> FacesPage:
        project, source = studio.projects.source(key, film)
        path = project.alignments(source.id)
        if not path.exists():
            return FacesPage(0)
        wanted = Wanted(
            frames=None if first is None and last is None else (first, last),
            size_px=_bounds(min_size_px, max_size_px),
            average_distance=_bounds(min_average_distance, None),
            person=person,
            track=track,
        )
        with Alignments.open(path, read_only=True) as store:
            rows = store.select(wanted, limit, offset)
            return FacesPage(store.count(wanted), [FaceAt(*row) for row in rows])

    return calls


def _bounds(low: float | None, high: float | None) -> tuple[float | None, float | None] | None:
    return None if low is None and high is None else (low, high)
