"""Many small pictures of faces in one: a screen of a grid is one request, not a hundred."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import UnderstudyError
from understudy.imaging.depth import eight_bit
from understudy.imaging.resample import resize
from understudy.store.faceset import read_face_png

ACROSS = 10
MOST = 200
_KEPT_BYTES = 96 << 20
_WORKERS = 4

Cut = Callable[[str], NDArray[Any] | None]


class Sprites:
    """Makes them; keeps the small pictures that were made last."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[Any, ...], NDArray[np.uint8]] = OrderedDict()
        self._bytes = 0
        self._turn = threading.Lock()
        self._workers = ThreadPoolExecutor(_WORKERS, "sprites")

    def sheet(
        self, ids: Sequence[str], places: Sequence[Path | None], px: int, cut: Cut
    ) -> NDArray[np.uint8]:
        """Faces side by side, `ACROSS` in a row.

        Args:
            ids: of the faces.
            places: the picture of each, or None where it has none.
            px: side of each, pixels.
            cut: makes the picture of a face that has none, or gives None.

        Returns:
            (rows * px, ACROSS * px, 3) uint8 RGB; grey where a picture cannot be read.
        """

        def one(id_: str, place: Path | None) -> NDArray[np.uint8] | None:
            try:
                return self._small(place, px) if place else _square(cut(id_), px)
            except (UnderstudyError, OSError):
                return None

        rows = -(-len(ids) // ACROSS)
        whole = np.full((max(rows, 1) * px, ACROSS * px, 3), 128, np.uint8)
        for n, small in enumerate(self._workers.map(one, ids, places)):
            if small is not None:
                y, x = n // ACROSS * px, n % ACROSS * px
                whole[y : y + px, x : x + px] = small
        return whole

    def _small(self, place: Path, px: int) -> NDArray[np.uint8] | None:
        found = place.stat()
        key = place, found.st_mtime_ns, found.st_size, px
        with self._turn:
            if (known := self._known.get(key)) is not None:
                self._known.move_to_end(key)
                return known
        small = _square(eight_bit(read_face_png(place)[0]), px)
        if small is None:
            return None
        with self._turn:
            self._bytes += small.nbytes if key not in self._known else 0
            self._known[key] = small
            while self._bytes > _KEPT_BYTES:
                self._bytes -= self._known.popitem(last=False)[1].nbytes
        return small


def _square(pixels: NDArray[Any] | None, px: int) -> NDArray[np.uint8] | None:
    if pixels is None:
        return None
    small: NDArray[np.uint8] = resize(pixels, (px, px))
    return small
