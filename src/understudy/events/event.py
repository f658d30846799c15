"""One event, and how values become what JSON can say."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal, Self, TypeAlias, get_args

from understudy.errors import ValueRefused
from understudy.events.words import printable, printable_text
from understudy.files import parse_json

Plain: TypeAlias = "bool | int | float | str | Sequence[Plain] | Mapping[str, Plain] | None"
"""What JSON can say."""

Level = Literal["info", "warning", "error"]
Kind = Literal[
    "say", "warning", "task", "advance", "done", "metric", "picture", "report", "result", "error"
]

KINDS: Mapping[Kind, str] = {
    "say": "A remark for people: a choice made and why, a place on disk.",
    "warning": "Something that costs quality or may surprise. `data`: the values in the text.",
    "task": "A piece of work begins. `data`: `task` (its number in this run), `name`, `total` "
    "(null when not known), `unit`, `done` (more than 0 when going on after an interruption).",
    "advance": "It goes on; at most one a second is written. `data`: `task`, `done`, `note`.",
    "done": "It ends. `data`: `task`, `done`, `seconds`, `complete` (false when stopped, failed).",
    "metric": "A number that is worth a curve. `code`: its name; `data`: `value`, `step`.",
    "picture": "A picture to look at was written. `data`: `path`, `step` where there is one.",
    "report": "What a stage made and measured. `data`: its report, field by field.",
    "result": "The last line of work that succeeded. `data`: `verb`, `exit_code`, `seconds`.",
    "error": "The last line of work that failed or was stopped. `data`: `verb`, `exit_code`.",
}
"""Every kind of event, and what it carries."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for people and programs.

    Attributes:
        kind: what sort of thing; `KINDS` says what each carries.
        text: for people; empty where there is nothing to read.
        code: for programs to go by; which codes there are depends on the kind.
        level: how loud.
        data: values, as JSON can say them.
        time_s: when, in seconds since 1970 (UTC).
    """

    kind: Kind
    text: str = ""
    code: str = ""
    level: Level = "info"
    data: Mapping[str, Plain] = field(default_factory=dict)
    time_s: float = field(default_factory=time.time)

    @property
    def shown(self) -> str:
        """The text as it may be shown and logged: one line, but for reports and tracebacks."""
        in_lines = self.kind == "report" or self.code == "fault"
        return printable_text(self.text) if in_lines else printable(self.text)

    def to_plain(self) -> dict[str, Plain]:
        """As a mapping of plain values, in the order of reading."""
        return {
            "time_s": round(self.time_s, 3),
            "kind": self.kind,
            "level": self.level,
            "code": self.code,
            "text": self.text,
            "data": dict(self.data),
        }

    def to_json(self) -> str:
        """One line, without its end."""
        return json.dumps(self.to_plain(), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read a line back.

        Raises:
            ValueRefused: it is no event.
        """
        try:
            plain = parse_json(line)
            text, code, data = plain["text"], plain["code"], plain["data"]
            known = plain["kind"] in KINDS and plain["level"] in get_args(Level)
            typed = isinstance(text, str) and isinstance(code, str) and isinstance(data, dict)
            if not (known and typed):
                raise ValueError("a field is of another type")
            return cls(plain["kind"], text, code, plain["level"], data, float(plain["time_s"]))
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise ValueRefused(
                f"expected an event as a line of JSON, got {line[:200]!r}"
            ) from error


Sink = Callable[[Event], None]
"""Takes every event of one run, in order."""


def to_plain(value: Any) -> Plain:
    """Any value of ours as JSON can say it.

    Dataclasses become mappings, paths text, arrays lists; a number that is not finite becomes
    null. What has a `to_plain` of its own is asked.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): to_plain(v) for k, v in value.items()}
    if callable(own := getattr(value, "to_plain", None)):
        return to_plain(own())
    if dataclasses.is_dataclass(value):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if callable(as_list := getattr(value, "tolist", None)):  # NumPy's arrays and numbers
        return to_plain(as_list())
    if isinstance(value, Iterable):
        return [to_plain(v) for v in value]
    return str(value)
