"""The one write path: a file with its final name is complete, anything else is `.part`.

A temporary beside the target is filled, synced and renamed over it, then the folder is synced.
At any instant, whatever dies, the target is either what it was or what it was to become.
A link with the target's name is replaced, not followed, and no link leads out of a project.
Temporaries carry the mark of the process that made them, so that `sweep_parts` removes those of
the dead and leaves those of the living.
"""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from understudy.errors import DiskFull, StoreError, UnderstudyError
from understudy.files import make_folder, refuse_way_out
from understudy.store.disk import is_full, mount_of, room_at
from understudy.store.processes import process_lives, process_mark

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
_TEMPORARY = re.compile(r"\.(?P<pid>\d+)-(?P<start>\d+)\.[0-9a-f]{8}\.(?:part|aside)$")


@dataclass
class Operations:
    """The system calls that persistence hangs on, in one place so that each can be made to fail."""

    write: Callable[[int, Buffer], int] = os.write
    fsync: Callable[[int], None] = os.fsync
    replace: Callable[[Path, Path], None] = os.replace


ops = Operations()


def commit(
    path: Path,
    write: Callable[[BinaryIO], object],
    check: Callable[[Path], None] | None = None,
    *,
    mode: int = 0o666,
    durable: bool = True,
) -> None:
    """Write a file so that its final name only ever holds a complete one.

    Args:
        path: the target; its folder exists.
        write: fills a binary file (it may seek and read back).
        check: re-reads the finished temporary and raises when it is not right.
        mode: permission bits before the umask.
        durable: wait until the disk has it. Without, the rename still comes after the data is
            handed to the system; call `sync_files` once for a batch before relying on it.

    Raises:
        DiskFull: no room; what was there before is untouched.
        StoreError: the folder cannot be written.
    """
    path = Path(path)
    temporary = _temporary(path)
    with _explained(path, temporary):
        try:
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
            with io.BufferedRandom(_SeamFile(descriptor, "r+b")) as file:
                write(cast(BinaryIO, file))
                file.flush()
                if durable:
                    ops.fsync(descriptor)
            if check is not None:
                check(temporary)
            ops.replace(temporary, path)
            if durable:
                _sync_folder(path.parent)
        except BaseException:
            _remove(temporary)
            raise


def commit_bytes(path: Path, data: Buffer, *, mode: int = 0o666, durable: bool = True) -> None:
    """`commit` for bytes at hand."""
    commit(path, lambda file: file.write(data), mode=mode, durable=durable)


def commit_once(path: Path, data: Buffer, *, mode: int = 0o666) -> bool:
    """Write a file unless it is there; of several processes exactly one wins.

    Returns:
        Whether it was this call that wrote it.

    Raises:
        DiskFull, StoreError: as `commit`.
    """
    path = Path(path)
    temporary = _temporary(path)
    with _explained(path, temporary):
        try:
            commit_bytes(temporary, data, mode=mode)
            os.link(temporary, path)
            _sync_folder(path.parent)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS) or path.exists():
                raise
            ops.replace(temporary, path)  # a file system without links, such as exFAT
        finally:
            _remove(temporary)
    return True


@contextmanager
def commit_path(path: Path) -> Iterator[Path]:
    """A temporary name in the target's folder, for libraries that want a name to write to.

    Leaving the block syncs the file and renames it over the target; an error removes it.

    Raises:
        DiskFull: no room; what was there before is untouched.
        StoreError: the folder cannot be written, or the block wrote nothing.
    """
    path = Path(path)
    temporary = _temporary(path)
    with _explained(path, temporary):
        try:
            yield temporary
            if not temporary.is_file():
                raise StoreError(f"{path}: nothing was written; run again")
            _sync_file(temporary)
            ops.replace(temporary, path)
            _sync_folder(path.parent)
        except BaseException:
            _remove(temporary)
            raise


