"""Who is who: found persons named, made one, and told apart, through the calls."""

from __future__ import annotations

from dataclasses import replace

import pytest


@pytest.fixture
def cast(studio):
    """The film `a` as if two persons had been found in it: one in two tracks, one in one."""
    from understudy.store.alignments import Alignments

    with Alignments.open(studio.folder / "a.alignments") as store:
        (track,) = store.tracks()
        frames = [
            (at, [replace(face, track=0 if at.index < 3 else 1 if at.index < 5 else 2)])
            for at, (face,) in store.by_frame()
        ]
        tracks = [replace(track, number=n, person=p) for n, p in ((0, 0), (1, 0), (2, 1))]
        store.put(frames, tracks=tracks)
    return f"/api/v1/projects/{studio.key}"


def _film(told: dict, film: str = "a") -> dict:
    return next(each for each in told["films"] if each["film"] == film)


def _tracks(film: dict) -> dict[int, list[int]]:
    return {one["number"]: [t["number"] for t in one["tracks"]] for one in film["found"]}


def test_lanes_tell_where_everybody_is(studio, cast) -> None:
    film = _film(studio.client.get(f"{cast}/cast").json())
    assert film["frames"] == 8
    assert film["everybody"] == "a"
    assert _tracks(film) == {0: [0, 1], 1: [2]}
    first = film["found"][0]
    assert (first["frames"], first["person"], first["said"]) == (5, "a", False)
    assert [(t["first"], t["last"]) for t in first["tracks"]] == [(0, 2), (3, 4)]
    assert studio.client.get(f"{cast}/films/a/faces/{first['face']}.jpg").status_code == 200


def test_corrections_are_made_and_a_stale_one_is_refused(studio, cast) -> None:
    def edit(status: int = 200, **what) -> dict:
        told = studio.client.post(f"{cast}/films/a/cast", json=what)
        assert told.status_code == status, told.text
        return told.json()

    before = _film(studio.client.get(f"{cast}/cast").json())["version"]
    told = edit(what="split", numbers=[0], tracks=[1], version=before)
    film = _film(told)
    assert _tracks(film) == {0: [0], 1: [2], 2: [1]}
    assert any("as they were" in words for words in told["said"]), "a copy is kept, and told"

    refused = edit(409, what="merge", numbers=[0, 1], version=before)
    assert "somebody else" in refused["message"]

    film = _film(edit(what="assign", numbers=[1], tracks=[1], version=film["version"]))
    assert _tracks(film) == {0: [0], 1: [1, 2]}
    film = _film(edit(what="name", names={"1": "bob"}, version=film["version"]))
    assert [(one["person"], one["said"]) for one in film["found"]] == [("a", False), ("bob", True)]
    film = _film(edit(what="merge", numbers=[0, 1], version=film["version"]))
    assert _tracks(film) == {0: [0, 1, 2]}

    for what, message in (
        ({"what": "merge", "numbers": [0]}, "two persons"),
        ({"what": "merge", "numbers": []}, "whom"),
        ({"what": "split", "numbers": [7], "tracks": [0]}, "no person 7"),
        ({"what": "split", "numbers": [0], "tracks": [0, 1, 2]}, "nothing would be left"),
        ({"what": "name", "names": {"../0": "x"}}, "numbers"),
        ({"what": "rename"}, ""),
    ):
        said = edit(422, version=film["version"], **what)
        assert message in str(said), said


def test_corrections_are_taken_back_and_done_again(studio, cast) -> None:
    def edit(status: int = 200, **what) -> dict:
        told = studio.client.post(f"{cast}/films/a/cast", json=what)
        assert told.status_code == status, told.text
        return told.json()

    def state(film: dict) -> dict:
        names = {str(one["number"]): one["person"] for one in film["found"] if one["said"]}
        return {
            "shows": {str(n): who for who, tracks in _tracks(film).items() for n in tracks},
            "names": names | ({"all": film["everybody"]} if film["everybody"] else {}),
        }

    film = _film(studio.client.get(f"{cast}/cast").json())
    states = [state(film)]
    for what in (
        {"what": "name", "names": {"1": "bob"}},
        {"what": "split", "numbers": [0], "tracks": [1]},
        {"what": "name", "names": {"2": "bob", "all": None}},
        {"what": "merge", "numbers": [1, 2]},
    ):
        film = _film(edit(version=film["version"], **what))
        states.append(state(film))
    assert len({str(each) for each in states}) == len(states)
    for each in (*reversed(states[:-1]), *states[1:]):
        seen = film["version"]
        film = _film(edit(what="restore", version=seen, **each))
        assert state(film) == each
        edit(409, what="restore", version=seen, **each)
    now = film["version"]
    assert "show" in edit(422, what="restore", version=now, **states[-1])["message"]
    for wrong in (
        {"shows": {"0": -1}, "names": {}},
        {"shows": {"77": 0}, "names": {}},
        {"shows": {"0": 1}, "names": {"1 ": "bob"}},
    ):
        edit(422, what="restore", version=now, **wrong)
    edit(400, what="restore", version=now, shows={"0": 1}, names={"1": "nobody-known"})
    assert _film(studio.client.get(f"{cast}/cast").json())["version"] == now, "nothing was done"


def test_a_film_that_is_away_hides_no_other(studio, cast) -> None:
    (studio.folder / "a.mp4").unlink()
    told = studio.client.get(f"{cast}/cast").json()
    assert _film(told)["trouble"]
    assert _film(told, "b")["found"]
