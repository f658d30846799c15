"""Carries out the queue: starts a process for each job when its device is free.

It holds nothing that matters: kill it, and the processes it started go on by themselves and say
how they ended; the next runner finds them at work and waits for their devices. Jobs whose process
was killed as well are put back and go on where they were, since every stage does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from understudy.errors import Cancelled
from understudy.files import open_to_append
from understudy.flow import Reporter
from understudy.runs.queue.devices import environment, free_device
from understudy.runs.queue.job import Job
from understudy.runs.queue.process import detached, signal_process
from understudy.runs.queue.store import MOST_DEATHS, Queue
from understudy.runs.queue.work import NOT_TAKEN
from understudy.words import counted

POLL_S = 0.25
WORKER = (sys.executable, "-P", "-m", "understudy", "jobs", "work")


@dataclass(frozen=True, slots=True)
class _Started:
    """A process that we began, and the attempts that its job had before."""

    process: subprocess.Popen[bytes]
    device: str
    attempt: int


class Runner:
    """One run over the queue; at most one at a time in a folder of jobs."""

    def __init__(
        self,
        queue: Queue,
        progress: Reporter,
        *,
        stay: bool = False,
        most_deaths: int = MOST_DEATHS,
        worker: Sequence[str] = WORKER,
    ) -> None:
        """Nothing is begun yet.

        Args:
            queue: the jobs.
            progress: is told what begins and ends; asks to stop.
            stay: wait for new jobs when all are over.
            most_deaths: so often a job's process may be killed before the job counts as failed.
            worker: the command of a job's process; the queue's folder, the job's number and the
                device follow.
        """
        self._queue, self._progress = queue, progress
        self._stay, self._most_deaths, self._worker = stay, most_deaths, tuple(worker)
        self._started: dict[int, _Started] = {}

    def run(self) -> None:
        """Carry out what waits, until nothing waits and nothing runs.

        Raises:
            InUse: another process carries out this queue.
            Cancelled: somebody asked to stop; jobs that ran have saved and wait again.
        """
        with self._queue.runner_lock():
            while self._step():
                if self._progress.cancelled:
                    self._stop()
                time.sleep(POLL_S)

    def _step(self) -> bool:
        """Look once; False when there is nothing left to do."""
        self._reap()
        self._queue.settle(self._most_deaths)
        running, waiting = self._queue.jobs("running"), self._queue.jobs("waiting")
        ours = [job for job in waiting if job.id in self._started]  # not claimed yet
        devices = {job.device for job in running} | {self._started[job.id].device for job in ours}
        resources = {job.spec.resource for job in (*running, *ours)}
        for job in waiting:
            if job.id in self._started:
                continue
            resource, free = job.spec.resource, job.spec.resource not in resources
            if resource:
                resources.add(resource)  # later jobs of it wait for this one as well
            if (not free and resource) or job.not_before_s > time.time():
                continue
            device = free_device(job.spec.device, devices)
            if device is not None:
                devices.add(device)
                self._start(job, device)
        return bool(running or waiting or self._started or self._stay)

    def _start(self, job: Job, device: str) -> None:
        command = [*self._worker, str(self._queue.folder), str(job.id), device]
        with open_to_append(self._queue.stderr_path(job.id)) as errors:
            process = detached(command, errors.fileno(), environment(device))
        self._started[job.id] = _Started(process, device, job.attempt)
        self._progress.say(f"job {job.id} begins on {device}: {job.words}")

    def _reap(self) -> None:
        for number, started in list(self._started.items()):
            exit_code = started.process.poll()
            if exit_code is None:
                continue
            del self._started[number]
            if exit_code == NOT_TAKEN:
                continue
            self._queue.settle(self._most_deaths)
            job = self._queue.job(number)
            if job.state == "waiting" and job.attempt == started.attempt and exit_code > 0:
                # Its process could not even begin, and would not the next time.
                self._queue.fail(number, f"cannot be begun: {self._queue.last_words(job)}")
                job = self._queue.job(number)
            why = f": {job.message.splitlines()[-1]}" if job.message else ""
            self._progress.say(f"job {number} is {job.state}{why}")

    def _stop(self) -> None:
        """Ask the processes to save, and wait for them."""
        running = self._queue.jobs("running")
        if os.name == "nt":
            raise Cancelled(
                f"stopped; {counted(len(running), 'job that runs goes', 'jobs that run go')} on "
                "without it"
            )
        self._progress.say(
            f"{counted(len(running), 'job saves, and waits', 'jobs save, and wait')} for the "
            "next run"
        )
        for job in running:
            signal_process(job)
        for number in {*self._started} - {job.id for job in running}:
            self._started[number].process.terminate()  # has not taken its job yet
        while running:
            time.sleep(POLL_S)
            self._reap()
            self._queue.settle(self._most_deaths)
            left = {(job.id, job.attempt) for job in self._queue.jobs("running")}
            running = [job for job in running if (job.id, job.attempt) in left]
        raise Cancelled("stopped; its jobs have saved, and wait for the next run")
