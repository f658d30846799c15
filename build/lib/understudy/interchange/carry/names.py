"""Which frame of a film another tool means by a name, and under which name it looks for one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath

from understudy.errors import StoreError
from understudy.media import MediaInfo
from understudy.media.stills import natural_key

_NUMBER = re.compile(r"(\d{1,9})(?=\D*$)")


def frame_number(name: str) -> int | None:
    """The last number in a file name without its ending, or None."""
    found = _NUMBER.search(_base(name).rpartition(".")[0] or _base(name))
    return None if found is None else int(found[1])


def first_number(names: Iterable[str]) -> int:
    """What the first frame of a film is called: 0 where a name says 0, else 1, as tools do."""
    return 0 if any(frame_number(name) == 0 for name in names) else 1


class FrameNames:
    """From another tool's frame names to indices in a film or folder of images.

    Images are found by name, else by name without ending; frames of a film by the number at the
    end of the name.
    """

    def __init__(self, info: MediaInfo, first: int) -> None:
        self._video, self._first = info.kind == "video", first
        self._by_name = {file.name: index for index, file in enumerate(info.files)}
        self._by_stem: dict[str, int | None] = {}
        for index, file in enumerate(info.files):
            self._by_stem[file.stem] = None if file.stem in self._by_stem else index

    def index(self, name: str) -> int | None:
        """The frame's index, or None when the film has no such frame."""
        if self._video:
            number = frame_number(name)
            return None if number is None or number < self._first else number - self._first
        base = _base(name)
        return self._by_name.get(base, self._by_stem.get(Path(base).stem))


def ranks(names: Iterable[str]) -> dict[str, int]:
    """An index for each frame name without its film: its own number where that tells all apart."""
    ordered = sorted(set(names), key=natural_key)
    numbers = [frame_number(name) for name in ordered]
    if None not in numbers and len(set(numbers)) == len(numbers):
        return {name: n for name, n in zip(ordered, numbers, strict=True) if n is not None}
    return {name: rank for rank, name in enumerate(ordered)}


def video_key(name: str, index: int, ending: str | None = None) -> str:
    """Faceswap's name for a frame of a film: `<stem>_<number from 1, 6 digits><ending>`."""
    path = Path(name)
    return f"{path.stem}_{index + 1:06d}{path.suffix if ending is None else ending}"


def image_key(info: MediaInfo, index: int) -> str:
    """The name of an image of a folder.

    Raises:
        StoreError: the folder has no such image.
    """
    if index >= len(info.files):
        raise StoreError(f"{info.path}: has no image {index}; it has changed since extraction")
    return info.files[index].name


def _base(name: str) -> str:
    """The last part of a name that may hold folders of either kind of system."""
    return PurePosixPath(PureWindowsPath(name).as_posix()).name
