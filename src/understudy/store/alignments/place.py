"""Where a film's alignments lie: beside it, each film in a file of its own.

`clip.mp4` has `clip.alignments`. Where that is another's (`clip.mov`, or the folder `clip` of a
film's frames), it has `clip.mp4.alignments`, and a folder `clip` has `clip.folder.alignments`.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from understudy.errors import UnderstudyError
from understudy.store.alignments import record, rows
from understudy.store.sqlite import database

SUFFIX = ".alignments"


def alignments_path(media: Path) -> Path:
    """Where the alignments of a film or folder of images lie, or will lie.

    A file belongs to the film whose name it remembers. Where no such film lies beside it any more,
    the film was renamed, and whoever has the file's name is it.
    """
    names = alignments_names(media)
    for path in names:
        if path.is_file() and _is_of(path, Path(media).name):
            return path
    return next((path for path in names if not path.exists()), names[-1])


def alignments_names(media: Path) -> tuple[Path, Path]:
    """The name that a film's alignments have, and the one where another film has that."""
    media = Path(media).absolute()
    if media.is_dir():
        stem, whole = media.name, f"{media.name}.folder"
    else:
        stem, whole = media.stem, media.name
    return media.with_name(stem + SUFFIX), media.with_name(whole + SUFFIX)


def _is_of(path: Path, media: str) -> bool:
    owner = _owner(path)
    return owner in ("", media) or not path.with_name(owner).exists()


def _owner(path: Path) -> str:
    """Name of the film that a file is of; "" where it cannot be read, which its user will say."""
    try:
        with (
            closing(database.connect(path, rows.SCHEMA, read_only=True)) as db,
            database.reading(path, rows.SCHEMA),
        ):
            return record.select_source(db).name
    except UnderstudyError:
        return ""
