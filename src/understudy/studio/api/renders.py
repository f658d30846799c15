"""What was made: playing it, and what it says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as Number
from fastapi.responses import FileResponse, Response

from understudy.errors import FileAway, UnderstudyError
from understudy.files import read_json
from understudy.store.project import Project
from understudy.studio.api.numbers import MOST
from understudy.studio.pictures import jpeg
from understudy.studio.state import Studio
from understudy.studio.tuning import Trial

_MEDIA = {".mp4": "video/mp4", ".webm": "video/webm", ".mov": "video/mp4"}
_MOST_REPORT = 16 << 20


def router(studio: Studio) -> APIRouter:
    """Calls on renders."""
    calls = APIRouter(tags=["renders"])
    base = "/projects/{key}/renders/{render}"

    @calls.post("/projects/{key}/try", summary="A frame as these settings would make it")
    def attempt(key: str, trial: Trial) -> Response:
        studio.projects.source(key, trial.source)
        pixels = studio.tuning.frame(studio.projects.folder(key), trial)
        return Response(jpeg(pixels, min(max(trial.px, 16), 8192)), media_type="image/jpeg")

    @calls.get(f"{base}/film", summary="The film that was made; parts of it by Range")
    def film(key: str, render: str) -> FileResponse:
        place = _output(studio, key, render)
        media = _MEDIA.get(place.suffix.lower())
        if media is None:
            raise FileAway(f"{place.name}: is no film that a browser could play")
        return FileResponse(place, media_type=media, filename=place.name)

    @calls.get(f"{base}/frames/{{index}}.jpg", summary="A frame of what was made")
    def frame(
        key: str,
        render: str,
        index: Annotated[int, Number(ge=0, le=MOST)],
        px: Annotated[int, Query(ge=16, le=8192)] = 1280,
    ) -> Response:
        pixels = studio.pictures.of_file(_output(studio, key, render), index)
        head = {"cache-control": "private, max-age=60"}
        return Response(jpeg(pixels, px), media_type="image/jpeg", headers=head)

    @calls.get(f"{base}/credentials", summary="What the output says of itself")
    def credentials(key: str, render: str) -> dict[str, Any]:
        from understudy.provenance.folder import verify_folder
        from understudy.provenance.verify import verify

        place = _output(studio, key, render)
        return (verify_folder(place).whole if place.is_dir() else verify(place)).to_plain()

    @calls.get(f"{base}/report", summary="How good it is, as it was measured")
    def report(key: str, render: str) -> Any:
        with Project.open(studio.projects.folder(key), read_only=True) as project:
            place = project.folder / "renders" / project.render(render).id / "report.json"
        if not place.is_file() or not studio.places.holds(place):
            raise FileAway(f"{render}: is not scored")
        try:
            return read_json(place, _MOST_REPORT)
        except (OSError, ValueError) as error:
            raise UnderstudyError(f"{place}: cannot be read ({error})") from error

    return calls


def _output(studio: Studio, key: str, render: str) -> Path:
    with Project.open(studio.projects.folder(key), read_only=True) as project:
        place = studio.places.path(project.render(render).output)
    if not place.exists():
        raise FileAway(f"{place.name}: is not there any more, or not yet")
    return place
