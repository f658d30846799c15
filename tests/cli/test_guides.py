"""What README and the guides tell people to type is there: commands, flags, pages and targets."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from understudy.cli.app import app
from understudy.provenance.consent import (
    BASES,
    PURPOSES,
    read_declarations,
)

TOP = Path(__file__).parents[2]
PAGES = {
    path.relative_to(TOP).as_posix(): path.read_text("utf-8")
    for folder in (TOP, TOP / "docs", TOP / "docs" / "guides", TOP / "docs" / "decisions")
    for path in sorted(folder.glob("*.md"))
    if path.name != "CHANGELOG.md"
}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
TAUGHT = {"--detect.skin.min-share", "--swap.linear.code", "--detect.mine.steps"}
"""Flags of the plug-ins that guides teach to write; `tests/examples` runs those of the template."""


def fenced(page: str) -> Iterator[list[str]]:
    """The commands of ours in a page's fences, as words, without what a shell would take."""
    for language, text in FENCE.findall(PAGES[page]):
        if language in ("", "sh", "bash"):
            for line in text.replace("\\\n", " ").splitlines():
                if re.match(r"(\w+=\S+ )*understudy ", line):
                    yield from split(line)


def split(line: str) -> Iterator[list[str]]:
    """Each command of ours in a line of a shell."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="|;&<>")
    reader.whitespace_split = True
    words: list[str] = []
    for word in [*reader, ";"]:
        if word and set(word) <= set("|;&<>"):
            while words and "=" in words[0]:
                words = words[1:]
            if words and words[0] == "understudy":
                yield words[1:]
            words = []
        else:
            words.append(word)


def read(words: list[str]) -> Any:
    """The verb that a command names, having read its flags and arguments.

    Raises:
        Exception: the command line does not take it, and says why.
    """
    command = everything()
    while taught := TAUGHT & set(words):
        at = words.index(taught.pop())
        words = [*words[:at], *words[at + 2 :]]
    context = command.make_context("understudy", list(words))
    rest = list(words)
    while hasattr(command, "commands"):
        _, command, rest = command.resolve_command(context, rest)
        above = context
        context = command.make_context(command.name, list(rest), parent=above)
    return command


@cache
def everything() -> Any:
    """The command line."""
    return typer.main.get_command(app)


@cache
def known_flags() -> frozenset[str]:
    """Every flag of every verb, those of plug-ins included."""
    found: set[str] = set()

    def walk(command: Any) -> None:
        context = command.context_class(command, info_name="x")
        for parameter in command.get_params(context):
            found.update([*parameter.opts, *parameter.secondary_opts])
        for inner in getattr(command, "commands", {}).values():
            walk(inner)

    walk(everything())
    return frozenset(found)


COMMANDS = [(page, words) for page in PAGES for words in fenced(page)]


@pytest.mark.parametrize(
    ("page", "words"), COMMANDS, ids=[f"{p}: {' '.join(w)[:60]}" for p, w in COMMANDS]
)
def test_the_command_line_takes_the_command(page: str, words: list[str]) -> None:
    assert read(words).callback is not None


def test_most_commands_are_seen_and_a_wrong_one_is_refused() -> None:
    assert len(COMMANDS) > 90
    assert list(
        split("A=1 understudy train p --minutes 3 > x && understudy verify 'a b.mp4' # c")
    ) == [
        ["train", "p", "--minutes", "3"],
        ["verify", "a b.mp4"],
    ]
    for wrong in (["train", "p", "--minuets", "3"], ["trian", "p"], ["swap", "a.mp4"]):
        with pytest.raises(Exception, match=r"No such|Missing"):
            read(wrong)


@pytest.mark.parametrize("page", PAGES)
def test_verbs_and_flags_in_the_text_are_there(page: str) -> None:
    text = FENCE.sub("", PAGES[page])
    unknown = []
    for code in CODE.findall(text):
        verb = re.match(r"understudy ([a-z]+)", code)
        if verb and verb[1] not in everything().commands:
            unknown.append(code)
        if verb or (code.startswith("--") and page.startswith(("README", "docs/guides"))):
            flags = re.findall(r"(?<![\w-])--[a-z][\w.-]*", code)
            unknown += [f for f in flags if f.replace("_", "-") not in known_flags() | TAUGHT]
    assert unknown == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    here = (TOP / page).parent
    text = FENCE.sub("", PAGES[page])
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    broken = [link for link in links if not (here / link.partition("#")[0]).exists()]
    broken += [link for link in links if "#" in link and not anchored(here, link)]
    assert broken == []


def anchored(here: Path, link: str) -> bool:
    """Whether the page that a link names has the heading that it names."""
    name, _, anchor = link.partition("#")
    target = (here / name).resolve() if name else None
    if target is not None and target.suffix != ".md":
        return True
    text = target.read_text("utf-8") if target else ""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES)
def test_python_in_the_text_is_python(page: str) -> None:
    for language, text in FENCE.findall(PAGES[page]):
        if language == "python":
            ast.parse(text)


def test_a_declaration_written_by_hand_as_the_guide_shows_holds(tmp_path: Path) -> None:
    texts = [
        t for language, t in FENCE.findall(PAGES["docs/guides/consent.md"]) if language == "toml"
    ]
    for text in texts:
        (tmp_path / "consent.toml").write_text(text, "utf-8")
        (found,) = read_declarations(tmp_path / "consent.toml")
        assert found.person == "ann" and not found.forbids(date(2027, 1, 1))
    for words in (*BASES, *PURPOSES):
        assert words in texts[0]


def test_targets_of_make_are_there() -> None:
    made = set(re.findall(r"^(\w+):", (TOP / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page, text in PAGES.items():
        asked = set(re.findall(r"`make (\w+)`", text))
        for _, block in FENCE.findall(text):
            asked |= set(re.findall(r"^make (\w+)", block, re.MULTILINE))
        assert asked <= made, page
