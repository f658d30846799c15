"""What the studio tells of models and outputs, of a project where the whole job was done."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi", reason="the extra `studio` is not installed")

HOST = "127.0.0.1:8765"
TOKEN = "a token of tests that is long enough to be one"  # noqa: S105


@pytest.fixture
def made(done_place):
    """A client, and the address of the project."""
    from fastapi.testclient import TestClient

    from understudy.studio.app import build

    app = build([done_place.folder], token=TOKEN, names=(HOST,))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(app, base_url=f"http://{HOST}", headers=headers) as client:
        (project,) = client.get("/api/v1/projects").json()
        yield client, f"/api/v1/projects/{project['key']}", project


def test_what_was_made_is_shown_and_says_what_it_is(made) -> None:
    client, base, project = made
    render = next(each for each in project["renders"] if each["made"])
    assert project["next"] == "Look at what was made"
    of = f"{base}/renders/{render['id']}"
    told = client.get(f"{of}/credentials").json()
    assert told["state"] == "ours"
    assert told["sentences"]
    part = client.get(f"{of}/film", headers={"Range": "bytes=0-99"})
    assert part.status_code == 206
    assert len(part.content) == 100
    for index, status in ((0, 200), (99999, 404)):
        assert client.get(f"{of}/frames/{index}.jpg").status_code == status
    assert client.get(f"{base}/renders/none/film").status_code in (400, 404)


def test_a_model_shows_how_it_learns(made) -> None:
    client, base, project = made
    (model,) = project["models"]
    told = client.get(f"{base}/models/{model['name']}/learning").json()
    assert told["job"] is None
    assert told["sheets"]
    sheet = client.get(f"{base}/models/{model['name']}/previews/{told['sheets'][0]}.png")
    assert sheet.headers["content-type"] == "image/png"
    assert client.get(f"{base}/models/{model['name']}/preview.png").status_code == 200
    assert client.get(f"{base}/models/none/learning").json()["sheets"] == []
    assert client.get(f"{base}/models/..%2f..%2fsources/learning").status_code >= 400


def test_settings_are_told_as_they_are_declared(made) -> None:
    client, _, _ = made
    for verb, path in (("train", "train.minutes"), ("convert", "convert.feather")):
        told = {each["path"]: each for each in client.get(f"/api/v1/options/{verb}").json()}
        assert told[path]["help"]
        kinds = {"train": ("train", "swap"), "convert": ("convert", "enhance", "colour", "write")}
        assert {p.partition(".")[0] for p in told} == set(kinds[verb])
    assert client.get("/api/v1/options/rm").status_code == 422


def test_curves_are_thinned_and_a_step_done_again_counts_once() -> None:
    from understudy.studio.api.models import _curves

    points = [("loss/a", n, 1.0) for n in range(3000)] + [("loss/a", 0, 5.0), ("loss/b", 7, 2.0)]
    one, other = _curves(points)
    assert one.values[0] == 5.0
    assert 300 <= len(one.steps) <= 600
    assert one.steps == sorted(set(one.steps))
    assert (other.name, other.steps, other.values) == ("loss/b", [7], [2.0])


def test_only_a_training_that_runs_is_asked_for_something(made, done_place) -> None:
    from understudy.store.lock import WriterLock

    client, base, project = made
    (model,) = project["models"]
    live = f"{base}/models/{model['name']}/live"
    idle = client.post(live, json={"sheet": True})
    assert (idle.status_code, "not being trained" in idle.text) == (422, True)
    with WriterLock(done_place.project / "models" / model["name"], "model"):
        asked = client.post(live, json={"changed": {"learning_rate": 1e-5}, "sheet": True})
        assert (asked.status_code, asked.json()) == (200, {"learning_rate": 1e-5})
        for changed in ({"batch": 3}, {"learning_rate": "fast"}, {}):
            assert client.post(live, json={"changed": changed}).status_code == 422
        again = client.post(live, json={"changed": {"colour": False}})
        assert again.json() == {"learning_rate": 1e-5, "colour": False}


def test_frames_to_review_are_listed(made) -> None:
    client, base, project = made
    source = next(each["source"] for each in project["renders"] if each["made"])
    told = client.get(f"{base}/films/{source}/review")
    assert told.status_code == 200
    assert all(set(one) == {"frame", "id", "reasons"} for one in told.json())
    assert client.get(f"{base}/films/nosuch/review").status_code == 404


def test_a_frame_is_tried_with_other_settings(made, done_place) -> None:
    import cv2
    import numpy as np

    client, base, project = made
    render = next(each for each in project["renders"] if each["made"])
    wish = {"source": render["source"], "model_name": render["model"], "index": 3}
    (donor,) = {each["id"] for each in project["persons"]} - {
        *next(s for s in project["sources"] if s["id"] == render["source"])["shows"].values()
    }
    wish["cast"] = [f"all={donor}"]

    def tried(**options) -> np.ndarray:
        asked = wish | {"options": options}
        told = client.post(f"{base}/try", json=asked)
        assert told.status_code == 200, told.text
        return cv2.imdecode(np.frombuffer(told.content, np.uint8), cv2.IMREAD_COLOR).astype(float)

    usual = tried()
    made_so = client.get(f"{base}/renders/{render['id']}/frames/3.jpg").content
    shown = cv2.imdecode(np.frombuffer(made_so, np.uint8), cv2.IMREAD_COLOR).astype(float)
    away_from_the_mark = np.s_[: shown.shape[0] * 3 // 4]
    assert np.abs(usual - shown)[away_from_the_mark].mean() < 3
    other = tried(**{"convert.match_colour": "none"})
    assert np.abs(usual - other).max() > 2
    assert np.abs(usual - tried()).max() == 0
    several = tried(**{"convert.match_colour": "none,average"})  # each in turn, as `convert` does
    assert np.abs(several - tried(**{"convert.match_colour": "average"})).max() == 0
    assert np.abs(several - other).max() > 2
    by_hand = {"convert.match_colour": "manual"}
    brighter = tried(**by_hand, **{"colour.manual.exposure": 1.0})
    assert brighter.mean() > tried(**by_hand).mean() + 1  # an option of a plug-in
    for bad in (
        {"convert.nosuch": 1},
        {"colour.nosuch.x": 1},
        {"train.minutes": 1},
        {"convert.feather": 9},
    ):
        assert client.post(f"{base}/try", json=wish | {"options": bad}).status_code == 422
    assert client.post(f"{base}/try", json=wish | {"index": 9999}).status_code == 404
    assert client.post(f"{base}/try", json=wish | {"cast": ["all=nobody-known"]}).status_code == 422
