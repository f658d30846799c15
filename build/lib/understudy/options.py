"""Options are declared once, as frozen dataclasses; flags, forms, TOML and docs follow.

A field is made with `option(default, "help", ...)`. The command line (`cli.flags`) turns each
into a flag, `from_mapping` reads TOML or a saved experiment, `reference` prints the docs table.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin

from understudy.errors import ValueRefused

T = TypeVar("T")


def option(
    default: Any,
    help: str,  # noqa: A002 - reads as what it is at every call
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    group: str = "",
) -> Any:
    """A dataclass field with what people need to know about it.

    Args:
        default: the value when nothing is said.
        help: one or two sentences; what it does and when to change it.
        low: smallest value allowed.
        high: largest value allowed.
        unit: such as "px" or "min", shown behind the value.
        group: heading under which it is shown.
    """
    meta = {"help": help, "low": low, "high": high, "unit": unit, "group": group}
    return dataclasses.field(default=default, metadata={"option": meta})


@dataclass(frozen=True, slots=True)
class OptionField:
    """One declared option, as flags, forms and docs see it."""

    name: str
    kind: type
    choices: tuple[str, ...]
    optional: bool
    default: Any
    help: str
    low: float | None
    high: float | None
    unit: str
    group: str


def fields_of(cls: type) -> list[OptionField]:
    """The declared options of an options dataclass, in order."""
    hints = typing.get_type_hints(cls)
    found = []
    for field in dataclasses.fields(cls):
        meta = field.metadata.get("option")
        if meta is None:
            continue
        kind, choices, optional = _unwrap(hints[field.name])
        found.append(OptionField(field.name, kind, choices, optional, field.default, **meta))
    return found


def check(options: Any) -> None:
    """Refuse values out of range; called from `__post_init__` of options dataclasses.

    Raises:
        ValueRefused: names the option, the value and what is allowed.
    """
    for field in fields_of(type(options)):
        value = getattr(options, field.name)
        if value is None and field.optional:
            continue
        if field.choices and value not in field.choices:
            raise ValueRefused(
                f"{field.name}: expected one of {', '.join(field.choices)}, got {value!r}"
            )
        if field.kind in (int, float) and not field.choices:
            low = -float("inf") if field.low is None else field.low
            high = float("inf") if field.high is None else field.high
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueRefused(f"{field.name}: expected a number, got {value!r}")
            if not low <= value <= high:
                raise ValueRefused(f"{field.name}: expected {low:g} to {high:g}, got {value!r}")


def from_mapping(cls: type[T], values: Mapping[str, Any]) -> T:
    """Build an options dataclass from plain data, such as a TOML table.

    Raises:
        ValueRefused: an unknown name, or a value out of range.
    """
    known = {f.name for f in fields_of(cls)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueRefused(
            f"{cls.__name__}: unknown option {', '.join(unknown)}; "
            f"known are {', '.join(sorted(known))}"
        )
    return cls(**values)


def to_mapping(options: Any) -> dict[str, Any]:
    """The declared options as plain data, for saving an experiment."""
    return {f.name: getattr(options, f.name) for f in fields_of(type(options))}


def reference(cls: type) -> str:
    """A Markdown table of the options, for the docs."""
    rows = ["| option | default | what it does |", "| --- | --- | --- |"]
    for f in fields_of(cls):
        default = "none" if f.default is None else f"{f.default}{' ' + f.unit if f.unit else ''}"
        choices = f" One of: {', '.join(f.choices)}." if f.choices else ""
        rows.append(f"| `{f.name}` | {default} | {f.help}{choices} |")
    return "\n".join(rows)


def _unwrap(hint: Any) -> tuple[type, tuple[str, ...], bool]:
    optional = False
    if get_origin(hint) in (types.UnionType, typing.Union):
        members = [a for a in get_args(hint) if a is not type(None)]
        optional = len(members) < len(get_args(hint))
        hint = members[0]
    if get_origin(hint) is Literal:
        return str, tuple(get_args(hint)), optional
    return hint, (), optional
