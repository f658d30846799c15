"""Opening SQLite files safely: ours or refused, never created by reading, never half made.

A file is created under a temporary name and renamed when its tables stand, so that its header
always says whose it is. From its first write on it keeps a write-ahead log; on closing it is folded
back into one plain file that can be copied, and read from a read-only disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import DiskFull, StoreError, UnderstudyError
from understudy.files import open_to_read
from understudy.shell import quoted
from understudy.store.atomic import commit_path
from understudy.store.disk import room_at
from understudy.store.sqlite import guard

BUSY_TIMEOUT_S = 10.0
_HEADER = b"SQLite format 3\0"
_MIGRATIONS = "CREATE TABLE IF NOT EXISTS migrations (name TEXT NOT NULL UNIQUE) STRICT"
_DAMAGED_VALUES = (KeyError, TypeError, ValueError, IndexError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of a schema.

    Attributes:
        name: is kept in the file.
        sql: its statements.
        later: it adds what all the rest does without, so files of before are read and written as
            they are, and take the step when it is first needed; see `bring_to_newest`.
    """

    name: str
    sql: str
    later: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """What makes a SQLite file one of ours.

    Attributes:
        what: for messages, such as "alignments file".
        application_id: 32-bit mark in the file's header.
        migrations: all steps, oldest first; `user_version` counts those applied.
        remedy: what to try when a file is damaged.
        foreign: what to try where the file is not ours.
        brings_up: the command that brings an old file up to date; `{path}` stands for it.
    """

    what: str
    application_id: int
    migrations: tuple[Migration, ...]
    remedy: str
    foreign: str
    brings_up: str


