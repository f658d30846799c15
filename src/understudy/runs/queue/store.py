"""The queue as a file: jobs, what became of them, and what each told.

A job is `waiting`, `running`, or over (`done`, `failed`, `cancelled`). Whoever carries it out holds
the job's lock from before it says `running` until after it says how it ended, so a job that says
`running` and whose lock is free was killed: `settle` puts it back.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from understudy.errors import InUse, ValueRefused
from understudy.events import Event
from understudy.files import make_folder, open_to_read, remove_file
from understudy.runs.queue.job import OVER, Job, State
from understudy.runs.spec import JobSpec
from understudy.store.home import home
from understudy.store.lock import WriterLock
from understudy.store.processes import process_mark
from understudy.store.sqlite import database
from understudy.words import counted

_MOST_JOBS = 2**63 - 1
MOST_DEATHS = 3
"""So often a job may be killed before it counts as failed: it may be what kills it, as memory."""

SCHEMA = database.Schema(
    what="queue of jobs",
    application_id=0x55534A51,
    remedy="move it away to begin with an empty queue; projects are not touched",
    brings_up="understudy jobs list",
    foreign="move it away, and an empty queue takes its place",
    migrations=(
        database.Migration(
            "jobs and their events",
            """
            CREATE TABLE jobs (
              id INTEGER PRIMARY KEY AUTOINCREMENT,
              spec TEXT NOT NULL,
              state TEXT NOT NULL DEFAULT 'waiting'
                CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
              added_s REAL NOT NULL,
              not_before_s REAL NOT NULL DEFAULT 0,
              started_s REAL,
              ended_s REAL,
              attempt INTEGER NOT NULL DEFAULT 0,
              deaths INTEGER NOT NULL DEFAULT 0,
              device TEXT NOT NULL DEFAULT '',
              pid INTEGER NOT NULL DEFAULT 0,
              start INTEGER NOT NULL DEFAULT 0,
              cancel_asked INTEGER NOT NULL DEFAULT 0,
              exit_code INTEGER,
              code TEXT NOT NULL DEFAULT '',
              message TEXT NOT NULL DEFAULT '',
              progress TEXT NOT NULL DEFAULT ''
            ) STRICT;
            CREATE INDEX jobs_by_state ON jobs (state);
            CREATE TABLE events (
              job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
              attempt INTEGER NOT NULL,
              line TEXT NOT NULL
            ) STRICT;
            CREATE INDEX events_by_job ON events (job)
            """,
        ),
    ),
)


class Queue:
    """The queue of one folder; every change is one transaction, so many processes may share it."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open it, and make it when it is not there.

        Raises:
            StoreError, DiskFull: it cannot be made, or is damaged.
        """
        self.folder = home() / "jobs" if folder is None else folder
        make_folder(self.folder)
        self.path = self.folder / "jobs.sqlite"
        if not self.path.exists():
            with WriterLock(self.path, SCHEMA.what, wait_s=database.BUSY_TIMEOUT_S):
                if not self.path.exists():
                    database.create(self.path, SCHEMA, lambda _: None)
        self._db = database.connect(self.path, SCHEMA, read_only=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def add(self, spec: JobSpec) -> int:
        """Put a job at the end.

        Returns:
            Its number.
        """
        with self._writing() as db:
            row = db.execute(
                "INSERT INTO jobs (spec, added_s) VALUES (?, ?) RETURNING id",
                (json.dumps(spec.to_plain()), time.time()),
            ).fetchone()
        return int(row[0])

    def job(self, number: int) -> Job:
        """One job.

        Raises:
            ValueRefused: there is none of that number.
        """
        found = self._jobs("WHERE id = ?", (number,)) if 0 < number <= _MOST_JOBS else []
        if not found:
            raise ValueRefused(f"there is no job {number}; see them with: understudy jobs list")
        return found[0]

    def jobs(self, *states: State) -> list[Job]:
        """All jobs, or those in these states, oldest first."""
        marks = ", ".join("?" * len(states))
        return self._jobs(f"WHERE state IN ({marks})" if states else "", states)

    def lock(self, number: int) -> WriterLock:
        """The lock that whoever carries out this job holds."""
        return WriterLock(self.folder / f"job-{number}", "job")

    def runner_lock(self) -> WriterLock:
        """The lock of whoever carries out the queue."""
        return WriterLock(self.folder / "runner", "queue of jobs")

    def claim(self, number: int, device: str) -> Job | None:
        """Say that this process carries the job out; the caller holds its lock.

        Returns:
            The job, or None where it does not wait any more.
        """
        with self._writing() as db:
            taken = db.execute(
                "UPDATE jobs SET state = 'running', attempt = attempt + 1, device = ?, pid = ?, "
                "start = ?, started_s = ?, ended_s = NULL, exit_code = NULL, code = '', "
                "message = '', progress = '' WHERE id = ? AND state = 'waiting'",
                (device, *process_mark(), time.time(), number),
            ).rowcount
        return self.job(number) if taken else None

    def tell(self, job: Job, events: list[Event], progress: str) -> bool:
        """Keep what a running job told.

        Returns:
            Whether somebody asked it to stop.
        """
        with self._writing() as db:
            self._keep(db, job, events)
            row = db.execute(
                "UPDATE jobs SET progress = ? WHERE id = ? RETURNING cancel_asked",
                (progress, job.id),
            ).fetchone()
        return bool(row and row[0])

    def end(self, job: Job, state: State, last: Event) -> None:
        """Say how a running job ended, together with its last event; the caller holds its lock."""
        code = last.data.get("exit_code")
        with self._writing() as db:
            self._keep(db, job, [last])
            db.execute(
                "UPDATE jobs SET state = ?, ended_s = ?, exit_code = ?, code = ?, message = ?, "
                "cancel_asked = 0 WHERE id = ? AND state = 'running'",
                (state, time.time(), code, last.code, last.text, job.id),
            )

    def put_back(self, job: Job, message: str, wait_s: float = 0.0) -> None:
        """Let a job that was interrupted wait again, at its old place."""
        with self._writing() as db:
            db.execute(
                "UPDATE jobs SET state = 'waiting', message = ?, not_before_s = ? "
                "WHERE id = ? AND state = 'running'",
                (message, time.time() + wait_s if wait_s else 0.0, job.id),
            )

    def fail(self, number: int, message: str) -> None:
        """Say that a waiting job cannot even be begun."""
        with self._writing() as db:
            db.execute(
                "UPDATE jobs SET state = 'failed', ended_s = ?, exit_code = 1, code = 'fault', "
                "message = ? WHERE id = ? AND state = 'waiting'",
                (time.time(), message, number),
            )

    def cancel(self, number: int) -> Job:
        """Ask a job to stop: one that waits is cancelled, one that runs is told.

        Returns:
            The job as it is now.

        Raises:
            ValueRefused: it is over, or there is none.
        """
        if (job := self.job(number)).state in OVER:
            raise ValueRefused(f"job {number} is {job.state} already")
        with self._writing() as db:
            db.execute(
                "UPDATE jobs SET cancel_asked = 1 WHERE id = ? AND state = 'running'", (number,)
            )
            db.execute(
                "UPDATE jobs SET state = 'cancelled', ended_s = ?, exit_code = 130, "
                "code = 'cancelled', message = 'cancelled before it began' "
                "WHERE id = ? AND state = 'waiting'",
                (time.time(), number),
            )
        return self.job(number)

    def retry(self, number: int) -> Job:
        """Let a job that is over wait again; it goes on where it was, as its verb does.

        Raises:
            ValueRefused: it waits or runs already, or there is none.
        """
        job = self.job(number)
        with self._writing() as db:
            taken = db.execute(
                "UPDATE jobs SET state = 'waiting', deaths = 0, not_before_s = 0, cancel_asked = 0 "
                "WHERE id = ? AND state IN ('failed', 'cancelled', 'done')",
                (number,),
            ).rowcount
        if not taken:
            raise ValueRefused(f"job {number} is {job.state}; only one that is over can be retried")
        return self.job(number)

    def clear(self, *states: State) -> int:
        """Forget jobs that are over, with all they told.

        Returns:
            How many.
        """
        numbers = [job.id for job in self.jobs(*(states or OVER)) if job.state in OVER]
        with self._writing() as db:
            db.executemany("DELETE FROM jobs WHERE id = ?", [(n,) for n in numbers])
        for number in numbers:
            for left in self.folder.glob(f"*job-{number}.*"):
                remove_file(left)
        return len(numbers)

    def events(self, number: int, after: int = 0) -> list[tuple[int, Event]]:
        """What a job told, each with a number that grows, from the one after `after`."""
        with database.reading(self.path, SCHEMA):
            rows = self._db.execute(
                "SELECT rowid, line FROM events WHERE job = ? AND rowid > ? ORDER BY rowid",
                (number, after),
            ).fetchall()
            return [(int(row), Event.from_json(line)) for row, line in rows]

    def settle(self, most_deaths: int = MOST_DEATHS) -> None:
        """Find running jobs whose process is dead, and say what is true of them now."""
        for job in self.jobs("running"):
            try:
                with self.lock(job.id):
                    self._settle(job, most_deaths)
            except InUse:
                continue

    def _settle(self, job: Job, most_deaths: int) -> None:
        now = self.job(job.id)
        if now.state != "running" or now.attempt != job.attempt:
            return  # it ended, or went on elsewhere, before we held its lock
        if now.cancel_asked:
            self.end(now, "cancelled", ended(now, "cancelled", "was killed after being asked", 130))
        elif self._counts(now) and now.deaths + 1 >= most_deaths:
            words = (
                f"was killed {counted(now.deaths + 1, 'time')}; its last words: "
                f"{self.last_words(now)}"
            )
            self.end(now, "failed", ended(now, "fault", words, 137))
        else:
            with self._writing() as db:
                db.execute(
                    "UPDATE jobs SET state = 'waiting', deaths = deaths + ?, "
                    "message = 'was killed; goes on' WHERE id = ? AND state = 'running'",
                    (self._counts(now), now.id),
                )

    @staticmethod
    def _counts(job: Job) -> bool:
        """Whether a death speaks against the job: when the machine went down, it does not."""
        return (job.started_s or 0.0) > psutil.boot_time()

    def last_words(self, job: Job) -> str:
        """The end of what its process wrote on stderr, such as a crash of a library."""
        try:
            said = _end_of(self.stderr_path(job.id))
        except OSError:
            said = ""
        return said or "none"

    def stderr_path(self, number: int) -> Path:
        """Where a job's process writes what it does not tell as events."""
        return self.folder / f"job-{number}.stderr"

    @staticmethod
    def _keep(db: sqlite3.Connection, job: Job, events: list[Event]) -> None:
        lines = [(job.id, job.attempt, event.to_json()) for event in events]
        db.executemany("INSERT INTO events VALUES (?, ?, ?)", lines)

    def _jobs(self, where: str, values: tuple[Any, ...]) -> list[Job]:
        with database.reading(self.path, SCHEMA):
            sql = f"SELECT {', '.join(Job.COLUMNS)} FROM jobs {where} ORDER BY id"  # noqa: S608 - ours
            with closing(self._db.execute(sql, values)) as rows:
                return [Job.of_row(row) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with database.writing(self._db, self.path, SCHEMA):
            yield self._db


def _end_of(path: Path) -> str:
    with open_to_read(path) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 2000))
        return file.read(2000).decode(errors="replace").strip()


def ended(job: Job, code: str, words: str, exit_code: int) -> Event:
    """The last event of a job that did not end well."""
    return Event("error", words, code, "error", {"verb": job.spec.verb, "exit_code": exit_code})
