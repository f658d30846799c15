"""What is printed never ends the work: who reads it may be gone, or never have been there."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_GONE = {errno.EPIPE, errno.EBADF}


def prepare() -> None:
    """Make standard output and error such that nothing printed can fail for want of a reader.

    A pipe whose reader has gone (`| head`) and a terminal that was closed take what is printed and
    lose it. A stream that was closed from the beginning is opened to nowhere, since otherwise the
    first file that is opened would take its number, and be printed into. What the encoding of the
    place cannot say is printed as an escape.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for name in ("stdout", "stderr"):
        plain = getattr(sys, f"__{name}__")
        if getattr(sys, name) is plain:  # else somebody reads it in this process
            setattr(sys, name, _stream(1 if name == "stdout" else 2, plain))


def _stream(descriptor: int, plain: io.TextIOWrapper | None) -> io.TextIOWrapper:
    raw = _Lenient(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding="utf-8" if plain is None else plain.encoding,
        errors="backslashreplace",
        line_buffering=descriptor == 2 or raw.isatty(),
    )


class _Lenient(io.FileIO):
    """A stream that is turned to nowhere as soon as nobody is at its other end."""

    def __init__(self, descriptor: int, mode: str, closefd: bool) -> None:
        super().__init__(descriptor, mode, closefd)
        # Of a file this is a failing disk, of a terminal that its window was closed.
        self._gone = _GONE | ({errno.EIO} if self.isatty() else set())
        if os.name == "nt":
            self._gone.add(errno.EINVAL)
        self._failed = False

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in self._gone and not self._failed:
                self._failed = True  # told once; the rest, as what is still kept back, is lost
                raise
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(data).nbytes
