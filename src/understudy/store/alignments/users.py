"""Which projects use an alignments file that lies beside a film, noted in the file itself.

Several projects may work with one film. Who changes its faces must know whose faces these are as
well, and nothing but the file is known to all of them. Reading locks nobody out. A project that
was moved or deleted stays noted; whether it is still there is the reader's question.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from understudy.store import codec
from understudy.store.alignments.rows import SCHEMA
from understudy.store.lock import WriterLock
from understudy.store.sqlite import database

_MOST = 100
"""So many are looked for: a file of a stranger may name any folders, and looking costs time."""
_MAX_CHARACTERS = 4095


def users_of(path: Path) -> list[Path]:
    """Folders of the projects that noted themselves, the first one first; a hundred at most.

    What none of ours notes, as a folder without its root, is no project and is left out.

    Raises:
        StoreError: it is no alignments file that can be read.
    """
    with closing(database.connect(path, SCHEMA, read_only=True)) as db:
        if not database.is_up(db, SCHEMA):
            return []
        with database.reading(path, SCHEMA):
            found = db.execute("SELECT project FROM users ORDER BY rowid LIMIT ?", (_MOST,))
            noted = [codec.string("project", project) for (project,) in found]
    return [Path(n) for n in noted if len(n) <= _MAX_CHARACTERS and Path(n).is_absolute()]


def note_user(path: Path, project: Path) -> None:
    """Note that a project uses a file; nothing is written where that is known.

    Raises:
        InUse: somebody else is writing it.
        StoreError, DiskFull: it cannot be written.
    """
    folder = str(project.absolute()).encode("utf-8", "replace").decode()
    if folder in map(str, users_of(path)):
        return
    row = (folder, datetime.now(UTC).isoformat(timespec="seconds"))
    _changed(path, lambda db: db.execute("INSERT OR REPLACE INTO users VALUES (?, ?)", row))


def forget_users(path: Path, project: Path | None = None) -> None:
    """Forget that a project uses a file, or who does at all.

    Raises:
        InUse: somebody else is writing it.
        StoreError, DiskFull: it cannot be written.
    """
    known = users_of(path)
    if not known or (project is not None and project.absolute() not in known):
        return
    if project is None:
        _changed(path, lambda db: db.execute("DELETE FROM users"))
    else:
        row = (str(project.absolute()),)
        _changed(path, lambda db: db.execute("DELETE FROM users WHERE project = ?", row))


def _changed(path: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    with WriterLock(path, "alignments file"):
        db = database.connect(path, SCHEMA, read_only=False)
        try:
            database.bring_to_newest(db, path, SCHEMA)
            with database.writing(db, path, SCHEMA):
                change(db)
        finally:
            database.close(db, read_only=False)
