"""What people say of settings over time, and what it makes of a frame's settings.

    120: grain=1 knob.shape=0.5      a key: between two of them a value moves evenly
    120-240: grain=1                 held there, and there alone
    shot 3: colour.manual.exposure=0.4    the same for a shot, counted from 0

Before the first key and after the last one a value stays. Where a range says something else, the
range counts; of two ranges the one that was said last.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from understudy.errors import ValueRefused
from understudy.options import branches_of, fields_of, from_mapping, to_mapping
from understudy.stages.convert.options import ConvertOptions
from understudy.words import counted

Values = Mapping[str, float]
KNOB, COLOUR = "knob.", "colour."
_WHEN = re.compile(r"(?:(shot)\s+)?(\d{1,9})(?:\s*-\s*(\d{1,9}))?")
_OF_A_FACE = ("Blending", "Plate")
_EXAMPLE = "'120: grain=1', '100-200: grain=1' or 'shot 3: grain=1'"


@cache
def movable() -> tuple[str, ...]:
    """Names of the conversion's own settings that may change over time: those that are numbers."""
    return tuple(
        f.name for f in fields_of(ConvertOptions) if f.kind is float and f.group in _OF_A_FACE
    )


class Keys:
    """Settings over time, ready to be asked for a frame.

    Args:
        words: as people say them, see the module.
        shots: gives the first frame of each shot; None where nobody knows them.

    Raises:
        ValueRefused: no such words, no such setting, or a shot that is not there.
    """

    def __init__(
        self, words: Sequence[str], shots: Callable[[], Sequence[int]] | None = None
    ) -> None:
        self._points: dict[str, dict[int, float]] = {}
        self._spans: list[tuple[int, float, str, float]] = []
        for entry in words:
            when, values = _read(entry)
            shot, first, last = when
            if shot:
                first, end = _shot(entry, first, shots)
                self._spans += [(first, end, name, value) for name, value in values.items()]
            elif last is not None:
                self._spans += [(first, last, name, value) for name, value in values.items()]
            else:
                for name, value in values.items():
                    self._points.setdefault(name, {})[first] = value

    def at(self, index: int) -> dict[str, float]:
        """What is said of a frame, by name; nothing of settings that are as usual there."""
        found = {}
        for name, points in self._points.items():
            frames = sorted(points)
            found[name] = float(np.interp(index, frames, [points[frame] for frame in frames]))
        for first, last, name, value in self._spans:
            if first <= index <= last:
                found[name] = value
        return found

    def extremes(self) -> list[dict[str, float]]:
        """Each value that is said, alone; no frame has one beyond them."""
        found = [{n: v} for n, points in self._points.items() for v in points.values()]
        return found + [{name: value} for _, _, name, value in self._spans]


def with_values(options: ConvertOptions, values: Values) -> ConvertOptions:
    """A conversion's options with other values, knobs among them.

    Raises:
        ValueRefused: one of them is not allowed.
    """
    own: dict[str, Any] = {n: v for n, v in values.items() if not n.startswith((KNOB, COLOUR))}
    knobs = tuple(f"{n.removeprefix(KNOB)}={v}" for n, v in values.items() if n.startswith(KNOB))
    changed = replace(options, keys=(), **own)
    if knobs:
        # of one name the last counts
        changed = replace(changed, knob=(*options.knob, *knobs))
    colours = {n.removeprefix(COLOUR): v for n, v in values.items() if n.startswith(COLOUR)}
    if colours:
        plain = dict(to_mapping(changed))
        branch = {name: dict(mine) for name, mine in plain.get("colour", {}).items()}
        for path, value in colours.items():
            plugin, _, name = path.partition(".")
            branch.setdefault(plugin, {})[name] = value
        changed = from_mapping(ConvertOptions, plain | {"colour": branch})
    return changed


def check_keys(options: ConvertOptions) -> None:
    """Refuse words and values that no conversion could go by; shots are not looked for.

    Raises:
        ValueRefused: says which.
    """
    for values in Keys(options.keys, lambda: range(1 << 20)).extremes():
        try:
            with_values(options, values)
        except ValueRefused as error:
            raise ValueRefused(f"keys: {error}") from None


def _read(entry: str) -> tuple[tuple[bool, int, int | None], dict[str, float]]:
    when, colon, rest = entry.partition(":")
    found = _WHEN.fullmatch(when.strip())
    if not colon or found is None or len(entry) > 500 or not rest.split():
        raise ValueRefused(f"keys: expected words such as {_EXAMPLE}, got {entry!r:.100}")
    shot, first = found[1] is not None, int(found[2])
    last = None if found[3] is None else int(found[3])
    if last is not None and (shot or last < first):
        raise ValueRefused(f"keys: expected words such as {_EXAMPLE}, got {entry!r:.100}")
    return (shot, first, last), dict(_value(entry, word) for word in rest.split())


def _value(entry: str, word: str) -> tuple[str, float]:
    name, equals, said = word.partition("=")
    name = name.replace("-", "_") if "." not in name else name
    try:
        value = float(said)
    except ValueError:
        value = math.nan
    if not equals or not math.isfinite(value):
        raise ValueRefused(f"keys: {entry!r:.100}: expected NAME=NUMBER, got {word!r:.60}")
    kinds = {b.kind for b in branches_of(ConvertOptions)}
    known = name in movable() or (name.startswith(KNOB) and name.count(".") == 1)
    if not known and not ("colour" in kinds and name.startswith(COLOUR) and name.count(".") == 2):
        raise ValueRefused(
            f"keys: {name!r:.60} cannot change over time; what can: {', '.join(movable())}, "
            "knob.NAME and colour.MATCHER.OPTION where they are numbers"
        )
    return name, value


def _shot(entry: str, number: int, shots: Callable[[], Sequence[int]] | None) -> tuple[int, float]:
    """First and last frame of a shot."""
    if shots is None:
        raise ValueRefused(f"keys: {entry!r:.100}: a single picture has no shots")
    firsts = shots()
    if number >= len(firsts):
        raise ValueRefused(
            f"keys: {entry!r:.100}: the film has {counted(len(firsts), 'shot')}, counted from 0"
        )
    ends = firsts[number + 1] - 1 if number + 1 < len(firsts) else math.inf
    return firsts[number], ends
