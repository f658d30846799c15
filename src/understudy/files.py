"""The door that all writing goes through, and the one for reading what may be no file at all.

A project folder may come from anybody. A link in it that leads out would have us write, append or
remove wherever it points; so whatever lies in a project by its name must lie in it in truth, and
what is added to in place must be a regular file with one name. What is read must be a regular file
too: to open a named pipe is to wait for ever.

It lies below all rooms, since media, logs and the store write and read alike.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import stat
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast

from understudy.errors import StoreError, ValueRefused

PROJECT_FILE = "project.json"
"""What makes a folder a project's; see `store.project`."""
PROJECT_FORMAT = "understudy-project"
_MAX_PROJECT_BYTES = 16 << 20
MAX_STEM_BYTES = 200
"""Of a name that ours are made of: file names end at 255 bytes, and ours have endings."""
MAX_VALUES = 1_000_000
"""How many values the JSON of a file may hold where its reader expects no other number."""

_MAX_NAME_BYTES, _MAX_PATH_BYTES = 255, 4095
_SPARE_FRAMES = 100

_SETTLED_NS = 100_000_000
_MAX_DIGESTS = 512
_DIGESTS: dict[tuple[int, int, int, int, int], str] = {}

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def refuse_way_out(path: Path) -> None:
    """Refuse a name in a project folder that a link leads out of it.

    Args:
        path: what is to be written, made or removed. The last part may be a link itself, since
            renaming and removing act on the link.

    Raises:
        StoreError: names the link and where it leads.
    """
    # Not resolved: a name with ".." is taken as it reads, and links are found in what it passes.
    absolute = Path(os.path.abspath(path))  # noqa: PTH100
    roots = [root for root in absolute.parents if is_project(root)]
    if not roots:
        return
    there = Path(os.path.realpath(absolute.parent))
    for root in roots:
        real_root = Path(os.path.realpath(root))
        if there != real_root and real_root not in there.parents:
            link = next(
                (p for p in reversed(absolute.parents) if root in p.parents and p.is_symlink()),
                absolute.parent,
            )
            raise StoreError(
                f"{absolute}: was not touched, for {link} is a link out of the project, to "
                f"{os.path.realpath(link)}; put a folder in its place, or remove the link"
            )


def refuse_odd_name(path: Path) -> None:
    """Refuse the name of a film or project that could not stand where it has to stand.

    Args:
        path: the film, folder of pictures or project folder.

    Raises:
        ValueRefused: it holds bytes that are no text, which neither credentials nor alignments can
            keep; or it is so long that there is no room for the endings of what lies beside it.
    """
    try:
        os.path.abspath(path).encode()  # noqa: PTH100
    except UnicodeEncodeError:
        raise ValueRefused(
            f"{path}: its name holds bytes that are not UTF-8; rename it, then run again"
        ) from None
    n_bytes = len(path.stem.encode())
    if n_bytes > MAX_STEM_BYTES:
        raise ValueRefused(
            f"{path.name[:60]}...: its name is {n_bytes} bytes long without its ending; "
            f"what is kept beside it leaves room for {MAX_STEM_BYTES}; give it a shorter one"
        )


def refuse_long_path(path: Path) -> None:
    """Refuse a name that no file system has room for, before anything is looked up by it.

    Raises:
        ValueRefused: a part of it, or the whole, is too long; names the beginning of the part.
    """
    for part in path.parts:
        n_bytes = len(os.fsencode(part))
        if n_bytes > _MAX_NAME_BYTES:
            raise ValueRefused(
                f"{part[:60]}...: is {n_bytes} bytes long, and names of files end at "
                f"{_MAX_NAME_BYTES}; give a shorter one"
            )
    n_bytes = len(os.fsencode(path))
    if n_bytes > _MAX_PATH_BYTES:
        raise ValueRefused(
            f"{os.fspath(path)[:60]}...: is {n_bytes} bytes long with its folders, and that ends "
            f"at {_MAX_PATH_BYTES}; give a shorter one, or go to one of the folders first"
        )


def make_folder(path: Path, mode: int = 0o777, *, parents: bool = True) -> None:
    """Make a folder unless it is there, and with `parents` those it lies in.

    Raises:
        StoreError: a link leads out of the project.
        OSError: it cannot be made.
    """
    refuse_way_out(path / "x")
    path.mkdir(parents=parents, exist_ok=True, mode=mode)


def open_to_append(path: Path) -> BinaryIO:
    """Open a file to add to its end, and make it when it is not there.

    Raises:
        StoreError: it is a link, has a second name, is no regular file, or lies out of its project.
        OSError: it cannot be opened.
    """
    refuse_way_out(path)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NO_FOLLOW | _NO_WAIT
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):
            raise _no_plain_file(path) from error
        raise
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(descriptor)
        raise _no_plain_file(path)
    return cast(BinaryIO, os.fdopen(descriptor, "ab"))


