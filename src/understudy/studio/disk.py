"""What a project takes of the disk, and what is left on it."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import StoreError
from understudy.store.project import Project

_PARTS = {
    "sources": "face pictures",
    "models": "models",
    "renders": "reports and sheets",
    "work": "unfinished work",
    "removed": "taken out earlier",
}


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes.

    Attributes:
        parts: what they hold, in words, to how many; alignments beside films are among them.
        total: of all parts.
        free: on the disk of the project's folder.
    """

    parts: dict[str, int]
    total: int
    free: int


def disk_use(project: Project) -> DiskUse:
    """Measure a project; links are not followed."""
    parts: dict[str, int] = {}
    with os.scandir(project.folder) as entries:
        for entry in entries:
            what = _PARTS.get(entry.name, "everything else")
            parts[what] = parts.get(what, 0) + _bytes_of(entry)
    for source in project.sources:
        with suppress(StoreError, OSError):
            path = project.alignments(source.id)
            if project.folder not in path.parents:
                parts["alignments"] = parts.get("alignments", 0) + path.stat().st_size
    kept = {what: n for what, n in sorted(parts.items(), key=lambda p: -p[1]) if n}
    return DiskUse(kept, sum(kept.values()), free_bytes(project.folder))


def free_bytes(folder: Path) -> int:
    """Bytes that may still be written to the disk of a folder that is there."""
    return shutil.disk_usage(folder).free


def _bytes_of(entry: os.DirEntry[str]) -> int:
    n_bytes = 0
    with suppress(OSError):
        if not entry.is_dir(follow_symlinks=False):
            return entry.stat(follow_symlinks=False).st_size
        with os.scandir(entry) as below:
            n_bytes = sum(_bytes_of(each) for each in below)
    return n_bytes
