"""Keyword arguments as a stage's options, by the names and with the checks they have everywhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from understudy.errors import ValueRefused
from understudy.options import branches_of
from understudy.options.layers import Layer, settle
from understudy.options.tree import Tree
from understudy.plugin import default_registry
from understudy.runs.settings import whole_tree

_ORIGIN = "the call"


def chosen(stage: str, given: Mapping[str, Any], only: Collection[str] | None = None) -> Any:
    """A stage's options from keyword arguments.

    Args:
        stage: "extract", "train" or "convert".
        given: options by name (`min_face_px`), by path (`detect.mtcnn.scale_factor`), or those of
            a kind of plug-ins as a mapping (`detect={"mtcnn": {"scale_factor": 0.8}}`).
        only: the stage's own options and the kinds that mean something here; None takes all.

    Raises:
        ValueRefused: an unknown name, or a value that the option may not have; says what may.
    """
    tree = whole_tree(default_registry())
    stage_class = tree.stages[stage]
    kinds = {branch.kind for branch in branches_of(stage_class)}
    shorts = {name: b.kind for b in branches_of(stage_class) for name in b.short}
    values: dict[str, Any] = {}
    short: dict[str, Any] = {}
    for name, value in given.items():
        plain = plain_value(value)
        if name in kinds and isinstance(plain, Mapping):
            _check_meant(name, name, only)
            for plugin, options in plain.items():
                values |= _of_plugin(tree, f"{name}.{plugin}", options)
        elif name in shorts and f"{stage}.{name}" not in tree.leaves:
            _check_meant(name, shorts[name], only)
            short[name] = plain
        else:
            path = name if "." in name else f"{stage}.{name}"
            root = name.split(".")[0] if "." in name else name
            values[path] = tree.checked(path, plain)
            _check_meant(name, root, only)
    return settle(tree, [stage], [Layer(_ORIGIN, values, short)]).of(tree, stage)


def plain_value(value: Any) -> Any:
    """NumPy's numbers and paths as the plain numbers and text that options are made of."""
    if isinstance(value, np.generic):
        return value.item()
    return str(value) if isinstance(value, PurePath) else value


def _of_plugin(tree: Tree, place: str, options: Any) -> dict[str, Any]:
    if not isinstance(options, Mapping):
        raise ValueRefused(
            f"{place}: expected a mapping of options such as {{'mtcnn': {{'scale_factor': 0.8}}}}, "
            f"got {options!r}"
        )
    return {
        f"{place}.{name}": tree.checked(f"{place}.{name}", plain_value(value))
        for name, value in options.items()
    }


def _check_meant(name: str, root: str, only: Collection[str] | None) -> None:
    if only is not None and root not in only:
        raise ValueRefused(f"{name}: means nothing here; there are: {', '.join(sorted(only))}")
