"""Values from several places laid over each other: defaults, the project, a file, flags.

Each place is a `Layer`: what it says, by path. The last that says something wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from understudy.errors import ValueRefused
from understudy.options.declare import BranchField, branches_of, fields_of
from understudy.options.plain import from_mapping
from understudy.options.tree import Leaf, Tree


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place says.

    Attributes:
        origin: the place, for people: "the project", "train.toml", "the command line".
        values: checked values by path.
        short: values of plug-ins' options that go to those that the stage chooses: option -> value.
    """

    origin: str
    values: Mapping[str, Any]
    short: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """Which value each option has, and who said so.

    Attributes:
        values: by path, of every option that somebody gave a value.
        origins: who did, by path.
        before: the value that the next lower layer gave to an option that was changed, by path.
    """

    values: dict[str, Any]
    origins: dict[str, str]
    before: dict[str, Any]

    def of(self, tree: Tree, stage: str) -> Any:
        """A stage's options.

        Raises:
            ValueRefused: values that do not go together.
        """
        cls = tree.stages[stage]
        kinds = {b.kind for b in branches_of(cls)}
        nested = tree.nested(self.values)
        own = nested.get(stage, {}) | {k: v for k, v in nested.items() if k in kinds}
        return from_mapping(cls, own, stage)


def settle(tree: Tree, stage_names: Sequence[str], layers: Sequence[Layer]) -> Settled:
    """Lay layers over each other.

    Args:
        tree: with at least these stages.
        stage_names: the stages that are to run: short values go to the plug-ins that they choose.
        layers: the weakest first; defaults are none.

    Raises:
        ValueRefused: a short value that no chosen plug-in has.
    """
    settled = Settled({}, {}, {})
    for layer in layers:
        _lay(tree, settled, layer, layer.values)
    for layer in layers:
        if layer.short:
            spread = _spread(tree, stage_names, settled, layer)
            mine = {p: v for p, v in spread.items() if p not in layer.values}
            _lay(tree, settled, layer, mine)
    return settled


def value_of(tree: Tree, values: Mapping[str, Any], leaf: Leaf) -> Any:
    """An option's value, or its default."""
    return values.get(leaf.path, leaf.field.default)


def _lay(tree: Tree, settled: Settled, layer: Layer, values: Mapping[str, Any]) -> None:
    for path in values:
        leaf = tree.leaves[path]
        for other in leaf.field.instead_of:
            doomed = f"{leaf.owner}.{other}"
            if doomed not in values and doomed in settled.values:
                settled.before[doomed] = settled.values.pop(doomed)
                settled.origins[doomed] = layer.origin
    for path, value in values.items():
        leaf = tree.leaves[path]
        if path in settled.values and settled.values[path] != value:
            settled.before[path] = settled.values[path]
        settled.values[path] = value
        settled.origins[path] = layer.origin


def _spread(
    tree: Tree, stage_names: Sequence[str], settled: Settled, layer: Layer
) -> dict[str, Any]:
    """A layer's short values as paths of the plug-ins that these stages choose."""
    found: dict[str, Any] = {}
    values = settled.values
    for name, value in layer.short.items():
        reached = False
        for stage in stage_names:
            for branch in branches_of(tree.stages[stage]):
                if name in branch.short:
                    chosen = chosen_plugins(tree, stage, branch, values)
                    paths = [f"{branch.kind}.{plugin}.{name}" for plugin in chosen]
                    for path in paths:
                        if path in tree.leaves:
                            found[path] = tree.checked(path, value)
                            reached = True
        if not reached:
            raise ValueRefused(f"{name}: {_nobody(tree, stage_names, settled, layer, name)}")
    return found


def chosen_plugins(
    tree: Tree, stage: str, branch: BranchField, values: Mapping[str, Any]
) -> list[str]:
    """The plug-ins of a kind that a stage may take; all where no option of it names them."""
    found: list[str] | None = None
    for one in fields_of(tree.stages[stage]):
        if one.names is not None and one.names.kind == branch.kind:
            found = found or []
            found += one.names.chosen(values.get(f"{stage}.{one.name}", one.default))
    return tree.plugins[branch.kind] if found is None else found


def _nobody(
    tree: Tree, stage_names: Sequence[str], settled: Settled, layer: Layer, name: str
) -> str:
    has = [leaf.owner for leaf in tree.leaves.values() if leaf.plugin and leaf.field.name == name]
    chosen = [
        f"{branch.kind} {', '.join(chosen_plugins(tree, stage, branch, settled.values)) or 'none'}"
        + _said_by(tree, stage, branch, settled, layer)
        for stage in stage_names
        for branch in branches_of(tree.stages[stage])
        if name in branch.short
    ]
    return (
        f"none of the plug-ins that are chosen ({'; '.join(chosen)}) has this option; "
        f"{', '.join(has)} would"
    )


def _said_by(tree: Tree, stage: str, branch: BranchField, settled: Settled, layer: Layer) -> str:
    """Who chose the plug-ins of a kind, where it was not said along with what they refuse."""
    naming = [f for f in fields_of(tree.stages[stage]) if f.names and f.names.kind == branch.kind]
    origins = {settled.origins.get(f"{stage}.{f.name}", layer.origin) for f in naming}
    others = sorted(origins - {layer.origin})
    return f", said by {' and '.join(others)}" if others else ""
