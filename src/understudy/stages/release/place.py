"""Where an output goes: looked at before the work begins, and known again after it was made.

A receipt is written just before an output gets its name. So a job that dies right after the
rename, or is simply started again, finds its output finished instead of in the way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from understudy.errors import StoreError, ValueRefused
from understudy.files import read_json, refuse_sources
from understudy.provenance.beside import CARRIED, beside
from understudy.provenance.folder import LIST
from understudy.provenance.listing import read_list
from understudy.store.atomic import commit_bytes
from understudy.store.disk import need_free

_OURS = (".png", ".tif", ".exr", ".csv", ".json")
_MAX_BYTES = 64 << 20
_MAX_VALUES = 4_000_000  # four for each picture of a sequence
_LONGEST = 200
"""Bytes of a name; what is written beside the output has longer ones, and a name ends at 255."""
SIGNING_BYTES = 4 << 20
"""What credentials and the log take at most, besides the output itself."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Which output a conversion made.

    Attributes:
        output: absolute path.
        files: name, bytes and time of change in ns of each file; the output itself has no name.
        frames: how many it has.
        read: how much of the source could be read, for people.
    """

    output: str
    files: tuple[tuple[str, int, int], ...]
    frames: int
    read: str

    @classmethod
    def of(cls, part: Path, output: Path, frames: int, read: str) -> Receipt:
        """For a finished `.part` that is about to become `output`."""
        return cls(os.fspath(output.absolute()), _stamps(part), frames, read)

    @classmethod
    def read_from(cls, path: Path) -> Receipt | None:
        """A receipt kept earlier; None where there is none that can be read."""
        try:
            return cls.from_plain(read_json(path, _MAX_BYTES, _MAX_VALUES))
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return None

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Receipt:
        """From what `asdict` makes of one.

        Raises:
            ValueError, KeyError, TypeError, OverflowError: it is none.
        """
        files = tuple((str(n), int(size), int(time)) for n, size, time in plain["files"])
        return cls(str(plain["output"]), files, int(plain["frames"]), str(plain["read"]))

    def keep(self, path: Path) -> None:
        """Write it down."""
        commit_bytes(path, json.dumps(asdict(self)).encode())

    def fits(self, output: Path) -> bool:
        """Whether this output is there as it was made."""
        if os.fspath(output.absolute()) != self.output or not has_credentials(output):
            return False
        try:
            return set(self.files) <= set(_stamps(output))
        except OSError:
            return False


def has_credentials(output: Path) -> bool:
    """Whether the credentials of an output that cannot carry them are where they belong."""
    carries = not output.suffix or output.suffix.lower() in CARRIED
    return carries or beside(output).is_file()


def check_output_name(output: Path) -> None:
    """Refuse a name that no output can have, or that lies where none can be written.

    Raises:
        ValueRefused: it is too long, or no text.
        StoreError: the folder is missing or may not be written.
    """
    check_name(output.name)
    parent = output.resolve().parent
    if not parent.is_dir():
        raise StoreError(f"the folder {parent} is not there; make it first")
    if not os.access(parent, os.W_OK):
        raise StoreError(f"the folder {parent} may not be written; choose another -o")


def known_output(output: Path, work: Path) -> bool:
    """Whether an output is there as a conversion of this project made it.

    Args:
        output: file or folder.
        work: where receipts lie.
    """
    receipts = (Receipt.read_from(path) for path in work.glob("*.json"))
    return any(r is not None and r.fits(output) for r in receipts)


def check_place(output: Path, overwrite: bool, work: Path, sources: Iterable[Path]) -> None:
    """Refuse an output that could not be written or would cost something else.

    Args:
        output: a file, or a folder name without suffix.
        overwrite: whether an output that is there may be replaced.
        work: where receipts lie; an output that one of them knows is not in the way.
        sources: films, alignments and face pictures, which no output replaces.

    Raises:
        ValueRefused: no such name can be, or the output is or holds a source.
        StoreError: something is there already, or the folder is missing or may not be written.
        DiskFull: the output's disk has no room for anything.
    """
    check_output_name(output)
    parent = output.resolve().parent
    refuse_sources(output, sources)
    need_free(parent, SIGNING_BYTES)
    if not output.exists():
        _check_notice(output, overwrite)
        return
    if not overwrite:
        if not known_output(output, work):
            raise _in_the_way(output)
    elif output.suffix == "":
        _check_pictures_only(output)


class Room:
    """Whether what is converted will still fit when it is joined and signed.

    Looked at after each segment, so that a disk that is too full stops hours of work when that is
    certain, not at their end.

    Args:
        work: folder of the segments.
        output: what is made of them.
    """

    def __init__(self, work: Path, output: Path) -> None:
        self._work, self._folder = work, output.absolute().parent
        # joined beside the segments, then signed beside the output; pictures are only linked
        twice = bool(output.suffix) and work.stat().st_dev == self._folder.stat().st_dev
        self._times = 2 if twice else 1
        self._seen: set[str] = set()
        self._bytes = 0

    def check(self) -> None:
        """Count segments that are new, and refuse to go on where they leave no room.

        Raises:
            DiskFull: the output's disk has less room than the segments so far need.
        """
        for entry in self._work.iterdir():
            if entry.name not in self._seen:
                self._seen.add(entry.name)
                files = entry.iterdir() if entry.is_dir() else [entry]
                self._bytes += sum(file.stat().st_size for file in files)
        need_free(self._folder, self._times * self._bytes + SIGNING_BYTES)


def refuse_existing(output: Path, overwrite: bool) -> None:
    """Refuse to replace an output unless that was asked for.

    Raises:
        StoreError: it is there.
    """
    if output.exists() and not overwrite:
        raise _in_the_way(output)


def check_name(name: str) -> None:
    """Refuse a name that no output can have.

    Credentials hold the output's name as text, and files beside it have longer ones.

    Raises:
        ValueRefused: it is too long, or no UTF-8.
    """
    try:
        n_bytes = len(name.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise ValueRefused(
            f"{name!r}: is no UTF-8, and the output's credentials hold its name; choose another -o"
        ) from error
    if n_bytes > _LONGEST:
        raise ValueRefused(
            f"{name}: is {n_bytes} bytes long; choose a shorter -o, of at most {_LONGEST}"
        )


def _in_the_way(output: Path) -> StoreError:
    return StoreError(
        f"{output} is there already; choose another -o or say --overwrite to replace it"
    )


def _check_notice(output: Path, overwrite: bool) -> None:
    """Credentials beside an output that is not there: ours are of one that was never finished."""
    notice = beside(output)
    if overwrite or output.suffix.lower() in CARRIED or not notice.exists():
        return
    try:
        ours = list(read_list(notice)) == [output.name]
    except (OSError, ValueError):
        ours = False
    if not ours:
        raise _in_the_way(notice)


def _check_pictures_only(folder: Path) -> None:
    """A folder that is replaced as a whole must not hold what somebody else put there."""
    if not folder.is_dir():
        raise StoreError(f"{folder}: expected a folder of PNGs, found a file; choose another -o")
    strange = sorted(
        p.name for p in folder.iterdir() if p.is_dir() or (p.suffix not in _OURS and p.name != LIST)
    )
    if strange:
        raise StoreError(
            f"{folder}: holds {strange[0]!r}, so it is no folder of pictures that could be "
            f"replaced; nothing in it was touched; choose another -o"
        )


def _stamps(output: Path) -> tuple[tuple[str, int, int], ...]:
    files = [("", output)]
    if output.is_dir():
        files = [(entry.name, entry) for entry in sorted(output.iterdir())]
    stats = [(name, path.stat()) for name, path in files]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
