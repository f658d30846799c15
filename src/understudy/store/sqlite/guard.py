"""What a stranger's SQLite file could do to us by being opened, and how it is kept from that.

SQLite trusts what lies in a file and beside it more than we may: a rollback journal names another
file that is deleted, `-wal` and `-shm` that are links are written through, a table's definition may
compute gigabytes when a row is read, and pages that point at one another never end. So what lies
beside is looked at first, definitions must be exactly ours, and every statement has a budget that
comes from the size of the file.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from understudy.files import open_to_read

SIDE_FILES = ("-journal", "-wal", "-shm")
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")

_LIMITS = {
    # The largest blob of ours is a mask of 4096 x 4096 that nothing could deflate: 16 MiB.
    sqlite3.SQLITE_LIMIT_LENGTH: 64 << 20,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1 << 20,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 10,  # deleting along foreign keys counts as such
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_MOST_DEFINITIONS = 200

_STEPS_BETWEEN_LOOKS = 200_000
_STEPS_AT_LEAST = 20_000_000
# A row has 6 bytes at the least, and our longest joins take some 100 steps a row.
_STEPS_PER_BYTE = 50


class Measured(sqlite3.Connection):
    """A connection whose every statement ends when it takes more than its file can justify.

    Such a statement raises `sqlite3.OperationalError` with `SQLITE_INTERRUPT`.
    """

    measured: Path | None = None
    _steps = 0

    def watch(self, path: Path) -> None:
        """Begin to count, against the size of this file and its log."""
        self.measured = path
        self.set_progress_handler(self._look, _STEPS_BETWEEN_LOOKS)
        for limit, most in _LIMITS.items():
            self.setlimit(limit, most)

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As SQLite's own, with the budget full again."""
        self._steps = 0
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """As SQLite's own, with the budget full again."""
        self._steps = 0
        return super().executemany(sql, parameters)

    def _look(self) -> bool:
        self._steps += _STEPS_BETWEEN_LOOKS
        if self._steps <= _STEPS_AT_LEAST:
            return False
        n_bytes = 0
        for end in ("", "-wal"):
            with suppress(OSError):
                n_bytes += Path(f"{self.measured}{end}").stat().st_size
        return self._steps > _STEPS_AT_LEAST + _STEPS_PER_BYTE * n_bytes


def side_file_fault(path: Path) -> str | None:
    """What is wrong with the files that SQLite would use beside this one; None where nothing is.

    Told before the file is opened, for reading too: SQLite opens them for writing even then.
    """
    real = Path(os.path.realpath(path))  # SQLite looks beside the file itself, not beside a link
    for end in SIDE_FILES:
        side = real.with_name(f"{real.name}{end}")
        try:
            found = side.lstat()
        except OSError:
            continue
        if stat.S_ISLNK(found.st_mode):
            return f"{side.name} beside it is a link to {side.readlink()}"
        if not stat.S_ISREG(found.st_mode):
            return f"{side.name} beside it is no regular file"
        if found.st_nlink > 1:
            return f"{side.name} beside it is a file that also has another name"
        if end == "-journal" and _names_a_super_journal(side):
            # Ours never open two files in one transaction, the only thing that makes such a name.
            return f"{side.name} beside it asks for another file to be deleted"
    return None


def abandoned_side_file(path: Path) -> Path | None:
    """A file of SQLite's that lies beside a database that is not there, or None."""
    real = Path(os.path.realpath(path))
    sides = (real.with_name(f"{real.name}{end}") for end in SIDE_FILES)
    return next((side for side in sides if os.path.lexists(side)), None)


def definition_fault(db: sqlite3.Connection, statements: tuple[str, ...]) -> str | None:
    """What a file defines that it should not, or lacks; None where it is as these statements do.

    Args:
        db: the open file.
        statements: that make the tables and indices, in order.
    """
    found = _definitions(db)
    wanted = _wanted(statements)
    for name in sorted(found.keys() | wanted.keys()):
        if name not in found:
            return f"it lacks the {wanted[name][0]} {name}"
        if name not in wanted:
            kind = found[name][0]
            return f"it holds the {kind} {name!r:.80}, which none of ours does"
        if found[name] != wanted[name]:
            return f"its {found[name][0]} {name} is not defined as ours is"
    return None


@lru_cache(maxsize=16)
def _wanted(statements: tuple[str, ...]) -> dict[str, tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as ours:
        for statement in statements:
            ours.execute(statement)
        return _definitions(ours)


def _definitions(db: sqlite3.Connection) -> dict[str, tuple[str, str, str]]:
    rows = db.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema LIMIT ?", (_MOST_DEFINITIONS,)
    )
    # Only blanks may differ: how a statement is indented here is no part of the format.
    return {
        str(name): (str(kind), str(table), " ".join(str(sql).split()))
        for kind, name, table, sql in rows
    }


def _names_a_super_journal(journal: Path) -> bool:
    """Whether a rollback journal ends as one does that belongs to a transaction over two files."""
    try:
        with open_to_read(journal) as file:
            file.seek(0, os.SEEK_END)
            if file.tell() < 16:
                return False
            file.seek(-8, os.SEEK_END)
            return file.read(8) == _JOURNAL_MAGIC
    except OSError:
        return True  # what cannot be looked at is not to be acted on
