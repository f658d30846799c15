"""Copies of small files, kept before a newer format takes their place."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from understudy.files import read_file
from understudy.store.atomic import commit_once

_MAX_BYTES = 64 << 20


def keep_copy(path: Path, ending: str) -> Path:
    """Copy a file beside itself as `<name>.<ending>`, numbered where that name holds other things.

    Done twice with the same content, it keeps one copy: what was killed in between goes on.

    Args:
        path: the file, small enough for memory.
        ending: such as "v1".

    Raises:
        DiskFull, StoreError: there is no copy.
    """
    data = read_file(path, _MAX_BYTES)
    for number in count(1):
        name = f"{path.name}.{ending}" + (f"-{number}" if number > 1 else "")
        copy = path.with_name(name)
        if commit_once(copy, data) or read_file(copy, _MAX_BYTES) == data:
            return copy
    raise AssertionError  # count never ends
