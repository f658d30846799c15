"""Frames, faces and contact sheets as pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import FileResponse, Response

from understudy.errors import FileAway
from understudy.store.project import Project
from understudy.studio.api.numbers import MOST
from understudy.studio.pictures import jpeg
from understudy.studio.state import Studio

_JPEG = "image/jpeg"
# The browser keeps them for the session; an edit of landmarks changes no picture that was cut.
_KEPT = {"cache-control": "private, max-age=600"}


def router(studio: Studio) -> APIRouter:
    """Calls that answer with a picture."""
    calls = APIRouter(tags=["pictures"], default_response_class=Response)

    @calls.get("/projects/{key}/films/{film}/frames/{index}.jpg", summary="A frame of a film")
    def frame(
        key: str,
        film: str,
        index: Annotated[int, Path(ge=0, le=MOST)],
        px: Annotated[int, Query(ge=16, le=8192, description="of the longer side, at most")] = 1280,
    ) -> Response:
        project, source = studio.projects.source(key, film)
        pixels = studio.pictures.frame(project, source, index)
        return Response(jpeg(pixels, px), media_type=_JPEG, headers=_KEPT)

    @calls.get("/projects/{key}/films/{film}/faces/{face}.jpg", summary="A face of a film")
    def face(
        key: str, film: str, face: str, px: Annotated[int, Query(ge=16, le=1024)] = 128
    ) -> Response:
        project, source = studio.projects.source(key, film)
        pixels = studio.pictures.face(project, source, face)
        return Response(jpeg(pixels, px), media_type=_JPEG, headers=_KEPT)

    @calls.get(
        "/projects/{key}/renders/{render}/{kind}.png", summary="A render's sheet, look or curves"
    )
    def sheet(key: str, render: str, kind: Literal["sheet", "first-look", "curves"]) -> Response:
        with Project.open(studio.projects.folder(key), read_only=True) as project:
            id_ = project.render(render).id
            place = {
                "sheet": project.contact_sheet,
                "first-look": project.first_look,
                "curves": project.curves,
            }[kind](id_)
        if not place.is_file() or not studio.places.holds(place):
            raise FileAway(f"{render}: has no such picture yet")
        return FileResponse(place, media_type="image/png")

    return calls
