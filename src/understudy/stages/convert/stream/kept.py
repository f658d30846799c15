"""Whether the segments of a conversion may stay, and how they go."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from understudy.errors import MediaError, StoreError
from understudy.files import remove_folder, rename
from understudy.media import FilmReader, probe
from understudy.media.held import Held
from understudy.stages.convert.stream.job import Job


def refuse_exchanged(held: Held, work: Path, film: FilmReader) -> None:
    """Frames of two films must not come into one, nor frames of one with the sound of another."""
    if held.changed() is None:
        return
    same = False  # of a copy, what was converted is good
    with suppress(MediaError, OSError):
        same = probe(film.path).fingerprint == film.info.fingerprint
    if not same:
        discard(work)
    held.refuse_changed()


def refuse_changed(job: Job, work: Path, film: FilmReader) -> None:
    """Faces are read as their frames come, so an edit meanwhile would be in half the film."""
    if job.faces_changed():
        discard(work)
        raise StoreError(
            f"the faces of {film.name} were edited while it was converted, so some frames show "
            "the old ones; convert it again"
        )


def discard(work: Path) -> None:
    """Remove finished segments; no death on the way leaves half a one under its own name."""
    doomed = work.with_suffix(".old")
    remove_folder(doomed)
    if work.exists():
        rename(work, doomed)
        remove_folder(doomed)
