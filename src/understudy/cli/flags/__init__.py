"""From options dataclasses to command-line flags.

`with_options` replaces each parameter annotated with an options dataclass, or with `Given` one, by
one flag for each declared option, so that a flag, its help, its default and its range are said in
one place. Flags of plug-ins come from `plugins`.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

import typer

from understudy.errors import ValueRefused
from understudy.options import OptionField, fields_of
from understudy.options.checking import check_value

if TYPE_CHECKING:
    from understudy.runs.settings import Said

T = TypeVar("T")
SHORT, PATHS = "understudy.short", "understudy.paths"
_CONTEXT, _CONFIG, _DEFAULTS = "context_", "config_", "defaults_"


class Given(Generic[T]):
    """What was said of a stage's options; the verb settles it with what the project remembers.

    Args:
        cls: the stage's options dataclass.
        said: on the command line, and which configuration file.
    """

    def __init__(self, cls: type[T], said: Said) -> None:
        self.cls, self.said = cls, said


def with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Expand options dataclasses in a command's signature into flags.

    Two dataclasses that declare the same option share one flag. Where there are several, the short
    help shows the common ones only; --help-all shows all.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    signature = inspect.signature(function)
    classes: dict[str, type] = {}
    later: set[str] = set()
    parameters: dict[str, inspect.Parameter] = {}
    declared: dict[str, list[OptionField]] = {}
    for name, parameter in signature.parameters.items():
        hint = hints[name]
        if typing.get_origin(hint) is Given:
            later.add(name)
            hint = typing.get_args(hint)[0]
        if isinstance(hint, type) and is_dataclass(hint):
            classes[name] = hint
            for field in fields_of(hint):
                known = declared.setdefault(field.name, [])
                known.append(field)
                if (known[0].kind, known[0].choices) != (field.kind, field.choices):
                    raise TypeError(f"{name}: {field.name!r} is declared differently elsewhere")
                parameters.setdefault(field.name, _parameter(known))
        else:
            parameters[name] = parameter.replace(annotation=hint)
    several = len(later) > 1
    for name, known in declared.items():
        parameters[name] = _parameter(known, hidden=several and not any(f.common for f in known))
    if later:
        parameters[_CONFIG] = _CONFIG_FLAG
    if later and "project" in signature.parameters:
        parameters[_DEFAULTS] = _DEFAULTS_FLAG
    parameters[_CONTEXT] = keyword(_CONTEXT, typer.Context, inspect.Parameter.empty)

    @functools.wraps(function)
    def command(**values: Any) -> Any:
        context = values[_CONTEXT]
        for name, cls in classes.items():
            if name in later:
                values[name] = Given(cls, _said(cls, context, values))
            else:
                values[name] = cls(**{f.name: plain(values[f.name], f) for f in fields_of(cls)})
        keep = set(signature.parameters)
        return function(**{k: v for k, v in values.items() if k in keep})

    ordered = sorted(parameters.values(), key=lambda p: p.default is not inspect.Parameter.empty)
    command.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in ordered]
    )
    command.__annotations__ = {p.name: p.annotation for p in ordered}
    command.stages = tuple(classes[name] for name in classes if name in later)  # type: ignore[attr-defined]
    return command


def _said(cls: type, context: typer.Context, values: Mapping[str, Any]) -> Said:
    """What the command line says of one stage."""
    from understudy.runs.settings import Said, read_config, stage_of

    stage = stage_of(cls)
    flags = {
        f"{stage}.{f.name}": plain(values[f.name], f)
        for f in fields_of(cls)
        if _was_given(context, f.name)
    }
    flags |= context.meta.get(PATHS, {})
    short = context.meta.get(SHORT, {})
    said, name = read_config(values[_CONFIG])
    return Said(flags, short, said, name, values.get(_DEFAULTS, False))


def _was_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _parameter(declared: list[OptionField], *, hidden: bool = False) -> inspect.Parameter:
    field = declared[0]
    helps = dict.fromkeys(help_of(f) for f in declared)
    default = field.default
    shown = default is not None
    text = " ".join(helps)
    flag = flag_of(field, (), text, field.group, show_default=shown, hidden=hidden)
    if field.many:
        # words may be said once for each; numbers stand in one list
        default = list(default) if field.kind is str else ",".join(map(str, default))
    return keyword(field.name, Annotated[type_of(field), flag], default)


def keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """A parameter of a command."""
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def flag_of(
    field: OptionField,
    names: tuple[str, ...],
    text: str,
    panel: str,
    *,
    show_default: bool | str,
    **more: Any,
) -> Any:
    """The flag of an option, as Typer wants it."""
    if field.optional and not field.choices and field.kind in (int, float):
        word = "INTEGER" if field.kind is int else "FLOAT"
        more |= {"parser": _number_or_none(field), "metavar": f"{word}|none"}
    elif field.kind in (int, float) and not field.choices and not field.many:
        more |= {"min": field.low, "max": field.high}
    return typer.Option(
        *names,
        help=text.replace("[", r"\["),  # a list in brackets is no markup
        rich_help_panel=panel or None,
        show_default=show_default,
        **more,
    )


def type_of(field: OptionField) -> Any:
    """What Typer shall make of the words on the command line."""
    if field.many:
        return list[str] if field.kind is str else str
    kind: Any = Literal[field.choices] if field.choices else field.kind
    return kind | None if field.optional else kind


def help_of(field: OptionField) -> str:
    """An option's help with its unit, where it does not name that itself."""
    unit = _UNITS.get(field.unit, field.unit)
    named = not unit or unit in field.help.lower()
    return field.help if named else f"{field.help} In {unit}."


_UNITS = {"px": "pixels", "min": "minutes", "it": "iterations", "s": "seconds"}
_NONE = object()


def _number_or_none(field: OptionField) -> Callable[[str], Any]:
    """A reader of numbers in range, or of the word none."""

    def number(text: str) -> Any:
        if text == "none":
            return _NONE
        try:
            value = field.kind(text)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is no number, nor the word none") from None
        try:
            check_value(field.name, field, value)
        except ValueRefused as error:
            raise typer.BadParameter(str(error).partition(": ")[2]) from None
        return value

    return number


def plain(value: Any, field: OptionField) -> Any:
    """A flag's value as plain data."""
    if value is _NONE:
        return None
    if field.many and isinstance(value, list):
        value = ",".join(value)
    if field.many and isinstance(value, str):
        return tuple(field.kind(word.strip()) for word in value.split(",") if word.strip())
    return value


_CONFIG_FLAG = keyword(
    _CONFIG,
    Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="Options from a TOML file; flags go before. `understudy config template` writes "
            "one.",
            rich_help_panel="Settings",
        ),
    ],
    None,
)
_DEFAULTS_FLAG = keyword(
    _DEFAULTS,
    Annotated[
        bool,
        typer.Option(
            "--defaults",
            help="Start from the defaults, not from what the project remembers.",
            rich_help_panel="Settings",
        ),
    ],
    False,
)