@contextmanager
def commit_dir(path: Path) -> Iterator[Path]:
    """A temporary directory that becomes `path` as a whole when the block ends.

    A directory already there is first moved aside and removed last. A death between the two
    renames leaves it aside; `sweep_parts` of the parent folder puts it back.

    Raises:
        DiskFull: no room; what was there before is untouched.
        StoreError: the folder cannot be written, or `path` is a file.
    """
    path = Path(path)
    temporary = _temporary(path, whole_name=True)
    aside = temporary.with_suffix(".aside")
    with _explained(path, temporary):
        if path.exists() and not path.is_dir():
            raise StoreError(f"{path}: expected a folder or nothing there, found a file; move it")
        try:
            temporary.mkdir()
            yield temporary
            _sync_tree(temporary)
            if path.exists():
                ops.replace(path, aside)
            ops.replace(temporary, path)
            _sync_folder(path.parent)
        except BaseException:
            if aside.exists() and not path.exists():
                with suppress(OSError):
                    aside.rename(path)
            _remove(temporary)
            raise
        finally:
            if path.exists():
                _remove(aside)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A temporary directory in `folder` that is removed when the block ends.

    What a death leaves behind is removed by `sweep_parts`.

    Raises:
        DiskFull, StoreError: the directory cannot be made.
    """
    temporary = _temporary(Path(folder) / "scratch", whole_name=True)
    with _explained(temporary, temporary):
        temporary.mkdir()
    try:
        yield temporary
    finally:
        _remove(temporary)


def sweep_parts(folder: Path) -> list[Path]:
    """Remove temporaries that dead processes left here, and put back directories left aside.

    Returns:
        What was removed or put back. A folder that is not there, or may not be changed, has none.
    """
    done = []
    with suppress(OSError, StoreError):
        refuse_way_out(Path(folder) / "x")
        for entry in sorted(Path(folder).iterdir()):
            found = _TEMPORARY.search(entry.name)
            if found is None or not entry.name.startswith("."):
                continue
            if process_lives(int(found["pid"]), int(found["start"])):
                continue
            target = entry.with_name(entry.name[1 : found.start()])
            if entry.suffix == ".aside" and not target.exists():
                entry.rename(target)
            else:
                _remove(entry)
            done.append(entry)
    return done


def sync_files(paths: list[Path]) -> None:
    """Wait until the disk has these files and their names; for a batch written not durable.

    Raises:
        DiskFull: the disk has no room for what was written.
        StoreError: a file is gone or cannot be synced.
    """
    for path in paths:
        with _explained(path, path):
            _sync_file(path)
    for folder in {path.parent for path in paths}:
        with _explained(folder, folder):
            _sync_folder(folder)


def move(old: Path, new: Path) -> None:
    """Give a file or folder another place on the same disk; durable when this returns.

    Args:
        old: what is moved.
        new: where it goes; its folder is made. A file there is replaced.

    Raises:
        DiskFull, StoreError: it could not be moved.
    """
    with _explained(new, old):
        refuse_way_out(old)
        make_folder(new.parent)
        ops.replace(old, new)
        for folder in {old.parent, new.parent}:
            _sync_folder(folder)


def explain(error: OSError, path: Path) -> UnderstudyError:
    """The error to raise when writing `path` failed with `error`: what happened, what to try."""
    folder = path.parent
    if is_full(error):
        return DiskFull(
            f"{path}: {_words(error)} {room_at(path)}; no file was left half written, and what was "
            "done before is kept; free some space there and run again"
        )
    if error.errno in _FORBIDDEN:
        return StoreError(
            f"{folder}: may not be written ({_words(error)}); "
            "choose another folder, or change its permissions, and run again"
        )
    if error.errno == errno.ENAMETOOLONG:
        return StoreError(
            f"{path.name[:60]}...: the name is too long for the disk it is to lie on; choose a "
            "shorter one; nothing was written"
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return StoreError(f"{folder}: there is no such folder; make it first, or check the name")
    return StoreError(
        f"{path}: could not be written ({_words(error)}); no file was left half written, and what "
        f"was done before is kept; check the disk at {mount_of(path)} and run again"
    )


class _SeamFile(io.FileIO):
    """A raw file that writes through `ops`."""

    def write(self, data: Buffer) -> int:
        return ops.write(self.fileno(), data)


@contextmanager
def _explained(path: Path, temporary: Path) -> Iterator[None]:
    """Turn system errors about our own files into ours; others pass (a source that is missing)."""
    try:
        yield
    except OSError as error:
        ours = (None, str(temporary), str(path), str(path.parent))
        name = error.filename
        if name not in ours and not str(name).startswith(f"{temporary}{os.sep}"):
            raise
        raise explain(error, path) from error


def _temporary(path: Path, *, whole_name: bool = False) -> Path:
    refuse_way_out(path)
    # File names end at 255 bytes; a long name must not make its temporary impossible.
    name = path.name if whole_name else path.name[:40]
    pid, start = process_mark()
    return path.with_name(f".{name}.{pid}-{start}.{secrets.token_hex(4)}.part")


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        ops.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows opens no directories; its renames are journalled
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        ops.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # network mounts that cannot
            raise
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            _sync_tree(entry)
        else:
            _sync_file(entry)
    _sync_folder(folder)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
