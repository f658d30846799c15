"""Strict types and ranges: True is no number, "3" is no 3, and None only where it is said."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from understudy.errors import ValueRefused
from understudy.options.declare import Branch, OptionField, branches_of, fields_of

_SAID = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def check(options: Any) -> None:
    """Refuse values of another type or out of range; for `__post_init__` of options dataclasses.

    Branches that were given as plain mappings become `Branch`.

    Raises:
        ValueRefused: names the option, the value and what is allowed.
    """
    for field in fields_of(type(options)):
        check_value(field.name, field, getattr(options, field.name))
    for one in branches_of(type(options)):
        chosen = getattr(options, one.kind)
        if not isinstance(chosen, Branch):
            object.__setattr__(options, one.kind, as_branch(one.kind, chosen))


def as_branch(kind: str, chosen: Any) -> Branch:
    """A branch out of plain data.

    Raises:
        ValueRefused: it is no mapping of mappings.
    """
    if not isinstance(chosen, Mapping) or dataclasses.is_dataclass(chosen):
        raise ValueRefused(f"{kind}: expected options by plug-in, got {chosen!r}")
    try:
        return Branch(chosen)
    except ValueRefused as error:
        raise ValueRefused(f"{kind}.{error}") from None


def check_value(path: str, field: OptionField, value: Any) -> None:
    """Refuse a value that the option may not have.

    Args:
        path: the option's name in messages, such as "detect.mtcnn.scale_factor".
        field: its declaration.
        value: any.

    Raises:
        ValueRefused: names path, value and what is allowed.
    """
    if value is None and field.optional:
        return
    if not field.many:
        _check_one(path, field, value)
        return
    if not isinstance(value, tuple):
        raise ValueRefused(f"{path}: expected a tuple, each {allowed(field)}, got {value!r}")
    for number, member in enumerate(value):
        _check_one(f"{path}[{number}]", field, member)


def _check_one(path: str, field: OptionField, value: Any) -> None:
    expected = f"{path}: expected {allowed(field)}, got {value!r}"
    if field.kind is float:
        right = type(value) in (int, float) and not math.isnan(value)
    else:
        right = type(value) is field.kind
    if not right or (field.choices and value not in field.choices):
        raise ValueRefused(expected)
    if field.kind in (int, float):
        low = -math.inf if field.low is None else field.low
        high = math.inf if field.high is None else field.high
        if not low <= value <= high:
            raise ValueRefused(expected)


def allowed(field: OptionField) -> str:
    """What an option may be, in words: "a whole number, 64 to 1024, or none"."""
    if field.choices:
        text = f"one of {', '.join(field.choices)}"
    else:
        text = _SAID[field.kind]
        low, high = (None if v is None else f"{v:.10g}" for v in (field.low, field.high))
        if low is not None and high is not None:
            text += f", {low} to {high}"
        elif low is not None:
            text += f", at least {low}"
        elif high is not None:
            text += f", at most {high}"
    return f"{text}, or none" if field.optional else text
