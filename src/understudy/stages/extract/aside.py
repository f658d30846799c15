"""What an extraction that begins anew keeps of the earlier one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from understudy.errors import StoreError
from understudy.files import rename
from understudy.flow import Progress
from understudy.store.alignments import Alignments


def set_aside(path: Path, faces: Path, progress: Progress) -> None:
    """Move alignments and face pictures away as `.bak`, and say so."""
    if path.exists():
        with suppress(StoreError):  # a damaged file is kept as well, with what belongs to it
            Alignments.open(
                path, locked=True
            ).close()  # folds the write-ahead log into the file itself
        aside = _renamed(path)
        for end in ("-wal", "-shm"):
            rest = path.with_name(path.name + end)
            if rest.exists():
                rename(rest, aside.with_name(aside.name + end))
        progress.say(f"kept the old alignments as {aside.name}")
    if faces.is_dir() and any(faces.iterdir()):
        progress.say(f"kept the old face pictures in {_renamed(faces)}")


def _renamed(path: Path) -> Path:
    """Move away as `.bak`, or `.bak-2` and so on: an earlier one may be the better one."""
    aside, number = path.with_name(f"{path.name}.bak"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.bak-{number}")
    rename(path, aside)
    return aside
