"""One job of the queue, as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from understudy.errors import ValueRefused
from understudy.events import Plain
from understudy.files import parse_json
from understudy.runs.spec import JobSpec

State = Literal["waiting", "running", "done", "failed", "cancelled"]
_END_OF_TIME_S = 253_402_300_800
"""The year 10000, which no calendar of Python's has."""
OVER: tuple[State, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Job:
    """A job and what became of it.

    Attributes:
        id: its number.
        spec: what is to be done.
        state: where it stands.
        added_s, started_s, ended_s: when, in seconds since 1970; None when that did not happen.
        not_before_s: it waits at least until then.
        attempt: how often it was begun.
        deaths: how often its process was killed since it was last added or retried.
        device: where it runs, such as "cpu" or "cuda:0"; "" before it began.
        pid, start: mark of the process that carries or carried it out.
        cancel_asked: somebody asked it to stop.
        exit_code: that of the verb, once it is over.
        code: code of its last event, such as "done" or "no-faces".
        message: why it failed, or waits again.
        progress: the newest bar in words.
    """

    id: int
    spec: JobSpec
    state: State
    added_s: float
    not_before_s: float
    started_s: float | None
    ended_s: float | None
    attempt: int
    deaths: int
    device: str
    pid: int
    start: int
    cancel_asked: bool
    exit_code: int | None
    code: str
    message: str
    progress: str

    COLUMNS: ClassVar = (
        "id",
        "spec",
        "state",
        "added_s",
        "not_before_s",
        "started_s",
        "ended_s",
        "attempt",
        "deaths",
        "device",
        "pid",
        "start",
        "cancel_asked",
        "exit_code",
        "code",
        "message",
        "progress",
    )

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Self:
        """From the columns, in the order of `COLUMNS`."""
        values = dict(zip(cls.COLUMNS, row, strict=True))
        values["spec"] = JobSpec.from_plain(parse_json(values["spec"]))
        for name in ("added_s", "started_s", "ended_s", "not_before_s"):
            if values[name] is not None and not 0 <= values[name] < _END_OF_TIME_S:
                raise ValueRefused(f"{name}: expected a time, got {values[name]!r}")
        values["cancel_asked"] = bool(values["cancel_asked"])
        return cls(**values)

    @property
    def words(self) -> str:
        """What is to be done, for people."""
        return f"{self.spec.verb} {Path(self.spec.resource).name}".strip()

    def to_plain(self) -> dict[str, Plain]:
        """As plain data, for programs."""
        plain: dict[str, Plain] = {n: getattr(self, n) for n in self.COLUMNS if n != "spec"}
        return plain | {"spec": self.spec.to_plain()}
