"""The command line: one thin file per verb, each a door to a stage.

Verbs import their stage, and what they draw with, when they run, so `understudy --help` answers
at once.
"""

from __future__ import annotations

import shlex
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from understudy.errors import UnderstudyError, ValueRefused


def main() -> None:
    """The `understudy` command; what Understudy can explain is printed without a traceback."""
    from understudy.cli import loud
    from understudy.cli.streams import prepare

    prepare()
    loud.begin()
    try:
        sys.exit(_run("--json" in sys.argv))
    finally:
        if loud.is_verbose():
            from understudy.cli.say import echo

            echo(loud.ended(), err=True)


def _run(as_json: bool) -> Any:
    """Carry out what the command line says, and return its exit code."""
    from understudy.cli.about.completion import prepare
    from understudy.cli.app import Interrupted, app_for

    prepare()
    try:
        _refuse_empty(sys.argv[1:])
        _refuse_bytes(sys.argv[1:])
        _refuse_dashes(sys.argv[1:])
        # Typer prints what is wrong with a command line itself, but not as JSON.
        return app_for(sys.argv[1:])(standalone_mode=not as_json, prog_name="understudy")
    except Interrupted:
        return _tell(KeyboardInterrupt(), as_json)
    except (UnderstudyError, OSError) as error:
        return _tell(error, as_json)
    except Exception as error:
        if as_json and callable(said := getattr(error, "format_message", None)):
            return _refuse(said())
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
    """Print an error or an interruption, and return its exit code."""
    from understudy.cli import loud
    from understudy.events import failure

    verb = _verb()
    last = failure(error, verb)
    if as_json:
        sys.stdout.write(last.to_json() + "\n")
    else:
        from understudy.api.bars.console import console

        out = console(stderr=True)
        stopped = last.code in ("cancelled", "interrupted")
        out.print("[bold yellow]interrupted:[/] " if stopped else "[bold red]error:[/] ", end="")
        out.print(last.shown, markup=False, soft_wrap=True)
        if stopped and verb in _GOES_ON:
            out.print(f"to go on: {_again(sys.argv[1:])}", markup=False, soft_wrap=True)
    if loud.is_verbose() and last.code not in ("fault", "interrupted"):
        sys.stderr.write("".join(traceback.format_exception(error)))
    return last.data["exit_code"]


_GOES_ON = {
    *("swap", "demo", "extract", "train", "convert", "mask"),
    *("alignments redo", "weights fetch", "jobs run"),
}
"""Verbs that go on where they were when they are said once more."""
_BEGIN_ANEW = {"--new"}


def _again(words: Sequence[str]) -> str:
    """The command that goes on: the same one, but for what would begin anew once more."""
    return shlex.join(["understudy", *(word for word in words if word not in _BEGIN_ANEW)])


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
