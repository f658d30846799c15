"""The look-up table that brings a log film to Rec.709: who looks at its faces later needs the same.

A copy of the table lies beside the alignments, under a name with its digest, and the alignments say
which it is.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from understudy.errors import StoreError
from understudy.files import read_file
from understudy.media.colour.cube import MOST_BYTES, Cube, read_cube
from understudy.store.atomic import commit_bytes

SETTING = "plate_lut"
"""Of the extraction: the digest of the table, or ""."""


def keep_cube(alignments: Path, table: Path, cube: Cube) -> None:
    """Put a copy of a table beside the alignments that depend on it."""
    copy = _beside(alignments, cube.digest)
    if not copy.is_file():
        commit_bytes(copy, read_file(table, MOST_BYTES))


def kept_cube(alignments: Path, digest: str) -> Cube:
    """The table that an alignments file depends on.

    Raises:
        StoreError: it is not there, or another one is.
    """
    return _read(_beside(alignments, digest), digest)


@lru_cache(maxsize=2)
def _read(copy: Path, digest: str) -> Cube:
    if not copy.is_file():
        raise StoreError(
            f"{copy}: is not there, the look-up table that this film's faces were found with; put "
            "it back, or extract again with --plate-lut FILE.cube --new"
        )
    cube = read_cube(copy)
    if cube.digest != digest:
        raise StoreError(
            f"{copy}: is another look-up table than this film's faces were found with; put that "
            "one back, or extract again with --plate-lut FILE.cube --new"
        )
    return cube


def _beside(alignments: Path, digest: str) -> Path:
    return alignments.with_name(f"{alignments.name}.{digest[:12]}.cube")
