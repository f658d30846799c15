"""Looking through the faces of a film, and choosing which are learnt from."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response

from understudy.errors import UnderstudyError, ValueRefused
from understudy.runs.correcting import choosing
from understudy.store.columns import Columns, columns
from understudy.studio.api.numbers import MOST
from understudy.studio.pictures import jpeg
from understudy.studio.sprites import ACROSS
from understudy.studio.sprites import MOST as MOST_FACES
from understudy.studio.state import Studio


@dataclass(frozen=True)
class Look:
    """Faces of a film in columns.

    Attributes:
        version: of what was seen, to be sent with an edit.
        left_out: ids of those that are not learnt from, of all of the film.
        uncut: how many of those that are shown have no picture.
        columns: see `Columns`.
    """

    version: str
    left_out: list[str]
    uncut: int
    columns: Columns


@dataclass(frozen=True)
class Choice:
    """Faces to be left out or taken back, and the version that was looked at."""

    ids: list[str]
    version: str


@dataclass(frozen=True)
class Chosen:
    """The version after an edit, and ids of all that are left out."""

    version: str
    left_out: list[str]


def router(studio: Studio) -> APIRouter:
    """Calls on the faces of a film."""
    calls = APIRouter(tags=["faces"])
    base = "/projects/{key}/films/{film}/faces"

    @calls.get(f"{base}/columns", summary="Faces of a film in columns, for a grid")
    def look(
        key: str,
        film: str,
        limit: Annotated[int | None, Query(ge=1, le=MOST)] = None,
        offset: Annotated[int, Query(ge=0, le=MOST)] = 0,
    ) -> Response:
        project, source = studio.projects.source(key, film)
        path = project.alignments(source.id)
        if not path.exists():
            return _json(Look("", [], 0, Columns(0)))
        pictures = choosing.pictures_of(project, source)
        found = columns(path, limit, offset)
        uncut = sum(pictures.place(id_) is None for id_ in found.ids)
        return _json(Look(pictures.version, _ids(pictures), uncut, found))

    @calls.get(f"{base}.jpg", summary="Small pictures of many faces in one")
    def sheet(
        key: str,
        film: str,
        ids: Annotated[
            str, Query(description=f"of at most {MOST_FACES} faces, with commas between")
        ],
        px: Annotated[int, Query(ge=16, le=256, description="side of each")] = 96,
    ) -> Response:
        project, source = studio.projects.source(key, film)
        wanted = ids.split(",")
        if len(wanted) > MOST_FACES:
            raise ValueRefused(f"ids: at most {MOST_FACES} at once, got {len(wanted)}")
        places = choosing.places_of(project, source, wanted)

        def cut(id_: str) -> Any:
            with suppress(UnderstudyError):
                return studio.pictures.face(project, source, id_)
            return None

        pixels = studio.sprites.sheet(wanted, places, px, cut)
        head = {"cache-control": "private, max-age=600", "x-faces-across": str(ACROSS)}
        return Response(jpeg(pixels, 10**6), media_type="image/jpeg", headers=head)

    @calls.post(f"{base}/leave-out", summary="Learn nothing from these faces")
    def leave_out(key: str, film: str, choice: Annotated[Choice, Body()]) -> Chosen:
        project, source = studio.projects.source(key, film)
        pictures = choosing.leave_out(project, source, choice.ids, choice.version)
        return Chosen(pictures.version, _ids(pictures))

    @calls.post(f"{base}/take-back", summary="Learn from these faces again")
    def take_back(key: str, film: str, choice: Annotated[Choice, Body()]) -> Chosen:
        project, source = studio.projects.source(key, film)
        pictures = choosing.take_back(project, source, choice.ids, choice.version)
        return Chosen(pictures.version, _ids(pictures))

    return calls


def _ids(pictures: choosing.Pictures) -> list[str]:
    return [choosing.id_of(name) for name in pictures.left_out]


def _json(look: Look) -> Response:
    """Half a million numbers that are plain already: FastAPI, or `asdict`, would look at each."""
    columns_ = {each.name: getattr(look.columns, each.name) for each in fields(look.columns)}
    plain = {each.name: getattr(look, each.name) for each in fields(look)} | {"columns": columns_}
    return Response(json.dumps(plain), media_type="application/json")
