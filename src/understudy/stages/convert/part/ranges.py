"""Ranges of frames as people write them."""

from __future__ import annotations

import re

from understudy.errors import ValueRefused

_WORD = re.compile(r"(\d+)(-)?(\d+)?")
_EXAMPLE = "100-200,350- (frames count from 0)"


def read_frames(words: str) -> tuple[tuple[int, int | None], ...]:
    """First and last frame of each range, in order and joined where they touch; None is the end.

    Raises:
        ValueRefused: no such words.
    """
    found: list[tuple[int, int | None]] = []
    for word in filter(None, (part.strip() for part in words.split(","))):
        parts = _WORD.fullmatch(word)
        if parts is None or len(word) > 30 or (parts[3] and int(parts[3]) < int(parts[1])):
            raise ValueRefused(f"frames: expected ranges such as {_EXAMPLE}, got {word!r}")
        first = int(parts[1])
        last = int(parts[3]) if parts[3] else (None if parts[2] else first)
        found.append((first, last))
    if not found:
        raise ValueRefused(f"frames: expected ranges such as {_EXAMPLE}, got {words!r}")
    found.sort(key=lambda run: run[0])
    joined = found[:1]
    for first, last in found[1:]:
        start, end = joined[-1]
        if end is not None and first > end + 1:
            joined.append((first, last))
        elif end is not None:
            joined[-1] = (start, None if last is None else max(end, last))
    return tuple(joined)
