"""What work tells whoever watches it, as data: a terminal, a log, a program, a studio."""

from understudy.events.codes import (
    ERRORS,
    METRICS,
    PICTURES,
    REPORTS,
    WARNINGS,
    PictureCode,
    ReportCode,
    WarningCode,
)
from understudy.events.event import KINDS, Event, Kind, Level, Plain, Sink, to_plain
from understudy.events.failure import error_code, failure

__all__ = [
    "ERRORS",
    "KINDS",
    "METRICS",
    "PICTURES",
    "REPORTS",
    "WARNINGS",
    "Event",
    "Kind",
    "Level",
    "PictureCode",
    "Plain",
    "ReportCode",
    "Sink",
    "WarningCode",
    "error_code",
    "failure",
    "to_plain",
]
