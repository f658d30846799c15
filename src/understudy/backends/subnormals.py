"""The weights that an ONNX file holds, found without reading the graph around them.

Source: onnx.proto3 of the ONNX format, and the wire format of protocol buffers. Only the path to
the arrays is followed: `ModelProto.graph` (7), `GraphProto.initializer` (5), and of `TensorProto`
`data_type` (2), `float_data` (4) and `raw_data` (9).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_GRAPH, _INITIALIZER, _TYPE, _FLOATS, _RAW = 7, 5, 2, 4, 9
_FLOAT = 1
_VARINT, _FIXED_64, _COUNTED, _FIXED_32 = 0, 1, 2, 5


def without_subnormals(content: bytes) -> bytes:
    """The same model with 0 for every 32-bit weight too small to be a normal number.

    Weight decay leaves such numbers in filters that died: six of ten weights of the published PFLD.
    They add nothing that float32 can hold, but a CPU multiplies them in microcode, and that net
    takes 95 ms in place of 6. ONNX Runtime's own switch (`session.set_denormal_as_zero`) holds for
    the thread that makes the process's first session only.

    What is no ONNX model comes back as it is; the runtime says what is wrong with it.
    """
    changed = bytearray(content)
    tiny = np.finfo(np.float32).tiny
    try:
        for start, end in _floats(content):
            values = np.frombuffer(changed, "<f4", (end - start) // 4, start)
            values[np.abs(values) < tiny] = 0
    except (IndexError, ValueError):
        return content
    return bytes(changed)


def _floats(content: bytes) -> Iterator[tuple[int, int]]:
    """Where the arrays of 32-bit floats lie."""
    for graph, at, end in _fields(content, 0, len(content)):
        if graph != _GRAPH:
            continue
        for part, inner, inner_end in _fields(content, at, end):
            if part != _INITIALIZER:
                continue
            found = list(_fields(content, inner, inner_end))
            if any(n == _TYPE and start == _FLOAT for n, start, stop in found if stop < 0):
                yield from ((s, e) for n, s, e in found if n in (_FLOATS, _RAW) and e >= 0)


def _fields(content: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Fields of a message: number, and start and end of what is counted in bytes.

    A varint has its value in place of the start, and -1 for the end.

    Raises:
        ValueError, IndexError: this is no message.
    """
    while at < end:
        key, at = _varint(content, at)
        number, kind = key >> 3, key & 7
        if kind == _COUNTED:
            length, at = _varint(content, at)
            if at + length > end:
                raise ValueError("a field is longer than its message")
            yield number, at, at + length
            at += length
        elif kind == _VARINT:
            value, at = _varint(content, at)
            yield number, value, -1
        elif kind in (_FIXED_64, _FIXED_32):
            at += 8 if kind == _FIXED_64 else 4
        else:
            raise ValueError("a field of an unknown kind")


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number without an end")
