"""Work that is put into the queue from the studio, and carried out by a run behind."""

from __future__ import annotations

import json
import time

import pytest

from understudy.runs.queue import behind
from understudy.runs.queue.store import Queue


@pytest.fixture(autouse=True)
def _no_run_is_left():
    yield
    with Queue() as queue:
        for job in queue.jobs("waiting", "running"):
            queue.cancel(job.id)
        behind.stop(queue)


def _over(studio, number: int) -> dict:
    until = time.monotonic() + 200
    while time.monotonic() < until:
        job = studio.client.get(f"/api/v1/jobs/{number}").json()
        if job["state"] in ("done", "failed", "cancelled"):
            return job
        time.sleep(0.3)
    raise AssertionError(job)


def test_work_is_carried_out_and_told(studio) -> None:
    jobs = f"/api/v1/projects/{studio.key}/jobs"
    added = studio.client.post(
        jobs, json={"verb": "extract", "values": {"films": ["a"]}, "options": {}}
    )
    assert added.status_code == 201, added.text
    number = added.json()["id"]
    assert _over(studio, number)["state"] == "done", _over(studio, number)
    assert number in [job["id"] for job in studio.client.get("/api/v1/jobs").json()]
    events = studio.client.get(f"/api/v1/jobs/{number}/events").json()
    assert events[-1]["kind"] == "result"

    with studio.client.stream("GET", f"/api/v1/jobs/{number}/stream") as stream:
        lines = list(stream.iter_lines())
    told = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert told[-1]["state"] == "done"
    assert len(told) == len(events) + 1
    after = {"Last-Event-ID": str(events[-2]["number"])}
    with studio.client.stream("GET", f"/api/v1/jobs/{number}/stream", headers=after) as stream:
        lines = list(stream.iter_lines())
    assert sum(line.startswith("event: told") for line in lines) == 1

    again = studio.client.post(f"/api/v1/jobs/{number}/retry").json()
    assert again["id"] == number
    assert _over(studio, number)["state"] == "done"


@pytest.mark.parametrize(
    ("verb", "values", "options"),
    [
        ("rm", {}, {}),
        ("train", {}, {"train.nosuch": 1}),
        ("train", {}, {"convert.crf": 1}),
        ("train", {}, {"train.minutes": "many"}),
        ("train", {"nosuch": 1}, {}),
        ("convert", {"output": "/etc/out.mp4"}, {}),
        ("convert", {"output": "../../out.mp4"}, {}),
        ("convert", {"source": "/etc/passwd"}, {}),
        ("extract", {"films": ["../../a.mp4"]}, {}),
        ("extract", {"films": "a"}, {}),
        ("extract", {"project": "/tmp/else"}, {}),
    ],
)
def test_what_cannot_or_must_not_be_done_is_refused_at_once(studio, verb, values, options) -> None:
    jobs = f"/api/v1/projects/{studio.key}/jobs"
    asked = {"verb": verb, "values": values, "options": options}
    answer = studio.client.post(jobs, json=asked)
    assert answer.status_code == 422, answer.text
    with Queue() as queue:
        assert not queue.jobs("waiting", "running")


def test_jobs_of_other_folders_are_not_there(studio, tmp_path) -> None:
    from understudy.runs.spec import JobSpec

    with Queue() as queue:
        number = queue.add(JobSpec("train", {"project": "x"}, str(tmp_path), str(tmp_path / "x")))
        queue.cancel(number)
    assert number not in [job["id"] for job in studio.client.get("/api/v1/jobs").json()]
    for call in ("", "/events", "/stream"):
        assert studio.client.get(f"/api/v1/jobs/{number}{call}").status_code == 404
    assert studio.client.post(f"/api/v1/jobs/{number}/retry").status_code == 404
    assert studio.client.get("/api/v1/jobs/999999").status_code == 404
