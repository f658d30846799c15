"""Weights that come inside installed packages: found without importing, checked, then opened.

The record says which bytes are meant. A file that differs in one of them is refused before any
parser sees it, so a swapped or damaged file can neither run code nor change results unseen.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from understudy.errors import WeightsError
from understudy.plugin import Weights

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
    key = (path, stat.st_size, stat.st_mtime_ns, record.sha256)
    if key not in _checked:
        _check_size(record, path, stat.st_size)
        with path.open("rb") as file:
            _check_digest(record, path, hashlib.file_digest(file, "sha256").hexdigest())
        _checked.add(key)
    return path


def weights_bytes(record: Weights) -> bytes:
    """The bytes behind a record; those returned are those that were checked.

    Raises:
        WeightsError: the package or the file is missing, or the file is another one.
    """
    path = locate(record)
    _check_size(record, path, path.stat().st_size)
    data = path.read_bytes()
    _check_size(record, path, len(data))
    _check_digest(record, path, hashlib.sha256(data).hexdigest())
    return data


def locate(record: Weights) -> Path:
    """Where the file of a record should lie; it exists, but is not checked yet.

    The package is looked up, not imported: some of these packages cannot be imported without
    others that nothing here needs.

    Raises:
        WeightsError: the package or the file is missing.
    """
    spec = importlib.util.find_spec(record.package) if record.package else None
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise WeightsError(
            f"{record.name} comes with the package {record.package!r}, which is not installed; "
            f"try: pip install {record.package}"
        )
    for folder in folders:
        path = Path(folder) / record.path
        if path.is_file():
            return path
    raise WeightsError(
        f"{record.name} is missing from the package {record.package!r} ({folders[0]}); "
        f"try: pip install --force-reinstall {record.package}"
    )


def _check_size(record: Weights, path: Path, size: int) -> None:
    if size != record.size:
        raise WeightsError(
            f"{path} is not the file meant: it has {size:,} bytes, {record.name} has "
            f"{record.size:,}; try: pip install --force-reinstall {record.package}"
        )


def _check_digest(record: Weights, path: Path, digest: str) -> None:
    if digest != record.sha256:
        raise WeightsError(
            f"{path} is not the file meant: its sha256 is {digest}, that of {record.name} is "
            f"{record.sha256}; try: pip install --force-reinstall {record.package}"
        )
