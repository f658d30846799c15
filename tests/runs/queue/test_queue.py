"""The queue: nothing lost, nothing twice, whoever is killed; one at a time, in order."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.errors import InUse, StoreError, ValueRefused
from understudy.flow import Silent
from understudy.runs.queue import devices
from understudy.runs.queue.process import cancel
from understudy.runs.queue.runner import Runner
from understudy.runs.queue.store import MOST_DEATHS, Queue
from understudy.runs.queue.work import NOT_TAKEN, work
from understudy.runs.spec import JobSpec


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.02)


def lines(path: Path) -> int:
    return len(path.read_text().split()) if path.exists() else 0


@pytest.fixture
def queue(tmp_path: Path):
    with Queue(tmp_path / "queue") as queue:
        yield queue


def slow(tmp_path: Path, count: int = 1000, name: str = "out", **more) -> JobSpec:
    return JobSpec.of("steps", wish="cpu", out=tmp_path / name, count=count, **more)


def test_twenty_kills_lose_nothing_and_do_nothing_twice(torment, tmp_path):
    killed = torment.torment(tmp_path, kills=20, jobs=8, count=25, seed=time.time_ns())
    assert sum(killed.values()) == 20


def test_a_second_runner_is_refused_and_changes_nothing(torment, tmp_path):
    torment.fill(tmp_path, 2, 30)
    first = torment.start_runner(tmp_path)
    until(lambda: lines(tmp_path / "turns") > 0)
    assert torment.start_runner(tmp_path).wait(timeout=30) == 9
    assert first.wait(timeout=60) == 0
    torment.check_end(tmp_path, 2, 30)


def test_a_job_that_runs_saves_when_it_is_cancelled(torment, tmp_path, queue):
    number = queue.add(slow(tmp_path))
    runner = torment.start_runner(tmp_path)
    until(lambda: lines(tmp_path / "out") > 3)
    job = cancel(queue, number, 30)
    assert (job.state, job.exit_code, job.code) == ("cancelled", 130, "cancelled")
    assert "steps are kept" in job.message
    assert runner.wait(timeout=30) == 0
    kept = lines(tmp_path / "out")
    queue.retry(number)
    with pytest.raises(ValueRefused, match="waiting"):
        queue.retry(number)
    runner = torment.start_runner(tmp_path)
    until(lambda: lines(tmp_path / "out") > kept)
    assert cancel(queue, number, 30).state == "cancelled"
    assert runner.wait(timeout=30) == 0
    found = (tmp_path / "out").read_text().split()
    assert found == [str(n) for n in range(len(found))]


def test_a_job_that_does_not_listen_is_killed_after_its_grace(torment, tmp_path, queue):
    number = queue.add(JobSpec.of("deaf", wish="cpu", out=tmp_path / "out"))
    runner = torment.start_runner(tmp_path)
    until((tmp_path / "out").exists)
    job = cancel(queue, number, 0.5)
    assert job.state == "cancelled" and "was killed" in job.message
    assert runner.wait(timeout=30) == 0


def test_a_waiting_job_is_cancelled_at_once(tmp_path, queue):
    number = queue.add(slow(tmp_path))
    assert cancel(queue, number, 30).state == "cancelled"
    with pytest.raises(ValueRefused, match="cancelled already"):
        queue.cancel(number)
    with pytest.raises(ValueRefused, match="no job 99"):
        queue.cancel(99)
    assert work(number, "cpu", queue) == NOT_TAKEN and not (tmp_path / "out").exists()


def test_an_interrupted_runner_lets_its_jobs_save_and_wait(torment, tmp_path, queue):
    numbers = [queue.add(slow(tmp_path, 60)), queue.add(slow(tmp_path, 5, "second"))]
    runner = torment.start_runner(tmp_path)
    until(lambda: lines(tmp_path / "out") > 3)
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(timeout=30) == 130
    assert [queue.job(n).state for n in numbers] == ["waiting", "waiting"]
    assert queue.job(numbers[0]).deaths == 0
    assert torment.start_runner(tmp_path).wait(timeout=60) == 0
    assert [queue.job(n).state for n in numbers] == ["done", "done"]
    assert (tmp_path / "turns").read_text().split()[-1].startswith("second")


def test_a_job_that_kills_itself_does_not_do_so_for_ever(torment, tmp_path, queue):
    number = queue.add(JobSpec.of("suicide", wish="cpu", out=tmp_path / "out"))
    worker = (sys.executable, torment.__file__, "--worker")
    Runner(queue, Silent(), worker=worker).run()
    job = queue.job(number)
    assert (job.state, job.attempt) == ("failed", MOST_DEATHS)
    assert "was killed 3 times" in job.message and "last words" in job.message


def test_a_process_that_cannot_begin_fails_its_job_and_says_why(tmp_path, queue):
    number = queue.add(slow(tmp_path))
    told = Silent()
    worker = (sys.executable, "-c", "import sys; sys.exit('no such thing here')")
    Runner(queue, told, worker=worker).run()
    job = queue.job(number)
    assert job.state == "failed" and "no such thing here" in job.message
    assert any(f"job {number} is failed" in line for line in told.said)


@pytest.mark.parametrize(
    ("verb", "code", "words"),
    [("refuses", "no-faces", "nobody is here"), ("breaks", "fault", "ZeroDivisionError")],
)
def test_a_job_that_fails_says_why_and_what_it_told(torment, tmp_path, queue, verb, code, words):
    number = queue.add(JobSpec.of(verb, wish="cpu"))
    work_in_its_own_process(torment, queue, number)
    job = queue.job(number)
    assert (job.state, job.exit_code, job.code) == ("failed", 1, code)
    assert words in job.message
    events = [event for _, event in queue.events(number)]
    assert events[0].text == "about to" and events[-1].kind == "error"
    assert events[-1].data["exit_code"] == 1


def test_what_somebody_else_writes_is_waited_for(torment, tmp_path, queue):
    number = queue.add(JobSpec.of("locks", wish="cpu", folder_to_lock=tmp_path))
    with queue.lock(number), pytest.raises(InUse, match="job"), queue.lock(number):
        pass
    from understudy.store.lock import WriterLock

    with WriterLock(tmp_path, "project"):
        work_in_its_own_process(torment, queue, number)
    job = queue.job(number)
    assert job.state == "waiting" and job.not_before_s > time.time()
    assert "is writing this project" in job.message and job.deaths == 0


def test_jobs_of_one_resource_keep_their_order_and_others_pass(torment, tmp_path, queue):
    specs = [
        JobSpec.of("locks", wish="cpu", folder_to_lock=tmp_path, resource=tmp_path / "p"),
        slow(tmp_path, 3, "first", resource=tmp_path / "p"),
        slow(tmp_path, 3, "other", resource=tmp_path / "q"),
    ]
    numbers = [queue.add(spec) for spec in specs]
    worker = (sys.executable, torment.__file__, "--worker")
    from understudy.store.lock import WriterLock

    told = Silent()
    with WriterLock(tmp_path, "project"):
        runner = Runner(queue, told, worker=worker)
        until(lambda: runner._step() and queue.job(numbers[2]).state == "done")
    assert [queue.job(n).state for n in numbers[:2]] == ["waiting", "waiting"]


def test_times_are_remembered_and_jobs_forgotten(torment, tmp_path, queue):
    number = queue.add(slow(tmp_path, 2))
    work_in_its_own_process(torment, queue, number)
    job = queue.job(number)
    assert job.state == "done" and job.added_s <= job.started_s <= job.ended_s
    assert "2 of 2 steps" in job.progress
    assert queue.clear("failed") == 0 and queue.clear() == 1
    assert queue.jobs() == [] and queue.events(number) == []
    assert not list(queue.folder.glob(f"*job-{number}*"))
    assert queue.add(slow(tmp_path)) == number + 1  # numbers are never given twice


def test_a_device_has_one_job_at_a_time(monkeypatch):
    monkeypatch.setattr(devices, "accelerators", lambda: ("cuda:0", "cuda:1"))
    assert devices.free_device("cuda", []) == "cuda:0"
    assert devices.free_device("auto", ["cuda:0", "cpu"]) == "cuda:1"
    assert devices.free_device("cuda:1", ["cuda:1"]) is None
    assert devices.free_device("auto", ["cuda:0", "cuda:1"]) is None
    assert devices.free_device("cpu", ["cuda:0"]) == "cpu"
    assert devices.free_device("mps", []) == "cpu"  # which refuses it in its own words
    assert devices.environment("cuda:1") == {"CUDA_VISIBLE_DEVICES": "1"}
    assert devices.environment("cpu") == {"CUDA_VISIBLE_DEVICES": ""}


def test_the_device_is_locked_by_the_job_not_the_runner(torment, tmp_path, queue):
    first, second = queue.add(slow(tmp_path, 200)), queue.add(slow(tmp_path, 2, "second"))
    process = subprocess.Popen(
        [sys.executable, torment.__file__, "--worker", str(queue.folder), str(first), "cpu"]
    )
    until(lambda: queue.job(first).state == "running")
    work_in_its_own_process(torment, queue, second, NOT_TAKEN)
    assert queue.job(second).state == "waiting"
    process.kill()
    process.wait()
    queue.settle()
    assert queue.job(first).state == "waiting" and queue.job(first).deaths == 1


def test_a_file_that_is_no_queue_is_refused(tmp_path):
    (tmp_path / "jobs.sqlite").write_bytes(b"SQLite format 3\0" + bytes(200))
    with pytest.raises(StoreError, match="not an Understudy queue") as told:
        Queue(tmp_path)
    assert str(told.value).count("move it away") == 1


def work_in_its_own_process(torment, queue: Queue, number: int, code: int | None = None) -> None:
    told = subprocess.run(
        [sys.executable, torment.__file__, "--worker", str(queue.folder), str(number), "cpu"],
        check=False,
    )
    assert code is None or told.returncode == code
