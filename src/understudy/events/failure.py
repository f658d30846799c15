"""Errors as events: the same code, exit code and words wherever they are shown."""

from __future__ import annotations

import errno
import traceback

from understudy.errors import UnderstudyError
from understudy.events.codes import ERRORS, words_of
from understudy.events.event import Event


def error_code(error: BaseException) -> str:
    """The code of an error, see `ERRORS`."""
    if isinstance(error, UnderstudyError):
        return words_of(type(error).__name__)
    if isinstance(error, OSError):
        return "disk"
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return "fault"


def failure(error: BaseException, verb: str) -> Event:
    """The last event of work that an error ended; a fault of ours comes with its traceback."""
    code = error_code(error)
    if code == "disk" and isinstance(error, OSError):
        # What no room explained better: a disk or network drive that failed under us.
        place = f"{error.filename}: " if error.filename else ""
        advice = "check the disk"
        if error.errno == errno.ENAMETOOLONG:
            place, advice = f"{str(error.filename)[:200]}...: ", "give a shorter name"
        text = f"{place}{(error.strerror or str(error)).lower()}; {advice} and run again"
    elif code == "interrupted":
        text = "stopped at once; finished batches, checkpoints and segments are kept"
    elif code == "fault":
        text = "".join(traceback.format_exception(error))
    else:
        text = str(error)
    exit_code = error.exit_code if isinstance(error, UnderstudyError) else ERRORS[code][0]
    return Event("error", text, code, "error", {"verb": verb, "exit_code": exit_code})
