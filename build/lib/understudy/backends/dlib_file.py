"""Reads the numbers of a network that dlib wrote, layer by layer; no code is in such a file.

dlib writes a network from its input to its output, each layer as a name and its numbers. A string
is its length and its bytes. An integer is one byte, whose low four bits count the bytes that
follow (little endian) and whose top bit is the sign. A tensor is a version (2), four sizes as
integers (samples, channels, rows, columns), and its float32 numbers, little endian.

Source: the public headers of dlib (Boost Software License), which define the file.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.errors import WeightsError


class DlibReader:
    """Walks through a dlib file from one named layer to the next."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def numbers(self, name: str, integers_before: int = 0) -> NDArray[np.float32]:
        """The tensor of the next layer of that name, flat; some layers have sizes before it.

        Raises:
            WeightsError: there is no such layer, or it is damaged.
        """
        needle = bytes([1, len(name)]) + name.encode()
        start = self._data.find(needle, self._at)
        if start < 0:
            raise WeightsError(f"the dlib network ends before a layer {name!r}")
        self._at = start + len(needle)
        self.skip(integers_before)
        return self.tensor(name)

    def tensor(self, name: str) -> NDArray[np.float32]:
        """The tensor that begins here, flat; the name is for the message.

        Raises:
            WeightsError: it is damaged.
        """
        version, *sizes = [self._integer() for _ in range(5)]
        count = int(np.prod(sizes))
        if version != 2 or not 0 < 4 * count <= len(self._data) - self._at:
            raise WeightsError(f"layer {name!r} of the dlib network: tensor {version} of {sizes}")
        array = np.frombuffer(self._data, "<f4", count, self._at).astype(np.float32)
        self._at += 4 * count
        return array

    def skip(self, integers: int) -> None:
        """Pass over so many integers."""
        for _ in range(integers):
            self._integer()

    def _integer(self) -> int:
        control = int.from_bytes(self._data[self._at : self._at + 1], "little")
        stop = self._at + 1 + (control & 0x0F)
        value = int.from_bytes(self._data[self._at + 1 : stop], "little")
        self._at = stop
        return -value if control & 0x80 else value
