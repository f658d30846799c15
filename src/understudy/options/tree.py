"""All options of some stages and of every plug-in they may use, by dotted path.

A path is `extract.size`, a stage's own, or `detect.mtcnn.scale_factor`, a plug-in's. The plug-ins
are those that are there at run time, so a stranger's options stand beside ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from understudy.errors import UnderstudyError, ValueRefused
from understudy.options.checking import check_value
from understudy.options.declare import Branch, OptionField, branches_of, fields_of
from understudy.options.plain import plain_value, unknown


class Record(Protocol):
    """What is known of a plug-in without importing it; `plugin.Plugin`."""

    @property
    def kind(self) -> str:
        """Of the plug-in."""

    @property
    def name(self) -> str:
        """Unique within its kind."""

    def load_options(self) -> Any:
        """Its options dataclass, or None."""


class Records(Protocol):
    """Where plug-ins are found; `plugin.Registry`."""

    def of_kind(self, kind: str) -> Sequence[Record]:
        """All of a kind, by name."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One option and its place.

    Attributes:
        path: "extract.size" or "detect.mtcnn.scale_factor".
        owner: "extract" or "detect.mtcnn".
        field: its declaration.
        plugin: whether a plug-in has it, and not a stage.
    """

    path: str
    owner: str
    field: OptionField
    plugin: bool


class Tree:
    """The options of some stages.

    Args:
        stages: options dataclasses by the stages' names.
        registry: the plug-ins.
    """

    def __init__(self, stages: Mapping[str, type], registry: Records) -> None:
        self.stages = dict(stages)
        self.broken: dict[str, str] = {}
        """Plug-ins whose options cannot be had, and why; they have none here."""
        self.leaves: dict[str, Leaf] = {}
        self.plugins: dict[str, list[str]] = {}
        """Names of the plug-ins of each kind, those without options as well."""
        for name, cls in self.stages.items():
            self._add(name, cls, plugin=False)
        for kind in dict.fromkeys(b.kind for c in self.stages.values() for b in branches_of(c)):
            self.plugins[kind] = []
            for record in registry.of_kind(kind):
                self.plugins[kind].append(record.name)
                try:
                    self._add(f"{kind}.{record.name}", record.load_options(), plugin=True)
                except (UnderstudyError, TypeError) as error:
                    self.broken[f"{kind}.{record.name}"] = str(error)

    def _add(self, owner: str, cls: type | None, *, plugin: bool) -> None:
        for field in () if cls is None else fields_of(cls):
            if not field.handed:
                path = f"{owner}.{field.name}"
                self.leaves[path] = Leaf(path, owner, field, plugin)

    def checked(self, path: str, value: Any) -> Any:
        """A value of plain data as the option has it.

        Raises:
            ValueRefused: no such option, or not such a value; names path, value and what is
                allowed.
        """
        leaf = self.leaves.get(path)
        if leaf is None:
            raise ValueRefused(self.missing(path))
        made = plain_value(leaf.field, value)
        check_value(path, leaf.field, made)
        return made

    def missing(self, path: str) -> str:
        """A message for a path that is not there, with what may have been meant."""
        root, _, rest = path.partition(".")
        if root not in self.stages and root not in self.plugins:
            return unknown(path, root, [*self.stages, *self.plugins])
        if root in self.stages:
            homes = [p for p, f in self.leaves.items() if f.plugin and f.field.name == rest]
            if homes:
                return f"{path}: this is the plug-ins' own; name it as {', '.join(homes[:4])}"
            return unknown(path, rest, self._names(root))
        name, _, option = rest.rpartition(".")
        if name not in self.plugins[root]:
            return unknown(path, name or option, self.plugins[root])
        if f"{root}.{name}" in self.broken:
            return f"{path}: {self.broken[f'{root}.{name}']}"
        return unknown(path, option, self._names(f"{root}.{name}"))

    def _names(self, owner: str) -> list[str]:
        return [leaf.field.name for leaf in self.leaves.values() if leaf.owner == owner]

    def flat(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        """Nested plain data by path, unchecked; what is no table where one belongs is kept."""
        found: dict[str, Any] = {}
        for root, table in plain.items():
            if not isinstance(table, Mapping):
                found[root] = table
                continue
            for name, value in table.items():
                if root in self.plugins and isinstance(value, Mapping):
                    found |= {f"{root}.{name}.{option}": v for option, v in value.items()}
                else:
                    found[f"{root}.{name}"] = value
        return found

    def nested(self, flat: Mapping[str, Any]) -> dict[str, Any]:
        """The opposite of `flat`."""
        plain: dict[str, Any] = {}
        for path, value in flat.items():
            leaf = self.leaves[path]
            table = plain
            if leaf.plugin:
                kind, _, name = leaf.owner.partition(".")
                table = table.setdefault(kind, {}).setdefault(name, {})
            else:
                table = table.setdefault(leaf.owner, {})
            table[leaf.field.name] = list(value) if isinstance(value, tuple) else value
        return plain


def check_branches(options: Any, registry: Records) -> None:
    """Refuse values for plug-ins that are not there, or that they do not have.

    Args:
        options: a stage's.
        registry: the plug-ins.

    Raises:
        ValueRefused: names the path.
    """
    tree = Tree({"": type(options)}, registry)
    for one in branches_of(type(options)):
        branch: Branch = getattr(options, one.kind)
        for name, values in branch.items():
            for option, value in values.items():
                tree.checked(f"{one.kind}.{name}.{option}", value)
