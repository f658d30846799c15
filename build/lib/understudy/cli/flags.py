"""From options dataclasses to command-line flags.

`with_options` replaces each parameter annotated with an options dataclass by one flag for each
declared option, so that a flag, its help, its default and its range are said in one place.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any, Literal

import typer

from understudy.options import OptionField, fields_of


def with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Expand options dataclasses in a command's signature into flags.

    Two dataclasses that declare the same option share one flag.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    signature = inspect.signature(function)
    classes: dict[str, type] = {}
    parameters: dict[str, inspect.Parameter] = {}
    declared: dict[str, OptionField] = {}
    for name, parameter in signature.parameters.items():
        hint = hints[name]
        if isinstance(hint, type) and is_dataclass(hint):
            classes[name] = hint
            for field in fields_of(hint):
                first = declared.setdefault(field.name, field)
                if (first.kind, first.choices) != (field.kind, field.choices):
                    raise TypeError(f"{name}: {field.name!r} is declared differently elsewhere")
                parameters.setdefault(field.name, _parameter(field))
        else:
            parameters[name] = parameter.replace(annotation=hint)

    @functools.wraps(function)
    def command(**values: Any) -> Any:
        for name, cls in classes.items():
            values[name] = _build(cls, values)
        keep = set(signature.parameters)
        return function(**{k: v for k, v in values.items() if k in keep})

    ordered = sorted(parameters.values(), key=lambda p: p.default is not inspect.Parameter.empty)
    command.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in ordered]
    )
    command.__annotations__ = {p.name: p.annotation for p in ordered}
    return command


def _build(cls: type, values: Mapping[str, Any]) -> Any:
    return cls(**{f.name: values[f.name] for f in fields_of(cls)})


def _parameter(field: OptionField) -> inspect.Parameter:
    kind: Any = Literal[field.choices] if field.choices else field.kind
    if field.optional:
        kind = kind | None
    ranged = field.kind in (int, float) and not field.choices
    text = field.help + (f" In {_UNITS.get(field.unit, field.unit)}." if field.unit else "")
    flag = typer.Option(
        help=text.replace("[", r"\["),  # a list in brackets is no markup
        rich_help_panel=field.group or None,
        show_default=field.default is not None,
        min=field.low if ranged else None,
        max=field.high if ranged else None,
    )
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=field.default,
        annotation=Annotated[kind, flag],
    )


_UNITS = {"px": "pixels", "min": "minutes", "it": "iterations", "s": "seconds"}
