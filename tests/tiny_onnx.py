"""ONNX files of a few nodes, put together field by field."""

from __future__ import annotations

from collections.abc import Sequence


def model(
    *operators: str, side: int = 32, channels: int = 3, inputs: Sequence[str] = ("x",)
) -> bytes:
    """A net of operators in a row, from (1, channels, side, side) float32 to what comes of it.

    Args:
        operators: of one input each.
        side: of the pictures.
        channels: of the pictures.
        inputs: names; the first one is used.
    """
    dims = b"".join(_field(1, _field(1, n)) for n in (1, channels, side, side))
    kind = _field(1, _field(1, 1) + _field(2, dims))  # float32
    anything = _field(1, _field(1, 1))
    names = [inputs[0], *(f"n{i}" for i in range(len(operators) - 1)), "y"]
    nodes = [
        _field(1, _field(1, before) + _field(2, after) + _field(4, operator))
        for operator, before, after in zip(operators, names[:-1], names[1:], strict=True)
    ]
    ends = [_field(11, _field(1, name) + _field(2, kind)) for name in inputs]
    ends.append(_field(12, _field(1, "y") + _field(2, anything)))
    graph = b"".join(nodes) + _field(2, "g") + b"".join(ends)
    return _field(1, 8) + _field(8, _field(1, "") + _field(2, 13)) + _field(7, graph)


def _field(number: int, value: bytes | int | str) -> bytes:
    if isinstance(value, int):
        return bytes([number << 3]) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
