"""Options in TOML files: read with every word checked, and written so that they can be read."""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from understudy.errors import ValueRefused
from understudy.files import read_file
from understudy.options.checking import allowed
from understudy.options.declare import OptionField
from understudy.options.tree import Leaf, Tree

_MAX_BYTES = 1 << 20
_NONE = "none"
"""TOML has no null: this word stands for it, where an option may be none and is no text."""


def read_toml(path: Path, tree: Tree) -> dict[str, Any]:
    """Checked values by path of a configuration file.

    Args:
        path: the file.
        tree: of all stages: one file may serve several verbs.

    Raises:
        ValueRefused: it cannot be read, is no TOML, or has an unknown option or a value that the
            option may not have; names file, path, value and what is allowed.
    """
    plain = read_tables(path)
    try:
        return checked_table(tree, plain)
    except ValueRefused as error:
        raise ValueRefused(f"{path}: {error}") from None


def read_tables(path: Path) -> dict[str, Any]:
    """What a TOML file says, unchecked.

    Raises:
        ValueRefused: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(read_file(path, _MAX_BYTES).decode())
    except OSError as error:
        raise ValueRefused(f"{path}: cannot be read ({error.strerror}); check it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueRefused(f"{path}: is no TOML ({error})") from error


def checked_table(tree: Tree, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Checked values by path of what a file says.

    Raises:
        ValueRefused: an unknown option, a value that it may not have, or one of a single run.
    """
    return {p: _checked(tree, p, v) for p, v in tree.flat(plain).items()}


def _checked(tree: Tree, path: str, value: Any) -> Any:
    leaf = tree.leaves.get(path)
    if leaf is None:
        return tree.checked(path, value)
    if leaf.field.scope == "run":
        raise ValueRefused(
            f"{path}: holds for one run only; say it on the command line, --{leaf.field.name}"
        )
    none = leaf.field.optional and leaf.field.kind is not str and value == _NONE
    return tree.checked(path, None if none else value)


def template(tree: Tree, values: Mapping[str, Any] | None = None) -> str:
    """A TOML file with every option, its help, what it may be, and its default.

    Args:
        tree: whose options.
        values: by path; those that are here are set, the rest are comments that show the default.
            None makes all comments, so that the file changes nothing until one is taken away.
    """
    lines = [
        "# Options of Understudy. Take the # before a name away to set it; give the file to a verb",
        "# with --config. What the command line says goes before.",
    ]
    for owner, leaves in _by_owner(tree):
        lines += ["", f"[{'.'.join(_key(part) for part in owner.split('.', 1))}]"]
        for leaf in leaves:
            said = f"{leaf.field.help} It is {allowed(leaf.field)}."
            lines += [f"# {line}" for line in textwrap.wrap(said, 96)]
            if leaf.path in (values or {}):
                lines.append(_assignment(leaf.field, (values or {})[leaf.path]))
            else:
                lines.append(f"#{_assignment(leaf.field, leaf.field.default)}")
    return "\n".join(lines) + "\n"


def written(tree: Tree, values: Mapping[str, Any]) -> str:
    """The options that have a value here, as TOML without comments."""
    lines: list[str] = []
    for owner, leaves in _by_owner(tree):
        mine = [leaf for leaf in leaves if leaf.path in values]
        if mine:
            lines += ["", f"[{'.'.join(_key(part) for part in owner.split('.', 1))}]"]
            lines += [_assignment(leaf.field, values[leaf.path]) for leaf in mine]
    return "\n".join(lines[1:]) + "\n"


def _by_owner(tree: Tree) -> list[tuple[str, list[Leaf]]]:
    found: dict[str, list[Leaf]] = {}
    for leaf in tree.leaves.values():
        if leaf.field.scope != "run":
            found.setdefault(leaf.owner, []).append(leaf)
    return list(found.items())


def _assignment(field: OptionField, value: Any) -> str:
    return f"{_key(field.name)} = {_value(value)}"


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    if value is None:
        return f'"{_NONE}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(_value(v) for v in value)}]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