def create(path: Path, schema: Schema, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Make a new file with all tables, and what `fill` inserts; complete or absent.

    Raises:
        DiskFull, StoreError: it cannot be written there, or SQLite's files of an earlier one that
            is gone lie there, which would be played into the new one.
    """
    if (left := guard.abandoned_side_file(path)) is not None:
        raise StoreError(
            f"{left}: holds changes to {path.name}, which is not there; move it away, then run "
            "again"
        )
    with (
        explained(path, schema),
        commit_path(path) as temporary,
        closing(sqlite3.connect(temporary, isolation_level=None)) as db,
    ):
        db.execute("PRAGMA journal_mode = MEMORY")
        db.execute(f"PRAGMA application_id = {schema.application_id}")
        _migrate(db, schema)
        with _transaction(db):
            fill(db)


def connect(path: Path, schema: Schema, *, read_only: bool) -> sqlite3.Connection:
    """Open an existing file of this schema, in autocommit mode.

    Raises:
        StoreError: missing, foreign, damaged, made by a newer Understudy, or not writable.
    """
    with explained(path, schema):
        _check_header(path, schema)
        _check_beside(path, schema)
        mode = "ro" if read_only else "rw"
        db = _open(path, mode)
        try:
            if read_only:
                _take_back(db, path)
            db.execute("PRAGMA foreign_keys = ON")
            # Room for all narrow rows and indices of 100,000 faces, so that filters stay in memory.
            db.execute("PRAGMA cache_size = -49152")
            _check_schema(db, path, schema)
            db.execute("PRAGMA synchronous = FULL")
            _bring_up(db, path, schema, read_only)
        except BaseException:
            db.close()
            raise
    return db


def is_old(path: Path, schema: Schema) -> bool:
    """Whether a file is of this schema and an older format; False for whatever else is there."""
    try:
        with open_to_read(path) as file:
            header = file.read(100)
    except OSError:
        return False
    ours = header.startswith(_HEADER) and header[68:72] == schema.application_id.to_bytes(4)
    version = int.from_bytes(header[60:64])
    return ours and version > 0 and _lacks(version, schema)


def is_up(db: sqlite3.Connection, schema: Schema) -> bool:
    """Whether an open file has taken every step, also those that come later."""
    return _version(db) == len(schema.migrations)


def bring_to_newest(db: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Take the steps that come later, which change nothing that is there.

    Raises:
        DiskFull, StoreError: it cannot be written.
    """
    with explained(path, schema):
        if not is_up(db, schema):
            _migrate(db, schema)


def close(db: sqlite3.Connection, *, read_only: bool) -> None:
    """Close; a writer folds its log back unless someone else is still reading."""
    with suppress(sqlite3.Error):
        if not read_only:
            db.execute("PRAGMA busy_timeout = 0")
            db.execute("PRAGMA journal_mode = DELETE")
    db.close()


@contextmanager
def writing(db: sqlite3.Connection, path: Path, schema: Schema) -> Iterator[None]:
    """One transaction, all or nothing, with SQLite's errors turned into ours."""
    with explained(path, schema):
        _keep_log(db)
        with _transaction(db):
            yield


@contextmanager
def explained(path: Path, schema: Schema) -> Iterator[None]:
    """Turn SQLite's errors, and values that no file of ours holds, into our errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(error, path, schema) from error
    except UnicodeDecodeError as error:  # SQLite's message quotes damaged bytes of the file
        raise _damaged(path, schema, "its text is not UTF-8") from error


@contextmanager
def reading(path: Path, schema: Schema) -> Iterator[None]:
    """`explained`, where also every wrong value means a damaged file."""
    try:
        with explained(path, schema):
            yield
    except _DAMAGED_VALUES as error:
        raise _damaged(path, schema, str(error)) from error


def _keep_log(db: sqlite3.Connection) -> None:
    """From the first write on keep a write-ahead log, so that readers need not wait for writers.

    Not when opening: the mode is kept in the file's header, and who opens a file for writing and
    then finds that there is nothing to do, or that it was asked for nonsense, must not touch it.
    """
    if db.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    try:
        db.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        # While this connection is still reading rows the mode cannot change; the rollback journal
        # is as safe, and the next write tries again.
        if (error.sqlite_errorcode & 0xFF) != sqlite3.SQLITE_ERROR:
            raise


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _explain(error: sqlite3.Error, path: Path, schema: Schema) -> UnderstudyError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(
            f"{path}: {error}, {room_at(path)}; what was written to it before is kept; free some "
            "space there and run again"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return StoreError(
            f"{path}: cannot be opened or written ({error}); check the permissions of the file "
            f"and of {path.parent}, or copy it to a folder that can be written"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"{path}: another process is writing it; wait for it, then run again")
    if code == sqlite3.SQLITE_IOERR:
        return StoreError(
            f"{path}: could not be read or written ({error}), {room_at(path)}; what was written to "
            "it before is kept; check free space and the disk, then run again"
        )
    if code == sqlite3.SQLITE_INTERRUPT:
        return _damaged(path, schema, "reading it takes far longer than a file of its size can")
    if code == sqlite3.SQLITE_TOOBIG:
        return _damaged(path, schema, "it holds a value larger than any of ours")
    return _damaged(path, schema, str(error))


def _damaged(path: Path, schema: Schema, why: str) -> StoreError:
    return StoreError(f"{path}: is a damaged {schema.what} ({why}); {schema.remedy}")


def _check_header(path: Path, schema: Schema) -> None:
    try:
        with open_to_read(path) as file:
            header = file.read(100)
    except FileNotFoundError:
        raise StoreError(f"{path}: there is no such {schema.what}; {schema.remedy}") from None
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    ours = schema.application_id.to_bytes(4)
    if not header.startswith(_HEADER) or header[68:72] != ours:
        raise StoreError(f"{path}: is not an Understudy {schema.what}; {schema.foreign}")


def _open(path: Path, mode: str) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_S,
        check_same_thread=False,  # readers may run in `flow.ahead`; SQLite serialises
        factory=guard.Measured,
    )
    db.watch(path)
    # Neither needs the tables' definitions, so both hold before the first of them is read.
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute("PRAGMA cell_size_check = ON")
    return db


def _take_back(reader: sqlite3.Connection, path: Path) -> None:
    """Undo what a writer that was killed left half done, which a reader alone may not.

    Only a writer that died while the header changed leaves such a rollback journal; the write-ahead
    log is read past its unfinished end by anybody.
    """
    count = "SELECT count(*) FROM sqlite_schema"
    try:
        reader.execute(count).fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        with closing(_open(path, "rw")) as writer:
            writer.execute(count).fetchone()


def _check_beside(path: Path, schema: Schema) -> None:
    if (fault := guard.side_file_fault(path)) is not None:
        raise StoreError(
            f"{path}: was not opened, for {fault}; Understudy leaves no such thing: take the "
            f"{schema.what} from where you trust it, or move what lies beside it away"
        )


def _check_schema(db: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Exactly our definitions: any other would run someone else's SQL when we read."""
    version, newest = _version(db), len(schema.migrations)
    if version > newest:
        raise StoreError(
            f"{path}: was made by a newer Understudy (format {version}, this one reads {newest}); "
            "update Understudy"
        )
    if version < 1:
        raise _damaged(path, schema, f"it has the format {version}")
    made = (_MIGRATIONS, *(s for m in schema.migrations[:version] for s in _statements(m.sql)))
    if (fault := guard.definition_fault(db, made)) is not None:
        raise _damaged(path, schema, fault)


def _bring_up(db: sqlite3.Connection, path: Path, schema: Schema, read_only: bool) -> None:
    version = _version(db)
    names = _applied(db)
    if names != [m.name for m in schema.migrations[:version]]:
        raise _damaged(path, schema, f"its format {version} names the steps {names}")
    if not _lacks(version, schema):
        return
    if read_only:
        raise StoreError(
            f"{path}: has the old format {version}; bring it up to date, a copy is kept: "
            f"{schema.brings_up.format(path=quoted(path))}"
        )
    with (
        commit_path(path.with_name(f"{path.name}.v{version}.bak")) as copy,
        closing(sqlite3.connect(copy)) as target,
    ):
        db.backup(target)
    _migrate(db, schema)


def _lacks(version: int, schema: Schema) -> bool:
    """Whether a file lacks a step that it cannot do without."""
    return any(not step.later for step in schema.migrations[version:])


def _migrate(db: sqlite3.Connection, schema: Schema) -> None:
    for number, step in enumerate(schema.migrations[_version(db) :], _version(db) + 1):
        with _transaction(db):
            db.execute(_MIGRATIONS)
            for statement in _statements(step.sql):
                db.execute(statement)
            db.execute("INSERT INTO migrations VALUES (?)", (step.name,))
            db.execute(f"PRAGMA user_version = {number}")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _applied(db: sqlite3.Connection) -> list[str]:
    return [row[0] for row in db.execute("SELECT name FROM migrations ORDER BY rowid LIMIT 1000")]


def _statements(sql: str) -> Sequence[str]:
    return [part for part in sql.split(";") if part.strip()]
