"""Every environment variable that is read is told of in the guide, and no other of ours is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import understudy

ROOT = Path(understudy.__file__).parent
GUIDE = Path(__file__).parents[1] / "docs" / "guides" / "environment.md"
OURS = re.compile(r"(?<![A-Z_])UNDERSTUDY_[A-Z]+")
READ = {"get", "getenv", "setdefault"}
OF_THE_SHELL = {"_UNDERSTUDY_COMPLETE"}
"""Set by the script of `understudy completion`, by nobody else."""


def read_by(path: Path) -> set[str]:
    """Names of variables that a file reads or sets, also through a constant of its own."""
    tree = ast.parse(path.read_text("utf-8"))
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    names: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in READ and node.args:
            if "environ" in ast.unparse(node.func) or "getenv" in ast.unparse(node.func):
                names.append(node.args[0])
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            names.append(node.slice)
        elif isinstance(node, ast.Compare) and "os.environ" in map(ast.unparse, node.comparators):
            names.append(node.left)
    found = [n.value if isinstance(n, ast.Constant) else constants[ast.unparse(n)] for n in names]
    return {str(name) for name in found}


def test_the_guide_names_every_variable_that_is_read() -> None:
    read = set[str]().union(*(read_by(path) for path in ROOT.rglob("*.py"))) - OF_THE_SHELL
    assert {"UNDERSTUDY_HOME", "UNDERSTUDY_PLUGINS", "XDG_DATA_HOME"} <= read, "all ways are seen"
    text = GUIDE.read_text("utf-8")
    assert sorted(name for name in read if f"`{name}`" not in text) == []


def test_the_guide_names_no_variable_of_ours_that_is_gone() -> None:
    """Those that messages and docstrings name are held to the same."""
    said = set[str]().union(*(OURS.findall(p.read_text("utf-8")) for p in ROOT.rglob("*.py")))
    told = set(OURS.findall(GUIDE.read_text("utf-8")))
    assert said == told
