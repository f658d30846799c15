"""What a message tells people to type is there: the verb, and the flags that this verb takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

import understudy
from understudy.cli.app import app

ROOT = Path(understudy.__file__).parent
HOLE = "\0"
"""Stands where a message has a value."""
COMMAND = re.compile(
    r"understudy (?:jobs add )?((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)([^;,`\n\[]*)(?:\[/\])?"
)
FLAG = re.compile(r"(?<![\w=-])--[a-z][\w.-]*[\w]")
NO_VERBS = {"installation", "does", "is", "project", "plug-ins", "and", "for", "with"}
"""Words behind the name in sentences."""
OF_OTHERS = {
    "weights/wheels.py": "flags of pip",
    "weights/files.py": "flags of pip",
    "cli/flags/plugins.py": "makes the flags",
}
TAKERS = {
    "stages/extract": ["extract"],
    "stages/train": ["train"],
    "stages/convert": ["convert"],
    "stages/evaluate": ["score"],
    "stages/repair": ["alignments"],
    "runs/parting/removing.py": ["remove", "cast"],
    "runs/consent": ["consent", "forget", "train"],
    "runs/queue": ["jobs"],
    "interchange": ["import", "export"],
    "cli/verbs/parts.py": ["extract", "train", "convert", "add", "remove"],
    "cli/verbs/cast.py": ["cast", "train", "convert"],
    "cli/consent/declaring.py": ["consent", "swap"],
    "cli/consent/forget.py": ["forget"],
    "cli/verbs/interchange.py": ["import", "export"],
    "cli/verbs/mask.py": ["mask"],
    "cli/verbs/models.py": ["models", "convert"],
    "cli/verbs/score.py": ["score"],
    "cli/about/weights.py": ["weights"],
    "cli/jobs": ["jobs", "train"],
    "weights": ["weights", "extract"],
}
"""Whose flags a message may name that says no verb: of the verbs that come by there."""


def said(path: Path) -> Iterator[str]:
    """Every text of a file that people may read: no docstrings, but for help of verbs."""
    tree = ast.parse(path.read_text("utf-8"))
    hidden: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                helps = isinstance(node, ast.FunctionDef) and "cli" in path.parts
                hidden |= set() if helps else {id(first.value)}
        if isinstance(node, ast.JoinedStr):
            hidden |= {id(part) for part in node.values}
            parts = [p.value if isinstance(p, ast.Constant) else HOLE for p in node.values]
            yield "".join(map(str, parts))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in hidden
        ):
            yield node.value


@cache
def everything() -> Any:
    """The command line."""
    return typer.main.get_command(app)


def verb_of(words: list[str]) -> Any:
    """The command that these words name, as far as they do; None where the first is no verb."""
    command = everything()
    for number, word in enumerate(words):
        below = getattr(command, "commands", None)
        if below is None or (word not in below and number):
            break
        if word not in below:
            return None
        command = below[word]
    return command


@cache
def flags_of(command: Any) -> frozenset[str]:
    """Every flag of a command and of those in it, those of plug-ins included."""
    context = command.context_class(command, info_name="x")
    found = {o for p in command.get_params(context) for o in (*p.opts, *p.secondary_opts)}
    for below in getattr(command, "commands", {}).values():
        found |= flags_of(below)
    return frozenset(found)


def takers(path: str) -> list[Any]:
    """The commands whose flags a message of this file may name."""
    for place, verbs in TAKERS.items():
        if path == place or path.startswith(f"{place}/"):
            return [everything().commands[verb] for verb in verbs]
    return [everything()]


def wrong_in(text: str, path: str) -> Iterator[str]:
    """What a text tells people to type that is not there."""
    rest = text.replace("tensorboard --logdir", "")
    for found in COMMAND.finditer(text):
        words = found[1].split()
        command = verb_of(words)
        if command is None:
            if words[0] not in NO_VERBS:
                yield found[0]
            continue
        flags = FLAG.findall(found[1] + found[2])
        yield from (f"{found[1]} {flag}" for flag in flags if flag not in flags_of(command))
        rest = rest.replace(found[0], " ")
    known = frozenset[str]().union(*(flags_of(command) for command in takers(path)))
    yield from (flag for flag in FLAG.findall(rest) if flag not in known)


FILES = [
    path
    for path in sorted(ROOT.rglob("*.py"))
    if path.relative_to(ROOT).as_posix() not in OF_OTHERS
]


def test_messages_name_verbs_and_flags_that_are_there() -> None:
    wrong = {
        f"{path.relative_to(ROOT).as_posix()}: {words.replace(HOLE, '{}')}"
        for path in FILES
        for text in said(path)
        for words in wrong_in(text, path.relative_to(ROOT).as_posix())
    }
    assert sorted(wrong) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("try: understudy trian p", "x.py"),
        ("try: understudy alignments redo f --side a", "x.py"),
        ("or a larger --side", "x.py"),
        ("say --minutes", "stages/extract/stage.py"),
    ],
)
def test_what_is_not_there_is_seen(text: str, path: str) -> None:
    assert list(wrong_in(text, path))
    assert not list(wrong_in("try: understudy weights fetch NAME --dir D; or -o x --help", "x.py"))
