"""Weights, wherever they lie: found without importing, checked, then opened.

They come inside installed packages, or lie in a models folder where `understudy models fetch` put
them. Nothing here reaches for the network.

The record says which bytes are meant. A file that differs in one of them is refused before any
parser sees it, so a swapped or damaged file can neither run code nor change results unseen.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from pathlib import Path

from understudy.errors import WeightsError
from understudy.plugin import Weights
from understudy.store.home import home

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


def models_folders() -> list[Path]:
    """Where downloaded weights are looked for, first the one that new ones go to.

    UNDERSTUDY_MODELS where it is set; `models` in the person's Understudy folder; and the share
    folder of the Python environment, which `make` fills.
    """
    chosen = os.environ.get("UNDERSTUDY_MODELS")
    mine = [Path(chosen).expanduser()] if chosen else []
    return [*mine, home() / "models", Path(sys.prefix) / "share" / "understudy" / "models"]


def locate(record: Weights) -> Path:
    """Where the file of a record should lie; it exists, but is not checked yet.

    Packages are looked up, not imported: some of them cannot be imported without others that
    nothing here needs.

    Raises:
        WeightsError: it is nowhere; says how to get it.
    """
    if not record.package:
        for folder in models_folders():
            path = folder / record.name
            if path.is_file():
                return path
        raise WeightsError(
            f"{record.name} is not on this machine ({record.size:,} bytes); try: "
            f"understudy models fetch {record.name}"
        )
    spec = importlib.util.find_spec(record.package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise WeightsError(
            f"{record.name} comes with the package {record.package!r}, which is not installed; "
            f"try: pip install {record.package}"
        )
    for inside in folders:
        path = Path(inside) / record.path
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
