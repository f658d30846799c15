"""Consent through the calls: what is taken, what is refused, and what the log keeps."""

from __future__ import annotations

import pytest

SAID = {
    "name": "Ann",
    "basis": "consented",
    "adult": True,
    "intimate": False,
    "scope": "the short film",
    "purpose": "film-vfx",
    "declared_by": "the producer",
}


def _cards(studio) -> dict[str, dict]:
    told = studio.client.get(f"/api/v1/projects/{studio.key}/consent").json()
    return {card["person"]: card for card in told}


def test_it_is_declared_replaced_only_when_asked_and_taken_back(studio) -> None:
    assert _cards(studio)["a"]["why"] == "nothing is declared yet"
    of_a = f"/api/v1/projects/{studio.key}/consent/a"
    told = studio.client.put(of_a, json=SAID)
    assert told.status_code == 200, told.text
    card = _cards(studio)["a"]
    assert not card["why"]
    assert card["declared"][0]["scope"] == "the short film"
    (project,) = studio.client.get("/api/v1/projects").json()
    assert [p["consent"] for p in project["persons"]] == ["declared", "missing"]
    assert {s["id"]: s["state"] for s in project["stages"]} == {
        "films": "done",
        "faces": "done",
        "cast": "done",
        "consent": "next",
        "train": "waits",
        "convert": "waits",
    }

    other = SAID | {"scope": "another film"}
    assert studio.client.put(of_a, json=other).status_code == 422
    assert _cards(studio)["a"]["declared"][0]["scope"] == "the short film"
    assert studio.client.put(of_a, json=other | {"overwrite": True}).status_code == 200
    assert _cards(studio)["a"]["declared"][0]["scope"] == "another film"

    assert studio.client.post(f"{of_a}/revoke").status_code == 200
    assert "taken back" in _cards(studio)["a"]["why"]
    log = studio.client.get(f"/api/v1/projects/{studio.key}/audit").json()
    events = [line["event"] for line in log if line["event"] != "shows"]
    assert events == ["declared", "declared", "revoked"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"adult": False}, 403),
        ({"intimate": True}, 403),
        ({"basis": "because"}, 422),
        ({"purpose": "fun"}, 422),
        ({"adult": "yes"}, 422),
    ],
)
def test_what_may_not_be_declared_is_refused_and_not_kept(studio, change, status) -> None:
    of_a = f"/api/v1/projects/{studio.key}/consent/a"
    told = studio.client.put(of_a, json=SAID | change)
    assert told.status_code == status, told.text
    assert not _cards(studio)["a"]["declared"]


def test_of_nobody_nothing_is_declared(studio) -> None:
    told = studio.client.put(f"/api/v1/projects/{studio.key}/consent/nobody-known", json=SAID)
    assert 400 <= told.status_code < 500
    assert set(_cards(studio)) == {"a", "b"}


def test_what_may_be_declared_is_told(studio) -> None:
    told = studio.client.get("/api/v1/consent").json()
    assert "consented" in told["bases"]
    assert "film-vfx" in told["purposes"]


def test_what_a_project_takes_of_the_disk(studio) -> None:
    told = studio.client.get(f"/api/v1/projects/{studio.key}/disk").json()
    pictures = (studio.folder / "p" / "sources").rglob("*")
    assert told["parts"]["face pictures"] == sum(p.stat().st_size for p in pictures if p.is_file())
    assert told["parts"]["alignments"] > 0
    assert told["total"] == sum(told["parts"].values())
    assert told["free"] > 0


@pytest.mark.parametrize(
    "asked",
    [{"folder": ".."}, {"folder": "/etc/x"}, {"minutes": -1}, {"minutes": 1e9}, {"frames": 3}],
)
def test_a_demo_that_must_not_be_made_is_refused(studio, asked) -> None:
    assert studio.client.post("/api/v1/demo", json=asked).status_code == 422
    assert not [j for j in studio.client.get("/api/v1/jobs").json() if j["state"] == "waiting"]


def test_a_new_project_takes_no_others_place(studio) -> None:
    again = studio.client.post("/api/v1/projects", json={"folder": "p", "new": True})
    assert again.status_code == 422
    assert studio.client.post("/api/v1/projects", json={"folder": "p"}).status_code == 201
