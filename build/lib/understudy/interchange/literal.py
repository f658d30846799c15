"""Reads a Python literal, as Faceswap writes into its face pictures, within limits.

`ast.literal_eval` runs nothing, but a few bytes can make it take gigabytes or all of the stack.
So the text without its quoted parts is looked at first: only what plain data needs may be left,
not nested deeper and not longer than a face is.
"""

from __future__ import annotations

import ast
import re
import warnings
from itertools import accumulate
from typing import Any

from understudy.errors import ValueRefused

MAX_CHARS = 16 << 20
MAX_ITEMS = 200_000
MAX_DEPTH = 12

# A quote that never closes runs to the end, so that looking stays linear in the text's length.
_QUOTED = re.compile(r"""b?'(?:[^'\\]|\\.)*(?:'|\Z)|b?"(?:[^"\\]|\\.)*(?:"|\Z)""", re.DOTALL)
_PLAIN = re.compile(r"(?:[\s{}\[\](),:\"0-9.]|[+-](?=[0-9.])|[eE](?=[+-]?[0-9])|True|False|None)*")
_LONG_NUMBER = re.compile(r"[0-9]{40}")
_STEP = {"{": 1, "[": 1, "(": 1, "}": -1, "]": -1, ")": -1}


def parse(text: str) -> Any:
    """The value of a literal of dict, list, tuple, text, bytes, numbers, True, False and None.

    Raises:
        ValueRefused: anything else, or more than a face record holds.
    """
    if len(text) > MAX_CHARS:
        raise ValueRefused(f"record: {len(text)} characters; at most {MAX_CHARS} are read")
    bare = _QUOTED.sub('""', text)
    if not _PLAIN.fullmatch(bare) or _LONG_NUMBER.search(bare):
        raise ValueRefused("record: not plain data")
    if sum(map(bare.count, ',:[{("')) > MAX_ITEMS:
        raise ValueRefused(f"record: more than {MAX_ITEMS} items")
    if max(accumulate(_STEP.get(c, 0) for c in bare), default=0) > MAX_DEPTH:
        raise ValueRefused(f"record: nested deeper than {MAX_DEPTH}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an escape that Python only warns of is damage here
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueRefused("record: damaged, or not plain data") from error
