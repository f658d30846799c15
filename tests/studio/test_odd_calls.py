"""Calls with values that nobody means are answered in words, whatever JSON makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `studio` is not installed")

from fastapi.testclient import TestClient

TOKEN = "a token of tests that is long enough to be one"
API = "/api/v1"


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    from understudy.studio.app import build
    from understudy.studio.gate import local_names

    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    (tmp_path / "films").mkdir()
    app = build([tmp_path / "films"], token=TOKEN, names=local_names("127.0.0.1", 8765))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(app, base_url="http://127.0.0.1:8765", headers=headers) as client:
        yield client


@pytest.fixture
def project(calls: TestClient) -> str:
    answer = calls.post(f"{API}/projects", json={"folder": "p"})
    assert answer.status_code == 201
    return str(answer.json()["key"])


def sent(calls: TestClient, path: str, body: str) -> Any:
    kind = {"content-type": "application/json"}
    return calls.post(f"{API}/{path}", content=body, headers=kind)


@pytest.mark.parametrize(
    "body",
    [
        '{"folder": NaN}',
        '{"folder": [Infinity]}',
        "NaN",
        "[]",
        "{",
        "",
        '"x"',
        '{"folder": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"folder": ' + "9" * 5000 + "}",
        '{"folder": "\\ud800"}',
        '{"folder": "a\\u0000b"}',
        '{"folder": "' + "n" * 300 + '"}',
        '{"folder": "../../x"}',
    ],
)
def test_a_body_that_is_none(calls: TestClient, tmp_path: Path, body: str) -> None:
    answer = sent(calls, "projects", body)
    assert answer.status_code in (400, 422), answer.text
    told = answer.json()
    assert told["code"] and told["message"] and len(answer.text) < 4000
    assert not list((tmp_path / "films").iterdir())


@pytest.mark.parametrize(
    "body",
    [
        '{"verb": "train", "options": {"train.minutes": NaN}}',
        '{"verb": "train", "options": {"train.minutes": 1e999}}',
        '{"verb": "train", "options": {"train.iterations": ' + "9" * 400 + "}}",
        '{"verb": "train", "options": {"train.minutes": {"a": []}}}',
        '{"verb": "train", "values": {"persons": {"a": NaN}}}',
        '{"verb": "convert", "values": {"output": "' + "n" * 300 + '.mp4"}}',
        '{"verb": "convert", "values": {"output": "\\ud800.mp4"}}',
        '{"verb": "convert", "values": {"cast": [["0=a"]]}}',
        '{"verb": "forget", "values": {}}',
        '{"verb": NaN}',
    ],
)
def test_a_job_of_odd_values_is_not_added(calls: TestClient, project: str, body: str) -> None:
    answer = sent(calls, f"projects/{project}/jobs", body)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["message"]
    assert calls.get(f"{API}/jobs").json() == []


@pytest.mark.parametrize("number", ["0", "-1", str(2**63), str(10**30), "9" * 5000, "nan", "é"])
def test_a_number_that_no_database_holds(calls: TestClient, project: str, number: str) -> None:
    for path in (
        f"jobs/{number}",
        f"jobs/{number}/events",
        f"jobs/{number}/stream",
        f"jobs/1/events?after={number}",
        f"projects/{project}/films/a/faces?person={number}",
        f"projects/{project}/films/a/frames/{number}.jpg",
    ):
        answer = calls.get(f"{API}/{path}")
        assert answer.status_code in (404, 422), (path, answer.text)
        assert "damaged" not in answer.text


def test_a_body_of_json_is_no_film(calls: TestClient) -> None:
    body = '{"folder": "' + "x" * (17 << 20) + '"}'
    assert sent(calls, "projects", body).status_code == 413
    assert calls.post(f"{API}/projects", content=body).status_code == 413  # of no kind at all


def test_a_disk_that_fails_is_told(calls: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from understudy.studio import projects

    def failing(*_: object) -> None:
        raise OSError(5, "Input/output error", "/films")

    monkeypatch.setattr(projects.Projects, "folders", failing)
    answer = TestClient(calls.app, base_url="http://127.0.0.1:8765", headers=calls.headers).get(
        f"{API}/projects"
    )
    assert answer.status_code == 500 and "input/output error" in answer.json()["message"]
