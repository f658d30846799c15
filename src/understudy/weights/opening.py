"""The one way from a record of weights to what computes with them.

Found, checked against the record, then read by a reader that runs nothing: PyTorch's restricted
one, ONNX Runtime, LiteRT, dlib's numbers. What a reader cannot make sense of is explained here, for
all of them: the bytes are those of the record, so what does not fit is the net or its runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from understudy.errors import UnderstudyError, WeightsError
from understudy.plugin import Weights
from understudy.weights.files import weights_bytes, weights_path

T = TypeVar("T")
_LONGEST = 300


def opened(record: Weights, reader: Callable[[bytes], T], what: str) -> T:
    """What a reader makes of the bytes behind a record.

    Args:
        record: whose file is meant.
        reader: takes the checked bytes; must run nothing that is in them.
        what: it should make of them, for messages, such as "an ONNX model".

    Raises:
        WeightsError: the file is missing or another one, or the reader cannot make that of it.
        PluginError: the reader's package is missing.
    """
    return _explained(record, lambda: reader(weights_bytes(record)), what)


def opened_by_name(record: Weights, reader: Callable[[Path], T], what: str) -> T:
    """`opened` for readers that open files by name themselves."""
    return _explained(record, lambda: reader(weights_path(record)), what)


def misfit(name: str, what: str, reason: object) -> WeightsError:
    """The error for a file that is the one meant and does not hold what is expected of it."""
    words = " ".join(str(reason).split())[:_LONGEST] or type(reason).__name__
    return WeightsError(
        f"{name} does not hold {what}: {words}; if understudy weights verify finds the file right, "
        "the package that reads it is of another version than Understudy was made with"
    )


def _explained(record: Weights, read: Callable[[], T], what: str) -> T:
    try:
        return read()
    except (UnderstudyError, MemoryError):
        raise
    except Exception as error:  # readers of formats raise whatever they like
        raise misfit(record.name, what, error) from error
