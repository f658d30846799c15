"""Whether a source is still the one that was opened, hours later.

A film is opened by its name again and again: for its pictures, for its sound, for its digest. What
is made of it must be made of one file, so its marks on the disk are taken before the first of these
and compared after the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import MediaError
from understudy.media.stills import images_in

Mark = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A source as it was at one moment.

    Attributes:
        path: the film, or the folder of images.
        marks: of each of its files: device, number, bytes and time of change; None where there was
            none.
        exact: whether the marks have the time at which the file's entry changed too, so that one
            that was put aside and back is not the same. It also changes when a file gets a second
            name, as by a backup, so it is for short whiles only.
    """

    path: Path
    marks: dict[Path, Mark | None]
    exact: bool = False

    @classmethod
    def now(cls, path: Path, *, exact: bool = False) -> Held:
        """As it is now.

        Args:
            path: a film, a picture or a folder of images, there or not.
            exact: see the attribute.
        """
        return cls(path, {file: _mark(file, exact) for file in _files(path)}, exact)

    def changed(self) -> Path | None:
        """The first of its files that is not what it was, or None."""
        changed = (f for f, mark in self.marks.items() if _mark(f, self.exact) != mark)
        return next(changed, None)

    def refuse_changed(self, what: str = "it was converted, so nothing was signed") -> None:
        """Refuse to go on with a source that is not what it was.

        Args:
            what: was done meanwhile, and what became of it.

        Raises:
            MediaError: names the file.
        """
        if (file := self.changed()) is not None:
            raise MediaError(
                f"{file}: was replaced or changed while {what}; leave it alone, or put it back, "
                "and run it again"
            )


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    yield from images_in(path)


def _mark(file: Path, exact: bool) -> Mark | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    mark = stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
    return (*mark, stat.st_ctime_ns) if exact else mark
