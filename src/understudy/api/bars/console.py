"""The one way to a terminal: what is printed is what was said.

Rich reads `:x:` in any text as a picture by default, so that `dinner:x=ann` is shown as something
that nobody typed; names of films and persons hold colons and digits.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from understudy.events.words import printable_text


def console(*, stderr: bool = False, markup: bool = True, soft_wrap: bool = False) -> Console:
    """A console that colours nothing by itself and puts no pictures in the place of words.

    Args:
        stderr: print there, not on stdout.
        markup: read `[bold]` as a style; text of other people's is escaped then.
        soft_wrap: leave the breaking of lines to the terminal.
    """
    return _Safe(stderr=stderr, highlight=False, emoji=False, markup=markup, soft_wrap=soft_wrap)


class _Safe(Console):
    """Shows what a terminal would obey, wherever in a table or line it stands."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable_text(text), **options)
