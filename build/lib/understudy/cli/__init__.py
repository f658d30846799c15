"""The command line: one thin file per verb, each a door to a stage.

Verbs import their stage, and what they draw with, when they run, so `understudy --help` answers
at once.
"""

from __future__ import annotations

import sys

from understudy.errors import UnderstudyError


def main() -> None:
    """The `understudy` command; what Understudy can explain is printed without a traceback."""
    from understudy.cli.app import app

    try:
        app()
    except UnderstudyError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        # What no room explained better: a disk or network drive that failed under us.
        place = f"{error.filename}: " if error.filename else ""
        _say(f"{place}{(error.strerror or str(error)).lower()}; check the disk and run again")
        sys.exit(1)


def _say(message: str) -> None:
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    console.print("[bold red]error:[/] ", end="")
    console.print(message, markup=False, soft_wrap=True)
