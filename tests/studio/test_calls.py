"""The calls of `/api/v1`, against a project that extraction made."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest


def _picture(answer) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    return cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)


def test_a_project_at_a_glance(studio) -> None:
    (project,) = studio.client.get("/api/v1/projects").json()
    assert project["name"] == "p"
    assert [s["id"] for s in project["sources"]] == ["a", "b"]
    film = project["sources"][0]
    assert (film["width"], film["height"], film["frames"]) == (160, 120, 8)
    assert film["finished"]
    assert film["faces"] == 8
    assert film["shows"] == {"all": "a"}
    assert [p["consent"] for p in project["persons"]] == ["missing", "missing"]
    assert project["next"].startswith("Declare the consent")
    assert studio.client.get(f"/api/v1/projects/{project['key']}").json() == project


def test_a_damaged_project_is_named_and_hides_no_other(studio) -> None:
    (studio.folder / "bad").mkdir()
    (studio.folder / "bad" / "project.json").write_text("{")
    bad, good = studio.client.get("/api/v1/projects").json()
    assert "project.json" in bad["trouble"]
    assert not good["trouble"]


def test_a_film_outside_of_the_folders_is_not_shown(studio, tmp_path) -> None:
    (studio.folder / "a.mp4").rename(tmp_path / "a.mp4")
    (studio.folder / "a.mp4").symlink_to(tmp_path / "a.mp4")
    (project,) = studio.client.get("/api/v1/projects").json()
    assert "outside" in project["sources"][0]["trouble"]
    frame = studio.client.get(f"/api/v1/projects/{project['key']}/films/a/frames/0.jpg")
    assert frame.status_code == 422


def test_making_a_project_and_adding_a_film(studio) -> None:
    made = studio.client.post("/api/v1/projects", json={"folder": "new"})
    assert made.status_code == 201, made.text
    films = f"/api/v1/projects/{made.json()['key']}/films"
    added = studio.client.post(films, json={"path": "a.mp4", "person": "ann"})
    assert added.status_code == 201, added.text
    assert added.json()["sources"][0]["shows"] == {"all": "ann"}
    for path in ("../secret.mp4", "/etc/passwd", "none.mp4"):
        refused = studio.client.post(films, json={"path": path})
        assert refused.status_code in (400, 422), refused.text
        assert refused.json()["message"]
    again = studio.client.post("/api/v1/projects", json={"folder": "../out"})
    assert again.status_code == 422
    assert not (studio.folder.parent / "out").exists()


def test_naming_who_is_in_a_film(studio) -> None:
    names = f"/api/v1/projects/{studio.key}/films/a/names"
    told = studio.client.put(names, json={"names": {"0": "carla"}}).json()
    assert told["sources"][0]["shows"] == {"all": "a", "0": "carla"}
    told = studio.client.put(names, json={"names": {"0": None}}).json()
    assert told["sources"][0]["shows"] == {"all": "a"}
    assert studio.client.put(names, json={"names": {"7": "x"}}).status_code == 422
    assert studio.client.put(names, json={"names": {"0,1": "x"}}).status_code == 422


def test_faces_are_filtered_and_paged(studio) -> None:
    faces = f"/api/v1/projects/{studio.key}/films/a/faces"
    whole = studio.client.get(faces).json()
    assert whole["total"] == len(whole["faces"]) == 8
    page = studio.client.get(faces, params={"offset": 3, "limit": 2}).json()
    assert page["total"] == 8
    assert page["faces"] == whole["faces"][3:5]
    some = studio.client.get(faces, params={"first": 2, "last": 4}).json()
    assert [f["frame"] for f in some["faces"]] == [2, 3, 4]
    assert studio.client.get(faces, params={"min_size_px": 10000}).json()["total"] == 0
    assert studio.client.get(faces, params={"limit": 0}).status_code == 422


def test_frames_and_faces_are_pictures_of_the_film(studio, people) -> None:
    films = f"/api/v1/projects/{studio.key}/films"
    frame = _picture(studio.client.get(f"{films}/a/frames/3.jpg"))
    assert frame.shape == (120, 160, 3)
    wanted = people.a[3].astype(float)
    assert np.abs(frame[..., ::-1] - wanted).mean() < 6
    assert np.abs(frame[..., ::-1] - people.b[3].astype(float)).mean() > 6
    small = _picture(studio.client.get(f"{films}/a/frames/3.jpg", params={"px": 80}))
    assert small.shape == (60, 80, 3)
    face = _picture(studio.client.get(f"{films}/a/faces/3_0.jpg", params={"px": 64}))
    assert face.shape == (64, 64, 3)


def test_a_face_whose_picture_was_rejected_is_cut_from_its_frame(studio) -> None:
    pictures = studio.folder / "p" / "sources" / "a" / "faces"
    (pictures / "a_000003_0.png").unlink()
    shown = studio.client.get(f"/api/v1/projects/{studio.key}/films/a/faces/3_0.jpg")
    assert min(_picture(shown).shape[:2]) > 20


@pytest.mark.parametrize(
    "path",
    [
        "films/a/frames/999.jpg",
        "films/a/faces/3_9.jpg",
        "films/a/faces/..%2f..%2fproject.json.jpg",
        "films/none/frames/0.jpg",
        "films/../../frames/0.jpg",
        "renders/none/sheet.png",
    ],
)
def test_what_is_not_there_is_said(studio, path: str) -> None:
    answer = studio.client.get(f"/api/v1/projects/{studio.key}/{path}")
    assert 400 <= answer.status_code < 500


def test_an_unknown_project(studio) -> None:
    for key in ("0" * 16, "..", "p"):
        assert studio.client.get(f"/api/v1/projects/{key}/films/a/faces").status_code == 404


def test_verify_reads_what_is_sent(studio, people) -> None:
    from understudy.imaging.png import encode_png

    sent = {"file": ("../../x.png", encode_png(people.a[0]))}
    told = studio.client.post("/api/v1/verify", files=sent)
    assert told.status_code == 200, told.text
    assert told.json()["state"] == "none"
    garbage = studio.client.post("/api/v1/verify", files={"file": ("film.mp4", b"no film")})
    assert garbage.json()["state"] in ("none", "unreadable")


def test_the_calls_describe_themselves(studio) -> None:
    told = studio.client.get("/api/v1/openapi.json").json()
    for path, methods in told["paths"].items():
        for method, call in methods.items():
            assert call["summary"], (path, method)
    json.dumps(told)
