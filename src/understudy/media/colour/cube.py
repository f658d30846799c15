"""`.cube` files: look-up tables of colours, as grading programs and cameras' makers give them.

Source: Adobe, Cube LUT Specification 1.0 (2013); files of DaVinci Resolve, which may hold a table
for each channel before one for colours, and say the range of their input in one line.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.files import read_file

MOST_BYTES = 96 << 20
MOST_1D, MOST_3D = 65536, 129
_MOST_CHARS = 500
_LARGEST = 1e4
_RANGES = {"LUT_1D_INPUT_RANGE": 1, "LUT_3D_INPUT_RANGE": 3}


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """A look-up table: first one for each channel, then one for whole colours; either may be None.

    Attributes:
        name: of its file, for people.
        digest: of its numbers; another table has another.
        channels: (n, 3) float32 by channel.
        colours: (n, n, n, 3) float32, indexed by blue, green, red.
        channels_from, channels_to: (3,) which input the ends of `channels` stand for.
        colours_from, colours_to: the same of `colours`.
    """

    name: str
    digest: str
    channels: NDArray[np.float32] | None
    colours: NDArray[np.float32] | None
    channels_from: tuple[float, ...] = (0.0, 0.0, 0.0)
    channels_to: tuple[float, ...] = (1.0, 1.0, 1.0)
    colours_from: tuple[float, ...] = (0.0, 0.0, 0.0)
    colours_to: tuple[float, ...] = (1.0, 1.0, 1.0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cube) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def read_cube(path: Path) -> Cube:
    """Read a `.cube` file that nobody vouches for.

    Raises:
        MediaError: it is not there, too large, or no such table; says which line and what to do.
    """
    if not path.is_file():
        raise MediaError(f"{path}: there is no such file; give a look-up table, FILE.cube")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise MediaError(
            f"{path}: has {size} bytes, and a .cube file has {MOST_BYTES} at most; make a table "
            f"of {MOST_3D} or fewer steps"
        )
    try:
        text = read_file(path, MOST_BYTES).decode("utf-8-sig", "replace")
    except OSError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}); check its rights") from error
    return _Reading(path).of(text)


class _Reading:
    def __init__(self, path: Path) -> None:
        self._path, self._number = path, 0
        self._sizes: dict[str, int] = {}
        ends: dict[str, tuple[float, ...]] = {"DOMAIN_MIN": (0.0,) * 3, "DOMAIN_MAX": (1.0,) * 3}
        self._domain = ends
        self._ranges: dict[int, tuple[float, float]] = {}

    def of(self, text: str) -> Cube:
        rows: list[tuple[float, ...]] = []
        most = MOST_1D + MOST_3D**3
        for words in self._lines(text):
            if words[0][0].isalpha():
                if rows:
                    self._refuse(f"a row of three numbers, got {words[0]!r:.40}; words come first")
                self._header(words)
                continue
            if not self._sizes:
                self._refuse("LUT_3D_SIZE or LUT_1D_SIZE before the first row of numbers")
            if len(rows) == most:
                self._refuse(f"{most} rows of numbers at most")
            rows.append(self._numbers(words, 3))
        return self._built(rows)

    def _lines(self, text: str) -> Iterator[list[str]]:
        for self._number, line in enumerate(text.splitlines(), 1):
            if len(line) > _MOST_CHARS:
                self._refuse(f"lines of {_MOST_CHARS} characters at most, got {len(line)}")
            words = line.split()
            if words and not words[0].startswith("#"):
                yield words

    def _header(self, words: list[str]) -> None:
        key, given = words[0], words[1:]
        if key == "TITLE":
            return
        if key in ("LUT_1D_SIZE", "LUT_3D_SIZE"):
            most = MOST_1D if key == "LUT_1D_SIZE" else MOST_3D
            if key in self._sizes:
                self._refuse(f"{key} once")
            digits = len(given) == 1 and given[0].isascii() and given[0].isdigit()
            if not digits or len(given[0]) > 6 or not 2 <= int(given[0]) <= most:
                self._refuse(f"{key} 2 to {most}, got {' '.join(given)!r:.40}")
            self._sizes[key] = int(given[0])
        elif key in self._domain:
            self._domain[key] = self._numbers(given, 3)
        elif key in _RANGES:
            low, high = self._numbers(given, 2)
            self._ranges[_RANGES[key]] = low, high
        else:
            self._refuse(f"a word of a .cube file, such as LUT_3D_SIZE, got {key!r:.40}")

    def _numbers(self, words: list[str], count: int) -> tuple[float, ...]:
        try:
            found = tuple(float(word) for word in words)
        except ValueError:
            found = ()
        # Python reads "1_0" as a number, and "nan"
        if "_" in "".join(words) or not all(abs(n) <= _LARGEST for n in found):
            found = ()
        if len(found) != count:
            self._refuse(f"{count} numbers, got {' '.join(words)!r:.60}")
        return found

    def _built(self, rows: list[tuple[float, ...]]) -> Cube:
        n1, n3 = self._sizes.get("LUT_1D_SIZE", 0), self._sizes.get("LUT_3D_SIZE", 0)
        if not n1 and not n3:
            self._refuse("LUT_3D_SIZE or LUT_1D_SIZE")
        if len(rows) != n1 + n3**3:
            self._refuse(f"{n1 + n3**3} rows of numbers in all, got {len(rows)}")
        table = np.array(rows, np.float32)
        ends = {}
        for dimensions in (1, 3):
            low, high = self._domain["DOMAIN_MIN"], self._domain["DOMAIN_MAX"]
            if dimensions in self._ranges:
                low, high = ((end,) * 3 for end in self._ranges[dimensions])
            if not all(a < b and math.isfinite(b - a) for a, b in zip(low, high, strict=True)):
                self._refuse(f"an input that rises, got {low} to {high}")
            ends[dimensions] = low, high
        digest = hashlib.sha256(repr((n1, n3, sorted(ends.items()))).encode() + table.tobytes())
        return Cube(
            self._path.name,
            digest.hexdigest(),
            table[:n1] if n1 else None,
            table[n1:].reshape(n3, n3, n3, 3) if n3 else None,
            *ends[1],
            *ends[3],
        )

    def _refuse(self, expected: str) -> NoReturn:
        raise MediaError(
            f"{self._path}, line {self._number}: expected {expected}; export the table again as "
            ".cube"
        )
