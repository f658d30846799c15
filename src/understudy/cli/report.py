"""What a verb that only looks has found, as events for programs: a report, and the result."""

from __future__ import annotations

import sys
from typing import Any

from understudy.events import Event, ReportCode, to_plain
from understudy.flow import JsonLines


def result(verb: str) -> Event:
    """The last line of a verb that went well."""
    return Event("result", code="done", data={"verb": verb, "exit_code": 0})


def write(verb: str, code: ReportCode, found: Any) -> None:
    """Write what was found as lines of JSON.

    Args:
        verb: as it is typed, "weights list".
        code: of the report; `events.REPORTS` says what its data is.
        found: a mapping or dataclass, as `to_plain` takes it.
    """
    plain: Any = to_plain(found)
    lines = JsonLines(sys.stdout)
    lines(Event("report", "", code, data=plain))
    lines(result(verb))
