"""`project.json` shared by processes: a change is made alone, to what the file holds by then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from understudy.errors import StoreError, UnderstudyError
from understudy.files import remove_folder
from understudy.store.lock import WriterLock
from understudy.store.project import file
from understudy.store.project.file import Content

P = ParamSpec("P")
S = TypeVar("S", bound="SharedFile")
T = TypeVar("T")

CONSENT = "consent.toml"
_TURN_S = 20.0
"""How long a change waits for others to finish theirs, which take milliseconds."""


def turn(folder: Path) -> WriterLock:
    """The right to change a project's file for a moment."""
    return WriterLock(folder / file.NAME, "project", wait_s=_TURN_S)


def is_trace(name: str) -> bool:
    """Whether a file is what turns leave in a folder, or left when Understudy was younger."""
    return name == ".lock" or name.startswith(f".{file.NAME}.")


def in_turn(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """The method with nobody else changing the project meanwhile, on what the last one left."""

    @wraps(method)
    def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.changing():
            return method(self, *args, **kwargs)

    return run


class SharedFile:
    """What a project's file holds, read once and anew before each change."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder
        self._read_only = read_only
        self._alone = False
        self._made = False
        self._content = file.read(folder / file.NAME)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._made and isinstance(error, UnderstudyError):
            self._take_back()
        self.close()

    def close(self) -> None:
        """Be done with it; everything is on disk already."""

    def _take_back(self) -> None:
        """Leave nothing of a project that was made for what was refused; work and answers stay."""
        rooms = [self.folder / name for name in ("sources", "models", "renders", "work")]
        used = any(any(room.iterdir()) for room in rooms if room.is_dir())
        if not used and not (self.folder / CONSENT).exists():
            remove_folder(self.folder)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Nobody else changes the file in this block, and it is as the last one left it.

        Raises:
            StoreError: it was opened to be read only, or others change it without end.
        """
        if self._read_only:
            raise StoreError(f"{self.folder}: was opened to be read only, and cannot be changed")
        if self._alone:
            yield
            return
        with turn(self.folder):
            self._alone = True
            try:
                self._content = file.read(self.folder / file.NAME)
                yield
            finally:
                self._alone = False

    def _change(self, edit: Callable[[Content], Content]) -> None:
        """The one place where the file changes."""
        with self.changing():
            content = edit(self._content)
            file.write(self.folder / file.NAME, content)
            self._content = content
