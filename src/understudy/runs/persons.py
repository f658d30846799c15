"""Pictures of who was found in a film, kept as fresh as what is known of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from understudy.errors import StoreError
from understudy.files import make_folder
from understudy.imaging.png import encode_png
from understudy.stages.cast.found import found_persons
from understudy.stages.cast.sheet import cast_sheet
from understudy.store.alignments import Alignments
from understudy.store.atomic import commit_bytes
from understudy.store.project import Project, Source

_MOST_ROWS = 24


def draw_persons(project: Project, source: Source) -> Path | None:
    """Draw the persons of a film, the first 24 by number.

    Returns:
        The PNG, in the project's folder of the film; None where nobody was found.

    Raises:
        StoreError: the film is away, or its alignments or pictures cannot be read.
    """
    path = project.alignments(source.id)
    if source.kind != "film" or not path.exists():
        return None
    with Alignments.open(path, read_only=True) as store:
        found = found_persons(store)[:_MOST_ROWS]
        if not found:
            return None
        names = {p.number: source.person_of(p.number) or "no name yet" for p in found}
        drawn = cast_sheet(store, project.faces(source.id), found, names)
    sheet = project.cast_sheet(source.id)
    make_folder(sheet.parent)
    commit_bytes(sheet, encode_png(drawn))
    return sheet


def freshen(project: Project, source: Source) -> Path | None:
    """Draw the persons of a film where that was not done since its faces changed.

    What cannot be drawn is left as it is: whoever did the work before must not fail for a picture.
    """
    sheet = project.cast_sheet(source.id)
    with suppress(StoreError, OSError):
        faces_at = project.alignments(source.id).stat().st_mtime_ns
        if sheet.exists() and sheet.stat().st_mtime_ns >= faces_at:
            return sheet
        return draw_persons(project, source)
    return None
