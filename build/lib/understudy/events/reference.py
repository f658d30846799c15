"""The tables of `docs/reference/events.md`; a test keeps the page equal to them.

`python -m understudy.events.reference docs/reference/events.md` writes them anew.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from understudy.events.codes import ERRORS, METRICS, PICTURES, REPORTS, WARNINGS
from understudy.events.event import KINDS


def tables() -> str:
    """Every kind and every code, as Markdown."""
    errors = {f"{code} ({exit_code})": words for code, (exit_code, words) in ERRORS.items()}
    parts: list[tuple[str, str, Mapping[Any, str]]] = [
        ("Kinds", "kind", KINDS),
        ("Codes of warnings", "code", WARNINGS),
        ("Names of metrics", "code", METRICS),
        ("Codes of pictures", "code", PICTURES),
        ("Codes of reports", "code", REPORTS),
        ("Codes of errors", "code (exit code)", errors),
    ]
    return "\n".join(_table(*part) for part in parts)


def brought_up(page: str) -> str:
    """The page with its tables as they are now."""
    head, begin, rest = page.partition("<!-- tables -->\n")
    _, end, tail = rest.partition("<!-- end of tables -->")
    return head + begin + tables() + "\n" + end + tail


def _table(title: str, head: str, rows: Mapping[Any, str]) -> str:
    lines = [f"## {title}", "", f"| {head} | meaning |", "| --- | --- |"]
    lines += [f"| `{name}` | {words} |" for name, words in rows.items()]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    _page = Path(sys.argv[1])
    _page.write_text(brought_up(_page.read_text("utf-8")), "utf-8")
