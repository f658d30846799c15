"""Options from and to plain data: TOML, what a project remembers, what a file keeps of a step."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from understudy.errors import ValueRefused
from understudy.options.checking import as_branch, check_value
from understudy.options.declare import OptionField, branches_of, fields_of

T = TypeVar("T")


def from_mapping(cls: type[T], values: Mapping[str, Any], path: str = "") -> T:
    """Build an options dataclass from plain data, such as a TOML table.

    Args:
        cls: the dataclass.
        values: by name; a whole number stands for a float, a list for a tuple.
        path: where the table lies, for messages: "detect.mtcnn".

    Raises:
        ValueRefused: an unknown name, or a value of another type or out of range; names the path,
            the value and what is allowed.
    """
    if not isinstance(values, Mapping):
        raise ValueRefused(f"{path or cls.__name__}: expected a table of options, got {values!r}")
    before = f"{path}." if path else ""
    fields = {f.name: f for f in fields_of(cls)}
    kinds = {b.kind for b in branches_of(cls)}
    given: dict[str, Any] = {}
    for name, value in values.items():
        if name in kinds:
            given[name] = as_branch(name, value)
            continue
        if name not in fields:
            raise ValueRefused(unknown(f"{before}{name}", name, [*fields, *kinds]))
        given[name] = plain_value(fields[name], value)
        check_value(f"{before}{name}", fields[name], given[name])
    try:
        return cls(**given)
    except ValueRefused as error:
        raise ValueRefused(f"{before}{error}") from None


def to_mapping(options: Any) -> dict[str, Any]:
    """The declared options and branches as plain data, for saving."""
    cls = type(options)
    plain = {f.name: _written(getattr(options, f.name)) for f in fields_of(cls)}
    for one in branches_of(cls):
        chosen = getattr(options, one.kind)
        plain[one.kind] = {
            name: {k: _written(v) for k, v in values.items()} for name, values in chosen.items()
        }
    return plain


def results(options: Any) -> dict[str, Any]:
    """Those options alone that results depend on; branches are left out, see `Plugin.options`."""
    return {
        f.name: _written(getattr(options, f.name)) for f in fields_of(type(options)) if f.result
    }


def plain_value(field: OptionField, value: Any) -> Any:
    """A value of plain data as the dataclass has it; what does not fit is left for the check."""
    if field.many and isinstance(value, list):
        return tuple(_number(field, v) for v in value)
    return _number(field, value)


def unknown(path: str, name: str, known: Collection[str]) -> str:
    """A message that an option is unknown, with what may have been meant."""
    near = difflib.get_close_matches(name, list(known), n=2, cutoff=0.6)
    hint = f"; did you mean {' or '.join(near)}?" if near else ";"
    return f"{path}: unknown option{hint} known are: {', '.join(sorted(known)) or 'none'}"


def _number(field: OptionField, value: Any) -> Any:
    return float(value) if field.kind is float and type(value) is int else value


def _written(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
