"""What of a folder is read as pictures, and what is left out, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from understudy.media.stills import SUFFIXES, natural_key, read_header
from understudy.media.stills.header import ImageHeader
from understudy.media.stills.heic import library

LeftOut = tuple[str, str]
"""A name and why it is left out."""

_ANIMATION = "an animation or GIF, to be given as a film of its own"
_HEIC = "a HEIC photo, which needs: pip install 'understudy[photos]'"


@dataclass(slots=True)
class Folder:
    """The pictures of a folder in natural order, with their headers, and the rest."""

    files: list[Path] = field(default_factory=list)
    headers: list[ImageHeader] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def look_in(folder: Path) -> Folder:
    """Sort what lies in a folder; hidden files are passed over.

    Raises:
        MediaError: a picture is too large, or none under its name.
    """
    found = Folder()
    for path in sorted(folder.iterdir(), key=lambda p: natural_key(p.name)):
        if path.name.startswith("."):
            continue
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            found.left_out.append((path.name, _other(path)))
            continue
        header = read_header(path)
        if header.moving:
            found.left_out.append((path.name, _ANIMATION))
        elif header.format == "heic" and not library():
            found.left_out.append((path.name, _HEIC))
        else:
            found.files.append(path)
            found.headers.append(header)
    return found


def words(left_out: Sequence[LeftOut]) -> str:
    """For people: how many there are of each kind, and their names."""
    kinds: dict[str, list[str]] = {}
    for name, why in left_out:
        kinds.setdefault(why, []).append(name)
    return "; ".join(f"{why} ({_some(names)})" for why, names in kinds.items())


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _other(path: Path) -> str:
    if path.is_dir():
        return "a folder in the folder"
    return _ANIMATION if path.suffix.lower() == ".gif" else "no picture that is read"
