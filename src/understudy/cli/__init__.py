"""The command line: one thin file per verb, each a door to a stage.

Verbs import their stage, and what they draw with, when they run, so `understudy --help` answers
at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from understudy.errors import UnderstudyError, ValueRefused


def main() -> None:
    """The `understudy` command; what Understudy can explain is printed without a traceback."""
    from understudy.cli.app import app
    from understudy.cli.streams import prepare

    prepare()
    as_json = "--json" in sys.argv
    try:
        _refuse_empty(sys.argv[1:])
        _refuse_bytes(sys.argv[1:])
        _refuse_dashes(sys.argv[1:])
        # Typer prints what is wrong with a command line itself, but not as JSON.
        sys.exit(app(standalone_mode=not as_json))
    except (UnderstudyError, OSError) as error:
        sys.exit(_tell(error, as_json))
    except Exception as error:
        if as_json and callable(said := getattr(error, "format_message", None)):
            sys.exit(_refuse(said()))
        if as_json:
            _tell(error, as_json)
        raise


def _refuse_empty(words: Sequence[str]) -> None:
    """An empty word is a shell variable that was never set; it is not "nothing said"."""
    for before, word in zip(("", *words), words, strict=False):
        flag = before if not word else word[:-1]
        if flag == "--knob":  # which takes back what a project remembers
            continue
        if not word or (word.startswith("--") and word.endswith("=")):
            where = flag if flag.startswith("-") else "an argument"
            raise ValueRefused(f"{where}: is empty; give a value, or leave it out")


def _refuse_bytes(words: Sequence[str]) -> None:
    """A name that is no text can stand in no credentials, alignments or declaration."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise ValueRefused(
                f"{word!r}: holds bytes that are not UTF-8; rename the file or folder, then run "
                "again"
            ) from None


def _refuse_dashes(words: Sequence[str]) -> None:
    """A film whose name begins with a dash would be taken for an option that is not known."""
    for word in words:
        if word == "--":
            return
        if word.startswith("-") and Path(word).exists():
            raise ValueRefused(
                f"{word}: begins with a dash, so it is taken for an option; write ./{word}, or put "
                "-- before the names"
            )


def _tell(error: BaseException, as_json: bool) -> Any:
    """Print an error, and return its exit code."""
    from understudy.events import failure

    last = failure(error, _verb())
    if as_json:
        sys.stdout.write(last.to_json() + "\n")
    else:
        from understudy.api.bars.console import console

        out = console(stderr=True)
        out.print("[bold red]error:[/] ", end="")
        out.print(last.shown, markup=False, soft_wrap=True)
    return last.data["exit_code"]


def _refuse(words: str) -> int:
    """Say as JSON what is wrong with the command line itself."""
    from understudy.events import ERRORS, Event

    exit_code = ERRORS["usage"][0]
    last = Event("error", words, "usage", "error", {"verb": _verb(), "exit_code": exit_code})
    sys.stdout.write(last.to_json() + "\n")
    return exit_code


def _verb() -> str:
    """The verb as it was typed: "alignments redo"."""
    from understudy.runs.verbs import VERBS

    words = sys.argv[1:3]
    return next((v for v in (" ".join(words), *words[:1]) if v in VERBS), " ".join(words[:1]))
