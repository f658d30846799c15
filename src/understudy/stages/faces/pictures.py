"""The face pictures of an extraction: a folder that people prune by deleting files.

Alignments lie beside the film and may serve several projects; pictures lie in one. A small file
in the folder tells how far its pictures go, so that they can be cut from alignments that are
already there, and that a picture deleted on purpose does not come back.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from understudy.files import read_json
from understudy.store.atomic import commit_bytes

MARK = ".pictures.json"
MAX_MARK_BYTES = 1 << 20


def cut_until(folder: Path, fingerprint: str) -> int | None:
    """Up to which frame (excluded) a folder's pictures of a source were cut; None when not known.

    A face before it that has no picture had one, and somebody deleted it.
    """
    try:
        plain = read_json(folder / MARK, MAX_MARK_BYTES)
        return int(plain["next"]) if str(plain["key"]).split()[0] == fingerprint else None
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def alignments_of_pictures(folder: Path) -> Path | None:
    """The alignments file that a folder's pictures were cut from; None when not known or away."""
    try:
        places = read_json(folder / MARK, MAX_MARK_BYTES)["alignments"]
        paths = [folder / place for place in places]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return next((path for path in paths if path.is_file()), None)


def set_alignments(folder: Path, alignments: Path) -> None:
    """Say where the faces of a folder's pictures are known from now on; a copy of what was."""
    try:
        plain = read_json(folder / MARK, MAX_MARK_BYTES)
        plain["alignments"] = places(alignments.absolute(), folder)
    except (OSError, ValueError, TypeError):
        return  # nothing was cut as yet, or the next cutting says what is wrong
    commit_bytes(folder / MARK, json.dumps(plain).encode())


def places(path: Path, folder: Path) -> list[str]:
    """Where a file lies as seen from a folder, for both moved together, and where it lies."""
    try:
        return [os.path.relpath(path, folder.absolute()), os.fspath(path)]
    except ValueError:  # on another drive
        return [os.fspath(path)]
