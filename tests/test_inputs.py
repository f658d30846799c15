"""`docs/inputs.md` lists what comes in; each row names a test that is there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in (TOP / "docs" / "inputs.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and "::" in line
]


@cache
def defined_in(file: str) -> frozenset[str]:
    tree = ast.parse((TOP / file).read_text("utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return frozenset(f.name for f in functions if not _skipped(f))


def _skipped(function: ast.FunctionDef) -> bool:
    """Whether a mark keeps the test from ever being run."""
    return any("mark.skip" in ast.unparse(d) or "xfail" in ast.unparse(d)
               for d in function.decorator_list)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_every_row_names_a_test_that_is_there(row: list[str]) -> None:
    what, happens, test = row
    file, name = test.strip("`").split("::")
    assert what and happens
    assert name in defined_in(file)


def test_the_list_is_long_and_says_nothing_twice() -> None:
    assert len(ROWS) >= 30
    for column in (0, 2):
        cells = [row[column] for row in ROWS]
        assert len(cells) == len(set(cells))