def open_to_read(path: Path) -> io.BufferedReader:
    """Open a regular file to read it; links are followed, nothing is waited for.

    Raises:
        OSError: it cannot be opened; `EINVAL` where it is a pipe, a device or a socket.
    """
    descriptor = os.open(path, os.O_RDONLY | _NO_WAIT)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        raise OSError(errno.EINVAL, f"is {_kind(mode)}, not a regular file", os.fspath(path))
    return os.fdopen(descriptor, "rb")


def read_file(path: Path, limit: int) -> bytes:
    """A whole regular file of at most so many bytes.

    Raises:
        OSError: as `open_to_read`; `EFBIG` where it is larger.
    """
    with open_to_read(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"is larger than {limit} bytes", os.fspath(path))
    return data


def read_json(path: Path, limit: int, values: int = MAX_VALUES) -> Any:
    """What a regular file of JSON holds, of at most so many bytes and values.

    Raises:
        OSError: as `read_file`.
        ValueError: as `parse_json`.
    """
    return parse_json(read_file(path, limit), values)


def parse_json(data: bytes | str, values: int = MAX_VALUES) -> Any:
    """What JSON of anybody's holds; its types are still to be checked.

    Raises:
        ValueError: it is no JSON, is nested deeper than any of ours, or has more values than this:
            three bytes may be a value, and a value takes some 70 bytes of memory.
    """
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    if sum(raw.count(mark) for mark in (b",", b"[", b"{")) > values:
        raise ValueError(f"holds more than {values} values")
    try:
        return _parse(data, _SPARE_FRAMES)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hex.

    A model's files are asked for by every part of a conversion that looks at the model, so what was
    read once is not read again while the system says that the file is the same.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    with open_to_read(path) as file:
        is_ = os.fstat(file.fileno())
        same = (is_.st_dev, is_.st_ino, is_.st_size, is_.st_mtime_ns, is_.st_ctime_ns)
        known = _DIGESTS.get(same)
        if known is not None:
            return known
        # The system's clock goes by ticks: a file that was just written may be written once more
        # within the same one, and nothing would show it.
        settled = time.time_ns() - max(is_.st_mtime_ns, is_.st_ctime_ns) > _SETTLED_NS
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if settled:
        if len(_DIGESTS) >= _MAX_DIGESTS:
            _DIGESTS.clear()
        _DIGESTS[same] = found
    return found


def rename(old: Path, new: Path) -> None:
    """Give a file or folder another name on the same disk; a file there is replaced.

    Raises:
        StoreError: a link leads out of the project.
        OSError: it could not be renamed.
    """
    refuse_way_out(old)
    refuse_way_out(new)
    old.replace(new)


def remove_file(path: Path) -> None:
    """Remove a file, if it is there; of a link the link.

    Raises:
        StoreError: a link leads out of the project.
        OSError: it could not be removed.
    """
    refuse_way_out(path)
    path.unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it, as far as that can be; of a link nothing.

    Raises:
        StoreError: a link leads out of the project.
    """
    refuse_way_out(path)
    shutil.rmtree(path, ignore_errors=True)


def same_file(one: Path, other: Path) -> bool:
    """Whether two names are of one file or folder, by whatever links; no, where one is missing."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def refuse_sources(output: Path, sources: Iterable[Path]) -> None:
    """Refuse an output that is, or holds, something that work begins with.

    Args:
        output: a file or folder that is to be written, there or not.
        sources: films, folders of pictures, alignments files; those that are not there are fine.

    Raises:
        ValueRefused: it is one of them by whatever name or link, or a folder that holds one.
    """
    there = Path(os.path.realpath(output))
    for source in sources:
        real = Path(os.path.realpath(source))
        if there == real or there in real.parents or same_file(output, source):
            also = "" if there == real else " (by another name)" if output.is_file() else ""
            raise ValueRefused(
                f"{output} is or holds the source {source}{also}; choose another -o, sources are "
                "never replaced"
            )


def _parse(data: bytes | str, below: int) -> Any:
    # Some calls further down, so that what comes back can be walked and shown from up here.
    return json.loads(data) if below == 0 else _parse(data, below - 1)


def _no_plain_file(path: Path) -> StoreError:
    return StoreError(
        f"{path}: is a link, has a second name, or is no regular file, and was not written to; "
        "move it away, then run again"
    )


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")


def is_project(folder: Path) -> bool:
    """Whether a project is in a folder, as far as anybody knows who does not open it."""
    path = folder / PROJECT_FILE
    try:
        found = path.stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and _says_project(
        os.fspath(path), found.st_mtime_ns, found.st_size
    )


@lru_cache(maxsize=64)
def _says_project(path: str, _mtime_ns: int, _size: int) -> bool:
    """Whether a `project.json` is ours; other programs have such files, and links beside them."""
    try:
        plain = read_json(Path(path), _MAX_PROJECT_BYTES)
    except (OSError, ValueError):
        return True  # ours, damaged, as far as anybody knows
    return isinstance(plain, dict) and plain.get("format") == PROJECT_FORMAT
