"""The queue: what waits, runs and ended; adding, cancelling, and watching."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi import Path as InPath
from fastapi import Query as InQuery
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from understudy.errors import FileAway, ValueRefused
from understudy.files import is_project
from understudy.runs.queue.job import OVER, Job
from understudy.runs.queue.process import cancel as ask_to_stop
from understudy.runs.queue.store import Queue
from understudy.studio import work
from understudy.studio.api.numbers import MOST
from understudy.studio.projects import key_of
from understudy.studio.state import Studio

_LOOK_EVERY_S = 0.3
Number = Annotated[int, InPath(ge=1, le=MOST)]
After = Annotated[int, InQuery(ge=0, le=MOST)]
_BEAT_EVERY_S = 15.0


@dataclass(frozen=True)
class NewJob:
    """Work on a project.

    Attributes:
        verb: extract, train or convert.
        values: of the verb, such as `{"cast": ["0=bob"], "output": "out.mp4"}`.
        options: of the stage by path, such as `{"train.minutes": 5}`.
    """

    verb: str
    values: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NewDemo:
    """The demo: where it is made, minutes of training (0 trains nothing), frames of its film."""

    folder: str = "demo"
    minutes: float = 0.0
    frames: int = 40


def router(studio: Studio) -> APIRouter:
    """Calls on the queue."""
    calls = APIRouter(tags=["jobs"])

    @calls.post("/projects/{key}/jobs", status_code=201, summary="Add work on a project")
    def add(key: str, new: NewJob) -> dict[str, Any]:
        folder = studio.projects.folder(key)
        spec = work.project_job(studio.places, folder, new.verb, new.values, new.options)
        return _plain(work.add(spec))

    @calls.post(
        "/projects/{key}/films/{film}/renew",
        status_code=201,
        summary="Make again what is out of date in a film",
    )
    def renew(key: str, film: str) -> dict[str, Any]:
        project, source = studio.projects.source(key, film)
        if not project.alignments(source.id).exists():
            raise FileAway(f"{film}: has no faces yet; extract it first")
        return _plain(work.add(work.renew_job(project, source)))

    @calls.post("/demo", status_code=201, summary="Make the demo: two people who do not exist")
    def demo(new: NewDemo) -> dict[str, Any]:
        spec = work.demo_job(studio.places, new.folder, new.minutes, new.frames)
        return _plain(work.add(spec))

    @calls.get("/jobs", summary="Every job of the queue, oldest first")
    def jobs() -> list[dict[str, Any]]:
        return _all(studio)

    # Before the call for one job, which would take the word for a number.
    @calls.get(
        "/jobs/stream",
        summary="Every job again, as server-sent events, whenever something changes",
        response_class=StreamingResponse,
    )
    async def watch() -> StreamingResponse:
        return StreamingResponse(_watched(studio), media_type="text/event-stream")

    @calls.get("/jobs/{number}", summary="One job")
    def job(number: Number) -> dict[str, Any]:
        with Queue() as queue:
            queue.settle()
            return _plain(_job(studio, queue, number))

    @calls.post("/jobs/{number}/cancel", summary="Ask a job to save and stop")
    def cancel(
        number: Number, grace_s: Annotated[float, InQuery(ge=0, le=600)] = 60.0
    ) -> dict[str, Any]:
        with Queue() as queue:
            _job(studio, queue, number)
            return _plain(ask_to_stop(queue, number, grace_s))

    @calls.post("/jobs/{number}/retry", summary="Let a job that is over wait again")
    def retry(number: Number) -> dict[str, Any]:
        with Queue() as queue:
            _job(studio, queue, number)
            retried = queue.retry(number)
            work.ensure_run(queue)
            return _plain(retried)

    @calls.get("/jobs/{number}/events", summary="What a job told, from the one after `after`")
    def events(number: Number, after: After = 0) -> list[dict[str, Any]]:
        with Queue() as queue:
            _job(studio, queue, number)
            return [{"number": n, **e.to_plain()} for n, e in queue.events(number, after)]

    @calls.get(
        "/jobs/{number}/stream",
        summary="The same as server-sent events, while they come",
        response_class=StreamingResponse,
    )
    async def stream(
        number: Number, after: After = 0, last_event_id: Annotated[str, Header()] = ""
    ) -> StreamingResponse:
        await run_in_threadpool(_known, studio, number)
        known = last_event_id.isdecimal() and len(last_event_id) < len(str(MOST))
        begin = int(last_event_id) if known else after
        return StreamingResponse(_told(number, begin), media_type="text/event-stream")

    return calls


def _plain(job: Job) -> dict[str, Any]:
    """A job with what it is called, and the key of its project, or "" where it has none yet."""
    folder = Path(job.spec.resource)
    places = (folder, folder / "out.understudy") if job.spec.resource else ()
    project = next((key_of(place) for place in places if is_project(place)), "")
    return job.to_plain() | {"words": job.words, "project": project}


def _all(studio: Studio) -> list[dict[str, Any]]:
    with Queue() as queue:
        queue.settle()
        return [_plain(job) for job in queue.jobs() if _shown(studio, job)]


async def _watched(studio: Studio) -> AsyncIterator[str]:
    """The whole list whenever it changes; it is short, and who comes back has missed nothing."""
    last, quiet_s = "", 0.0
    while True:
        line = json.dumps(await run_in_threadpool(_all, studio))
        quiet_s += _LOOK_EVERY_S
        if line != last:
            yield f"event: jobs\ndata: {line}\n\n"
        elif quiet_s >= _BEAT_EVERY_S:
            yield ": still there\n\n"
        if line != last or quiet_s >= _BEAT_EVERY_S:
            last, quiet_s = line, 0.0
        await asyncio.sleep(_LOOK_EVERY_S)


async def _told(number: int, after: int) -> AsyncIterator[str]:
    """Events until the job is over; a line now and then, so that a lost reader is noticed."""
    quiet_s = 0.0
    while True:
        # Looked at before the events are read: what it told last is in them then.
        found, over = await run_in_threadpool(_new, number, after)
        for after, line in found:
            yield f"id: {after}\nevent: told\ndata: {line}\n\n"
        if over is not None:
            yield f"event: over\ndata: {json.dumps(over)}\n\n"
            return
        quiet_s = 0.0 if found else quiet_s + _LOOK_EVERY_S
        if quiet_s >= _BEAT_EVERY_S:
            quiet_s = 0.0
            yield ": still there\n\n"
        await asyncio.sleep(_LOOK_EVERY_S)


def _new(number: int, after: int) -> tuple[list[tuple[int, str]], dict[str, Any] | None]:
    with Queue() as queue:
        queue.settle()
        job = queue.job(number)
        told = [(n, event.to_json()) for n, event in queue.events(number, after)]
        return told, _plain(job) if job.state in OVER else None


def _known(studio: Studio, number: int) -> None:
    with Queue() as queue:
        _job(studio, queue, number)


def _job(studio: Studio, queue: Queue, number: int) -> Job:
    """A job of the folders that this studio may touch; others are not there for it."""
    try:
        job = queue.job(number)
    except ValueRefused as error:
        raise FileAway(str(error)) from None
    if not _shown(studio, job):
        raise FileAway(f"there is no job {number}; see them with: understudy jobs list")
    return job


def _shown(studio: Studio, job: Job) -> bool:
    return studio.places.holds(Path(job.spec.resource or job.spec.folder))
