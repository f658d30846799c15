"""What is said of a run's options: those that were remembered, and those that were changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.options.declare import branches_of
from understudy.options.layers import Settled, chosen_plugins
from understudy.options.tree import Tree


def told(
    stage: str, found: Settled, tree: Tree, memory: str, reasons: Mapping[str, str]
) -> list[str]:
    """Lines on what was not said now: what goes on as in the project, and what was changed in it.

    Args:
        stage: its name.
        found: the values, and who said them.
        tree: all options.
        memory: the origin of what the project remembers.
        reasons: why what was there before gave way, by the origin of what it gave way to.
    """
    mine = [p for p in found.values if _concerns(tree, stage, p, found.values)]
    same = [
        f"{_name(stage, p)} {word(found.values[p])}"
        for p in mine
        if found.origins[p] == memory and found.values[p] != tree.leaves[p].field.default
    ]
    changed = []
    for p, was in found.before.items():
        if _concerns(tree, stage, p, found.values) and found.values.get(p) != was:
            before = ", ".join(filter(None, [word(was), reasons.get(found.origins.get(p, ""))]))
            changed.append(f"{_name(stage, p)} {word(found.values.get(p))} (was {before})")
    lines = {"as before in this project": same, "changed": changed}
    return [f"{stage}, {what}: {', '.join(each)}" for what, each in lines.items() if each]


def _concerns(tree: Tree, stage: str, path: str, values: Mapping[str, Any]) -> bool:
    """Whether an option is the stage's own, or of a plug-in that it may take."""
    leaf = tree.leaves[path]
    if not leaf.plugin:
        return leaf.owner == stage
    kind, _, name = leaf.owner.partition(".")
    return any(
        branch.kind == kind and name in chosen_plugins(tree, stage, branch, values)
        for branch in branches_of(tree.stages[stage])
    )


def _name(stage: str, path: str) -> str:
    return path.removeprefix(f"{stage}.")


def word(value: Any) -> str:
    """A value for people."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "nothing"
    return str(value) if value != "" else "nothing"
