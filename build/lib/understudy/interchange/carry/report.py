"""What an import tells, and the one rule that all imports keep: nothing is written over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from understudy.errors import StoreError
from understudy.interchange.values import Ledger


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import took, and what it could not take.

    Attributes:
        output: the alignments file, or the folder of face images.
        tool: what the files came from, "name@version".
        frames: with a row, or that pictures were taken from.
        faces: taken.
        n_skipped: frames and faces left out.
        skipped: the first of them, with the reason.
        lost: kinds of things that have no place with us, and guesses that were made.
    """

    output: Path
    tool: str
    frames: int
    faces: int
    n_skipped: int
    skipped: Sequence[str]
    lost: Sequence[str]

    def to_plain(self) -> dict[str, Any]:
        """The report as data that JSON holds."""
        return {**asdict(self), "output": str(self.output)}


def must_be_new(path: Path) -> None:
    """Refuse to write where something lies.

    Raises:
        StoreError: there is a file, or a folder that is not empty.
    """
    filled: Iterator[Path] | list[Path] = path.iterdir() if path.is_dir() else []
    if path.is_file() or any(True for _ in filled):
        raise StoreError(f"{path}: is there already; move it away, or name another with -o")


def report(path: Path, tool: str, frames: int, faces: int, ledger: Ledger) -> ImportReport:
    """The report of an import that is done."""
    return ImportReport(path, tool, frames, faces, ledger.n_skipped, ledger.skipped, ledger.lost)
