"""How options are declared, and what is known of them."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from understudy.errors import ValueRefused

Scope = Literal["project", "machine", "run"]


@dataclass(frozen=True, slots=True)
class Names:
    """Says that an option names plug-ins, with commas between where it may be several.

    Attributes:
        kind: of the plug-ins.
        auto: what the word `auto` may take, the first choice first; () where it is no choice.
        none: whether the word `none` takes no plug-in.
    """

    kind: str
    auto: tuple[str, ...] = ()
    none: bool = False

    def chosen(self, value: str) -> tuple[str, ...]:
        """The plug-ins that a value may take."""
        words = [word.strip() for word in value.split(",") if word.strip()]
        if self.auto and words == ["auto"]:
            return self.auto
        return () if self.none and words == ["none"] else tuple(dict.fromkeys(words))


def option(
    default: Any,
    help: str,  # noqa: A002 - reads as what it is at every call
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    group: str = "",
    result: bool = False,
    scope: Scope = "project",
    names: Names | None = None,
    instead_of: tuple[str, ...] = (),
    handed: bool = False,
    common: bool = False,
) -> Any:
    """A dataclass field with what people need to know about it.

    Args:
        default: the value when nothing is said.
        help: one or two sentences; what it does and when to change it.
        low: smallest value allowed.
        high: largest value allowed.
        unit: such as "px" or "min", shown behind the value.
        group: heading under which it is shown.
        result: whether results depend on it: a run that goes on must have the same.
        scope: `project` is remembered from run to run; `machine` suits one machine (its GPU, its
            cores) and is not; `run` is said anew each time, and no file may say it.
        names: it names plug-ins.
        instead_of: options of the same stage that mean nothing more where this one is given.
        handed: a plug-in's option that the stage hands down from its own of the same name; it has
            no flag and no place in the tree.
        common: a verb of several stages shows it in its short help; most are one verb's matter.
    """
    meta = {
        "help": help,
        "low": low,
        "high": high,
        "unit": unit,
        "group": group,
        "result": result,
        "scope": scope,
        "names": names,
        "instead_of": instead_of,
        "handed": handed,
        "common": common,
    }
    return dataclasses.field(default=default, metadata={"option": meta})


def branch(kind: str, *, short: tuple[str, ...] = ()) -> Any:
    """A dataclass field for the options of all plug-ins of a kind that a stage uses.

    Args:
        kind: of the plug-ins; the field is called like it.
        short: options of these plug-ins that have a short flag as well. It is for those that the
            stage chooses: `--mask-px` sets `mask.NAME.mask_px` of every mask asked for.
    """
    meta = {"kind": kind, "short": short}
    return dataclasses.field(default_factory=Branch, metadata={"branch": meta})


class Branch(Mapping[str, Mapping[str, Any]]):
    """Values chosen for plug-ins of one kind: `{"mtcnn": {"scale_factor": 0.8}}`; unchangeable.

    Args:
        chosen: by plug-in, plain values by name, or the plug-in's options dataclass.

    Raises:
        ValueRefused: it is something else.
    """

    __slots__ = ("_chosen",)

    def __init__(self, chosen: Mapping[str, Any] | None = None) -> None:
        self._chosen: dict[str, dict[str, Any]] = {}
        for name, values in (chosen or {}).items():
            if dataclasses.is_dataclass(values):
                values = {f.name: getattr(values, f.name) for f in fields_of(type(values))}
            if not isinstance(name, str) or not isinstance(values, Mapping):
                raise ValueRefused(
                    f"{name}: expected a plug-in's options by name, got {values!r}; write "
                    "{'mtcnn': {'scale_factor': 0.8}}"
                )
            self._chosen[name] = dict(values)

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        return MappingProxyType(self._chosen[name])

    def of(self, name: str) -> Mapping[str, Any]:
        """What was chosen for one plug-in; nothing is no error."""
        return MappingProxyType(self._chosen.get(name, {}))

    def __iter__(self) -> Iterator[str]:
        return iter(self._chosen)

    def __len__(self) -> int:
        return len(self._chosen)

    def __hash__(self) -> int:
        return hash(repr(sorted((n, sorted(v.items())) for n, v in self._chosen.items())))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Branch) and self._chosen == other._chosen

    def __repr__(self) -> str:
        return f"Branch({self._chosen!r})"


@dataclass(frozen=True, slots=True)
class OptionField:
    """One declared option, as flags, forms and docs see it; see `option`.

    Attributes:
        kind: bool, int, float or str; of the members where there are `many`.
        choices: the words allowed, or ().
        optional: whether None is allowed.
        many: whether it is a tuple of values.
    """

    name: str
    kind: type
    choices: tuple[str, ...]
    optional: bool
    many: bool
    default: Any
    help: str
    low: float | None
    high: float | None
    unit: str
    group: str
    result: bool
    scope: Scope
    names: Names | None
    instead_of: tuple[str, ...]
    handed: bool
    common: bool


@dataclass(frozen=True, slots=True)
class BranchField:
    """One declared branch; see `branch`."""

    kind: str
    short: tuple[str, ...]


def fields_of(cls: type) -> tuple[OptionField, ...]:
    """The declared options of an options dataclass, in order.

    Raises:
        TypeError: a field has a type that no flag can have.
    """
    return _fields_of(cls)


@cache
def _fields_of(cls: Any) -> tuple[OptionField, ...]:
    hints = typing.get_type_hints(cls)
    found = []
    for field in dataclasses.fields(cls):
        meta = field.metadata.get("option")
        if meta is not None:
            kind = _unwrapped(f"{cls.__name__}.{field.name}", hints[field.name])
            found.append(OptionField(field.name, *kind, field.default, **meta))
    return tuple(found)


def branches_of(cls: type) -> tuple[BranchField, ...]:
    """The declared branches of a stage's options, in order.

    Raises:
        TypeError: a branch is not called like its kind.
    """
    found = []
    for field in dataclasses.fields(cls):
        meta = field.metadata.get("branch")
        if meta is not None:
            if field.name != meta["kind"]:
                raise TypeError(f"{cls.__name__}.{field.name} is a branch of {meta['kind']!r}")
            found.append(BranchField(**meta))
    return tuple(found)


def _unwrapped(name: str, hint: Any) -> tuple[type, tuple[str, ...], bool, bool]:
    """Kind, choices, optional, many."""
    optional = many = False
    if get_origin(hint) in (types.UnionType, typing.Union):
        members = [a for a in get_args(hint) if a is not type(None)]
        optional = len(members) < len(get_args(hint))
        if len(members) != 1:
            raise TypeError(f"{name}: an option has one type, and perhaps None; got {hint}")
        hint = members[0]
    if get_origin(hint) is tuple and get_args(hint)[1:] == (Ellipsis,):
        many, hint = True, get_args(hint)[0]
    if get_origin(hint) is Literal:
        return str, tuple(get_args(hint)), optional, many
    if hint not in (bool, int, float, str):
        raise TypeError(f"{name}: an option is a bool, int, float, str, words or a tuple of them")
    return hint, (), optional, many
