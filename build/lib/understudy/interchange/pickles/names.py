"""The only names that a pickle may use, and what stands behind them: arrays of plain numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from understudy.errors import ValueRefused

_PLAIN = re.compile(r"[<>=|]?(?:b1|[iu][1248]|f[248])")
_MAX_DIMENSIONS = 8
_STATE_OF_PLAIN = (3, None, None, None, -1, -1, 0)


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the table; `make` is called with the file's arguments, None stands for itself."""

    name: str
    make: Callable[[tuple[Any, ...]], Any] | None = None


class DType:
    """A number format that is still being described."""

    __slots__ = ("plain",)

    def __init__(self, plain: np.dtype[Any]) -> None:
        self.plain = plain

    def set_state(self, state: Any) -> None:
        """Take the byte order; records and objects have more state and are refused."""
        if type(state) is not tuple or len(state) != 8 or state[1] not in ("<", ">", "|", "="):
            raise ValueRefused("pickled array: a number format that is not plain")
        if (state[0], *state[2:]) != _STATE_OF_PLAIN:
            raise ValueRefused("pickled array: records and objects are not read")
        if self.plain.itemsize > 1 and state[1] in "<>":
            self.plain = self.plain.newbyteorder(state[1])


def build_array(array: np.ndarray[Any, Any], state: Any) -> None:
    """Give an array from `_reconstruct` its shape, format and numbers.

    Raises:
        ValueRefused: objects, or a shape that does not fit the bytes.
    """
    if type(state) is not tuple or len(state) != 5:
        raise ValueRefused("pickled array: expected five things of it")
    version, shape, dtype, fortran, raw = state
    if type(version) is not int or type(fortran) is not bool:
        raise ValueRefused("pickled array: an unknown version")
    _check(shape, dtype, raw)
    state_of_array: Any = (1, shape, dtype.plain, fortran, raw)
    array.__setstate__(state_of_array)


def _check(shape: Any, dtype: Any, raw: Any) -> None:
    if type(dtype) is not DType or type(raw) is not bytes:
        raise ValueRefused("pickled array: its numbers are not plain bytes")
    if type(shape) is not tuple or len(shape) > _MAX_DIMENSIONS:
        raise ValueRefused("pickled array: no shape, or one of too many dimensions")
    if not all(type(n) is int and 0 <= n < 2**31 for n in shape):
        raise ValueRefused("pickled array: its shape does not fit its numbers")
    if math.prod(shape) * dtype.plain.itemsize != len(raw):
        raise ValueRefused("pickled array: its shape does not fit its numbers")


def _dtype(arguments: tuple[Any, ...]) -> DType:
    code = arguments[0] if arguments else None
    if type(code) is not str or not _PLAIN.fullmatch(code):
        raise ValueRefused("pickled array: only whole and floating point numbers are read")
    return DType(np.dtype(code))


def _reconstruct(arguments: tuple[Any, ...]) -> np.ndarray[Any, Any]:
    if len(arguments) != 3 or arguments[0] is not _NDARRAY:
        raise ValueRefused("pickled array: of a kind that is not plain")
    return np.empty(0, np.uint8)


def _frombuffer(arguments: tuple[Any, ...]) -> np.ndarray[Any, Any]:
    raw, dtype, shape, order = arguments
    _check(shape, dtype, raw)
    if order not in ("C", "F"):
        raise ValueRefused("pickled array: an unknown order")
    return np.frombuffer(raw, dtype.plain).reshape(shape, order=order)


def _scalar(arguments: tuple[Any, ...]) -> Any:
    dtype, raw = arguments
    _check((), dtype, raw)
    return np.frombuffer(raw, dtype.plain)[0].item()


def _encode(arguments: tuple[Any, ...]) -> bytes:
    text, encoding = arguments
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise ValueRefused("pickled data: an unknown encoding")
    return text.encode("latin-1")


def _no_bytes(arguments: tuple[Any, ...]) -> bytes:
    if arguments:
        raise ValueRefused("pickled data: bytes made from something else")
    return b""


_NDARRAY = Name("numpy.ndarray")

NAMES = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): Name("numpy.dtype", _dtype),
    # How protocols 0 to 2 spell bytes, and empty bytes.
    ("_codecs", "encode"): Name("_codecs.encode", _encode),
    ("__builtin__", "bytes"): Name("bytes", _no_bytes),
    ("builtins", "bytes"): Name("bytes", _no_bytes),
    **{
        (f"numpy.{core}.{module}", name): Name(name, make)
        for core in ("core", "_core")
        for module, name, make in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _frombuffer),
        )
    },
}
"""(module, name) to what it stands for; nothing of these modules is imported by name."""
