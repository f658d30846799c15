"""Kills the queue at random moments and looks whether what it says is true.

    python tests/kill_queue.py --kills 100 --jobs 40

A runner and the processes of its jobs are killed with SIGKILL, one of them or all at once as when
the machine goes down, and started again. In the end every job must be done, to the end exactly
once, step by step without a step lost or done twice, and never two of one device at a time.

Measured on 2 cores: see docs/decisions/0017-jobs.md.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from understudy.errors import Cancelled, InUse, NoFaces
from understudy.flow import Progress, Silent
from understudy.flow.progress import stop_if_cancelled
from understudy.flow.signals import stoppable
from understudy.runs.queue.runner import Runner
from understudy.runs.queue.store import Queue
from understudy.runs.queue.work import work
from understudy.runs.spec import JobSpec
from understudy.runs.verbs import VERBS, Verb
from understudy.store.lock import WriterLock
from understudy.store.processes import process_lives

STEP_S = 0.04


def steps(out: Path, count: int, progress: Progress) -> None:
    """Cheap work that goes on where it was: a line in its own file, and one in everybody's."""
    out.touch()
    done = len(out.read_text().split())
    with progress.task(out.name, count, "steps", done=done) as bar:
        for number in range(done, count):
            time.sleep(STEP_S)
            with out.open("a") as file:
                file.write(f"{number}\n")
            with (out.parent / "turns").open("a") as file:
                file.write(f"{out.name}.{os.getpid()}\n")
            bar.advance(1)
            stop_if_cancelled(progress, f"{number + 1} steps are kept")


def deaf(out: Path, progress: Progress) -> None:
    """Work that never looks whether it is to stop."""
    out.touch()
    time.sleep(600)


def suicide(out: Path, progress: Progress) -> None:
    """Work that its machine kills, as for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def refuses(progress: Progress) -> None:
    """Work that cannot be done."""
    progress.say("about to")
    raise NoFaces("nobody is here")


def breaks(progress: Progress) -> None:
    """A fault of ours."""
    progress.say("about to")
    progress.metric("x", 1 / 0, step=0)


def locks(folder_to_lock: Path, progress: Progress) -> None:
    """Work that writes what others write as well."""
    with WriterLock(folder_to_lock, "project"):
        progress.say("in")


for _work in (steps, deaf, suicide, refuses, breaks, locks):
    VERBS[_work.__name__] = Verb(_work.__name__, f"{__name__}:{_work.__name__}")


def fill(folder: Path, jobs: int, count: int) -> None:
    """A queue of such jobs."""
    with Queue(folder / "queue") as queue:
        for number in range(jobs):
            queue.add(JobSpec.of("steps", wish="cpu", out=folder / f"job{number:02}", count=count))


def start_runner(folder: Path, stay: bool = False) -> subprocess.Popen[bytes]:
    """A runner in a process and a session of its own."""
    command = [sys.executable, __file__, "--runner", str(folder), *(["--stay"] if stay else [])]
    return subprocess.Popen(command, start_new_session=True)


def run(folder: Path, stay: bool) -> None:
    """What that process does."""
    worker = (sys.executable, __file__, "--worker")
    told = Silent()
    with Queue(folder / "queue") as queue, stoppable(told, told.said.append):
        Runner(queue, told, stay=stay, most_deaths=1000, worker=worker).run()


def workers(folder: Path) -> list[psutil.Process]:
    """Processes of jobs of this queue, whoever started them."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "--worker" in words and str(folder / "queue") in words:
            found.append(process)
    return found


def check_truth(folder: Path) -> None:
    """What says that it runs has a living process."""
    with Queue(folder / "queue") as queue:
        queue.settle(most_deaths=1000)
        for job in queue.jobs("running"):
            alive = process_lives(job.pid, job.start)
            assert alive or queue.job(job.id).state != "running", f"{job} has no process"


def kill_some(folder: Path, runner: subprocess.Popen[bytes], chance: random.Random) -> str:
    """Kill the runner, the processes of jobs, or all."""
    victim = chance.choice(["runner", "job", "all"])
    if victim in ("runner", "all"):
        runner.send_signal(signal.SIGKILL)
        runner.wait()
    if victim in ("job", "all"):
        for process in workers(folder):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
    return victim


def torment(folder: Path, kills: int, jobs: int, count: int, seed: int) -> Counter[str]:
    """Kill so often, then let it finish, and check what came of it."""
    chance = random.Random(seed)  # noqa: S311 - a fair coin is enough
    fill(folder, jobs, count)
    killed: Counter[str] = Counter()
    runner = start_runner(folder)
    for _ in range(kills):
        time.sleep(chance.uniform(0.05, 1.2))
        killed[kill_some(folder, runner, chance)] += 1
        check_truth(folder)
        if runner.poll() is not None:
            runner = start_runner(folder)
    assert runner.wait(timeout=240) == 0
    check_end(folder, jobs, count)
    return killed


def check_end(folder: Path, jobs: int, count: int) -> None:
    """Every job is done, once, in full, and alone on its device."""
    with Queue(folder / "queue") as queue:
        for job in queue.jobs():
            assert (job.state, job.exit_code) == ("done", 0), job
            kinds = Counter(event.kind for _, event in queue.events(job.id))
            assert kinds["result"] == 1 and kinds["error"] == 0, (job, kinds)
        assert len(queue.jobs()) == jobs
    for number in range(jobs):
        lines = (folder / f"job{number:02}").read_text().split()
        assert lines == [str(n) for n in range(count)], (number, lines)
    turns = (folder / "turns").read_text().split()
    changes = [turn for turn, before in zip(turns, ["", *turns], strict=False) if turn != before]
    assert len(changes) == len(set(changes)), "two jobs ran on one device at a time"


def main() -> None:
    """See the module's docstring."""
    words = argparse.ArgumentParser()
    words.add_argument("--worker", nargs=3)
    words.add_argument("--runner", type=Path)
    words.add_argument("--stay", action="store_true")
    words.add_argument("--kills", type=int, default=20)
    words.add_argument("--jobs", type=int, default=12)
    words.add_argument("--count", type=int, default=30)
    words.add_argument("--seed", type=int, default=0)
    asked = words.parse_args()
    if asked.worker:
        folder, number, device = asked.worker
        with Queue(Path(folder)) as queue:
            sys.exit(work(int(number), device, queue))
    if asked.runner:
        try:
            run(asked.runner, asked.stay)
        except InUse:
            sys.exit(9)
        except Cancelled as stopped:
            sys.exit(stopped.exit_code)
        return
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        killed = torment(Path(folder), asked.kills, asked.jobs, asked.count, asked.seed)
    took = time.monotonic() - began
    print(f"{asked.kills} kills ({dict(killed)}), {asked.jobs} jobs: all true, {took:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main()
