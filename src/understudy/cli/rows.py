"""Rows for people, at any width: a table where its words fit, else a block for each row.

Rich breaks words in columns that are too narrow, and cuts what cannot be broken; a name or a path
that was cut can be given to no other command.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from understudy.api.bars.console import console
from understudy.events.words import printable_text

_MOST_LINES = 3
_BETWEEN = 3
"""Cells of a table between two columns."""


@dataclass(frozen=True, slots=True)
class Styled:
    """A cell with a style of Rich's."""

    words: str
    style: str = ""


Cell = str | Styled


def show(
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    titles: int = 1,
    plain: int | None = None,
    group: bool = False,
) -> None:
    """Print rows on stdout.

    Args:
        heads: the heading of each column.
        rows: as many cells each.
        titles: of how many first columns a block's first line is made.
        plain: a column that says in a block what it is without its heading.
        group: whether rows of another first cell are set apart.
    """
    out = console()
    cells = [[_styled(cell) for cell in row] for row in rows]
    widths = _widths(heads, cells, out.width)
    if widths is not None:
        _table(out, heads, cells, widths, group)
        return
    _blocks(out, ["" if n == plain else head for n, head in enumerate(heads)], cells, titles)


def _styled(cell: Cell) -> Styled:
    words = printable_text(cell.words if isinstance(cell, Styled) else cell)
    return Styled(words, cell.style if isinstance(cell, Styled) else "")


def _widths(heads: Sequence[str], rows: Sequence[Sequence[Styled]], width: int) -> list[int] | None:
    """The width of each column, none narrower than its longest word; None where that is none."""
    cells = [[head, *(row[n].words for row in rows)] for n, head in enumerate(heads)]
    least = [max(_longest(words) for words in column) for column in cells]
    best = [max(_longest(words, "\n") for words in column) for column in cells]
    room = width - _BETWEEN * len(heads) - 1
    if sum(best) <= room:
        return best
    spare = room - sum(least)
    if spare < 0:
        return None
    found = list(least)
    # Short ones first, each an even share of the rest: a long column must not have others wrap.
    for left, n in enumerate(sorted(range(len(heads)), key=lambda n: best[n] - least[n])):
        more = min(best[n] - least[n], spare // (len(heads) - left))
        found[n] += more
        spare -= more
    cells_and_widths = [pair for row in rows for pair in zip(row, found, strict=True)]
    lines = max((_lines(cell.words, columns) for cell, columns in cells_and_widths), default=1)
    return found if lines <= _MOST_LINES else None


def _lines(words: str, width: int) -> int:
    return sum(len(textwrap.wrap(part, width)) for part in words.split("\n"))


def _longest(words: str, between: str | None = None) -> int:
    return max((cell_len(word) for word in words.split(between)), default=0)


def _table(
    out: Console,
    heads: Sequence[str],
    rows: Sequence[Sequence[Styled]],
    widths: Sequence[int],
    group: bool,
) -> None:
    table = Table()
    for head, width in zip(heads, widths, strict=True):
        table.add_column(head, width=width)
    before = rows[0][0].words if rows else ""
    for row in rows:
        if group and row[0].words != before:
            table.add_section()
        before = row[0].words
        table.add_row(*(Text(cell.words, cell.style) for cell in row))
    out.print(table)


def _blocks(
    out: Console, heads: Sequence[str], rows: Sequence[Sequence[Styled]], titles: int
) -> None:
    for row in rows:
        out.print(Text(" ".join(cell.words for cell in row[:titles]), "bold"), soft_wrap=True)
        line = Styled("")
        for head, cell in zip(heads[titles:], row[titles:], strict=True):
            if cell.words in ("", "-"):
                continue
            words = ", ".join(cell.words.split("\n"))
            words = f"{head}: {words}" if head else words
            joined = f"{line.words}; {words}"
            if line.words and line.style == cell.style and cell_len(joined) <= out.width - 2:
                line = Styled(joined, cell.style)
                continue
            _print(out, line)
            line = Styled(words, cell.style)
        _print(out, line)


def _print(out: Console, line: Styled) -> None:
    """A part of a block; a word that is longer than the line, such as a path, stays whole."""
    for words in textwrap.wrap(
        line.words, max(20, out.width - 2), break_long_words=False, break_on_hyphens=False
    ):
        out.print(Text(f"  {words}", line.style), soft_wrap=True)
