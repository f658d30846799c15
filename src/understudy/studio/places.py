"""Which folders the studio may touch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from understudy.errors import ValueRefused
from understudy.files import refuse_long_path


class Places:
    """The folders that were allowed when the studio was started; nothing outside is ever opened.

    Paths are compared after links were followed, so a link in an allowed folder opens nothing that
    lies elsewhere.

    Args:
        roots: folders; the first one is where relative paths begin.

    Raises:
        ValueRefused: none was given, or one is no folder.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        if not roots:
            raise ValueRefused("studio: expected at least one folder to work in")
        for root in roots:
            if not root.is_dir():
                raise ValueRefused(
                    f"{root}: there is no such folder; make it, or name the one with your films"
                )
        self.roots = tuple(Path(os.path.realpath(root)) for root in roots)

    def path(self, words: str | os.PathLike[str]) -> Path:
        """A path that somebody named, with links followed.

        Args:
            words: absolute, or relative to the first allowed folder; need not exist.

        Raises:
            ValueRefused: it leads out of the allowed folders, or is no path at all.
        """
        text = os.fspath(words)
        if "\0" in text or not text.strip():
            raise ValueRefused("path: expected the name of a file or folder")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueRefused(f"{text!r:.80}: holds what is no text; give another name") from None
        refuse_long_path(self.roots[0] / text)
        there = Path(os.path.realpath(self.roots[0] / text))
        if not self.holds(there):
            raise ValueRefused(
                f"{text}: lies outside of the folders that this studio may touch "
                f"({', '.join(map(str, self.roots))}); start it with --allow to add one"
            )
        return there

    def holds(self, path: Path) -> bool:
        """Whether a path lies in an allowed folder, with links followed."""
        there = Path(os.path.realpath(path))
        return any(there == root or root in there.parents for root in self.roots)

    def words(self, path: Path) -> str:
        """How a path is shown: from the allowed folder that it lies in, where it is the first."""
        try:
            return str(path.relative_to(self.roots[0]))
        except ValueError:
            return str(path)
