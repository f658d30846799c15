"""From plain values to the typed arguments of the function that does the work."""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from understudy.errors import ValueRefused
from understudy.files import refuse_long_path
from understudy.options import fields_of, from_mapping

_MAPPINGS = (dict, collections.abc.Mapping)
_LISTS: dict[Any, Callable[[Any], Any]] = {
    list: list,
    tuple: tuple,
    collections.abc.Sequence: tuple,
}


def bind(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The function's arguments from plain data, all but `progress`.

    Raises:
        ValueRefused: an unknown or missing name, or a value of another type; says which.
    """
    hints = typing.get_type_hints(function)
    parameters = dict(inspect.signature(function).parameters)
    parameters.pop("progress", None)
    if unknown := sorted(set(values) - set(parameters)):
        raise ValueRefused(
            f"{', '.join(unknown)}: not known here; known are {', '.join(parameters) or 'none'}"
        )
    for name, parameter in parameters.items():
        if name not in values and parameter.default is inspect.Parameter.empty:
            raise ValueRefused(f"{name}: is missing")
    return {name: typed(hints[name], value, name) for name, value in values.items()}


def typed(hint: Any, value: Any, name: str) -> Any:
    """A plain value as its type hint wants it.

    Raises:
        ValueRefused: it does not fit.
    """
    origin = get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        members = [a for a in get_args(hint) if a is not types.NoneType]
        if value is None and len(members) < len(get_args(hint)):
            return None
        hint, origin = members[0], get_origin(members[0])
    if hint is Any:
        return value
    if origin is Literal:
        if value not in get_args(hint):
            known = ", ".join(map(str, get_args(hint)))
            raise ValueRefused(f"{name}: expected one of {known}, got {value!r}")
        return value
    if origin in _LISTS and isinstance(value, list | tuple):
        inner = get_args(hint)[0]
        return _LISTS[origin](typed(inner, v, f"{name}[{i}]") for i, v in enumerate(value))
    if origin in _MAPPINGS and isinstance(value, Mapping):
        inner = get_args(hint)[1]
        return {str(k): typed(inner, v, f"{name}.{k}") for k, v in value.items()}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return from_mapping(hint, value) if fields_of(hint) else hint(**bind(hint, value))
    if hint is Path and isinstance(value, str):
        refuse_long_path(Path(value))
        return Path(value)
    if hint is float and type(value) is int:
        return float(value)
    if origin is None and isinstance(hint, type) and type(value) is hint:
        return value
    wanted = getattr(hint, "__name__", str(hint))
    raise ValueRefused(f"{name}: expected {wanted}, got {value!r:.100}")
