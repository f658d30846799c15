"""How jobs are shown: a table, one job at length, its log, and as events."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence

from understudy.cli import report
from understudy.cli.rows import Cell, Styled, show
from understudy.cli.say import echo
from understudy.flow import JsonLines
from understudy.flow.progress import clock
from understudy.runs.queue.job import OVER, Job
from understudy.runs.queue.store import Queue
from understudy.words import counted

_STYLES = {"running": "bold cyan", "done": "green", "failed": "bold red", "cancelled": "dim"}
_LOOK_EVERY_S = 0.5


def write(verb: str, jobs: Sequence[Job]) -> None:
    """Jobs as an event, and the result behind it."""
    report.write(verb, "jobs", {"jobs": [job.to_plain() for job in jobs]})


def print_jobs(jobs: Sequence[Job]) -> None:
    """A table, one job a line."""
    if not jobs:
        echo("no jobs; add one with --queue behind any verb, or: understudy jobs add --help")
        return
    cells: list[list[Cell]] = []
    for job in jobs:
        state = Styled(job.state, _STYLES.get(job.state, ""))
        cells.append([str(job.id), job.words, state, job.device, _time(job), _how_far(job)])
    show(["job", "what", "state", "device", "time", "how far"], cells, titles=2)


def print_job(job: Job) -> None:
    """One job at length."""
    rows = {
        "job": f"{job.id}: {job.words}",
        "state": job.state + (f" (exit code {job.exit_code})" if job.state in OVER else ""),
        "added": _date(job.added_s),
        "begun": f"{_date(job.started_s)}, {counted(job.attempt, 'time')}" if job.attempt else "",
        "ended": _date(job.ended_s) if job.state in OVER else "",
        "device": job.device or f"{job.spec.device} is wished for",
        "process": str(job.pid) if job.state == "running" else "",
        "how far": job.progress,
        "said": job.message,
        "in": job.spec.folder,
        "writes": job.spec.resource,
        "values": json.dumps(job.spec.values, indent=2),
    }
    for name, words in rows.items():
        if words:
            echo(f"{name + ':':9}{words}")


def print_log(queue: Queue, number: int, follow: bool, as_json: bool) -> None:
    """What a job told, and with `follow` what it tells until it is over."""
    lines = JsonLines(sys.stdout)
    row = 0
    while True:
        queue.settle()
        over = queue.job(number).state in OVER
        for last, event in queue.events(number, row):
            row = last
            if as_json:
                lines(event)
            elif event.text and event.kind != "task":
                at = time.strftime("%H:%M:%S", time.localtime(event.time_s))
                mark = f"{event.level}: " if event.level != "info" else ""
                echo(f"{at} {mark}{event.shown}")
        if over or not follow:
            break
        time.sleep(_LOOK_EVERY_S)
    if as_json:
        lines(report.result("jobs log"))


def _how_far(job: Job) -> str:
    if job.state == "running":
        return job.progress
    words = job.message or ("" if job.state == "done" else job.progress)
    return words.strip().splitlines()[-1] if words else ""


def _time(job: Job) -> str:
    if job.started_s is None or job.state == "waiting":
        return ""
    return clock((job.ended_s or time.time()) - job.started_s)


def _date(at_s: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_s)) if at_s else ""
