"""What a job's own process does: take the job, carry it out, and say how it ended.

It outlives whoever started it and needs nothing of them: it keeps what it tells in the queue
itself, holds the locks of the job and of the device until it has said how it ended, and looks in
the queue whether it is to stop, which works where there are no signals.
"""

from __future__ import annotations

import os

from understudy.errors import Cancelled, InUse
from understudy.events import Event, failure
from understudy.flow import Reporter, Throttled
from understudy.flow.signals import stoppable
from understudy.runs.perform import perform
from understudy.runs.queue.job import Job, State
from understudy.runs.queue.log import JobLog
from understudy.runs.queue.store import Queue
from understudy.store.lock import WriterLock

NOT_TAKEN = 75
"""Exit code of a process that left the job waiting: somebody else has it, its device or project."""
AGAIN_AFTER_S = 15.0
"""So long a job waits whose project or film somebody is writing."""


def work(number: int, device: str, queue: Queue) -> int:
    """Carry out one job in this process.

    Args:
        number: of the job.
        device: the one it has to itself, such as "cpu" or "cuda:0".
        queue: where it stands.

    Returns:
        The exit code.
    """
    turn = WriterLock(queue.folder / f"device-{device.replace(':', '-')}", "device")
    try:
        with queue.lock(number), turn:
            job = queue.claim(number, device)
            return NOT_TAKEN if job is None else _carry_out(job, queue)
    except InUse:
        return NOT_TAKEN


def _carry_out(job: Job, queue: Queue) -> int:
    log = JobLog(job, queue)
    progress = Reporter(Throttled(log), asked=log.asked)
    try:
        with stoppable(progress, progress.say):
            os.chdir(job.spec.folder)
            exit_code = perform(job.spec, progress)
    except InUse as error:
        log.flush()
        queue.put_back(job, f"waits: {error}", AGAIN_AFTER_S)
        return NOT_TAKEN
    except (Cancelled, KeyboardInterrupt) as error:
        return _stopped(job, queue, log, failure(error, job.spec.verb))
    except Exception as error:  # noqa: BLE001 - whatever it is, the person must hear of it
        last = failure(error, job.spec.verb)
        log.end("failed", last)
        return _exit_code(last)
    log.end("done" if exit_code == 0 else "failed")
    return exit_code


def _stopped(job: Job, queue: Queue, log: JobLog, last: Event) -> int:
    """Cancelled where somebody asked for that; else the machine goes down, and it goes on later."""
    log.flush()
    if queue.job(job.id).cancel_asked:
        state: State = "cancelled"
        log.end(state, last)
    else:
        queue.put_back(job, f"was interrupted and goes on later: {last.text}")
    return _exit_code(last)


def _exit_code(last: Event) -> int:
    exit_code = last.data["exit_code"]
    return exit_code if isinstance(exit_code, int) else 1
