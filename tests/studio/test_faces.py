"""The grid of faces: columns, small pictures, and choosing what is learnt from."""

from __future__ import annotations

import io

import numpy as np
import pytest

PICTURES = ("p", "sources", "a", "faces")


@pytest.fixture
def faces(studio) -> str:
    return f"/api/v1/projects/{studio.key}/films/a/faces"


def _names(studio, *below: str) -> list[str]:
    folder = studio.folder.joinpath(*PICTURES, *below)
    return sorted(p.name for p in folder.glob("*.png")) if folder.is_dir() else []


def test_columns_tell_of_every_face(studio, faces) -> None:
    told = studio.client.get(f"{faces}/columns").json()
    found = told["columns"]
    assert found["total"] == len(found["ids"]) == 8
    assert found["frames"] == list(range(8))
    assert told["left_out"] == []
    assert told["uncut"] == 0
    lengths = {name: len(each) for name, each in found.items() if name != "total"}
    assert set(lengths.values()) == {8}, lengths
    for left, top, right, bottom in found["boxes_xyxy"]:
        assert 0 <= left < right <= 160
        assert 0 <= top < bottom <= 120
    assert np.abs(found["turns"]).max() < 1
    part = studio.client.get(f"{faces}/columns", params={"limit": 3, "offset": 2}).json()
    assert part["columns"]["ids"] == found["ids"][2:5]
    assert part["columns"]["total"] == 8
    assert part["version"] == told["version"]


def test_a_turned_face_is_told_from_one_that_looks_ahead(tmp_path) -> None:
    from understudy.store.columns import _pose

    points = np.zeros((68, 2))
    points[36:42], points[42:48] = (100, 100), (140, 100)
    points[30] = (120, 125)
    ahead = points.copy()
    points[30] = (140, 125)
    rolled = ahead @ np.array([[0, 1], [-1, 0]])
    turns, tilts = _pose([p.astype("<f8").tobytes() for p in (ahead, points, rolled)])
    assert turns == pytest.approx([0, 0.5, 0], abs=1e-6)
    assert tilts == pytest.approx([0, 0, 90], abs=1e-6)


def test_small_pictures_come_in_one(studio, faces) -> None:
    import cv2

    ids = [f"{n}_0" for n in range(8)] + ["99_9", "3_0", "4_0"]
    answer = studio.client.get(f"{faces}.jpg", params={"ids": ",".join(ids), "px": 48})
    assert answer.status_code == 200, answer.text
    across = int(answer.headers["x-faces-across"])
    pixels = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (96, across * 48, 3)
    one = pixels[:48, 3 * 48 : 4 * 48].astype(float)
    again = pixels[:48, 9 * 48 : 10 * 48].astype(float)
    assert np.abs(one - again).mean() < 4
    assert one.std() > 10
    assert pixels[:48, 8 * 48 : 9 * 48].std() < 6, "a face that is not there is grey"
    too_many = ",".join(["1_0"] * 300)
    assert studio.client.get(f"{faces}.jpg", params={"ids": too_many}).status_code == 422
    for odd in ("../../x", "1_0.png", ""):
        assert studio.client.get(f"{faces}.jpg", params={"ids": odd}).status_code == 422


def test_faces_are_left_out_and_taken_back(studio, faces) -> None:
    before = _names(studio)
    version = studio.client.get(f"{faces}/columns").json()["version"]
    ids = ["2_0", "5_0"]
    told = studio.client.post(f"{faces}/leave-out", json={"ids": ids, "version": version})
    assert told.status_code == 200, told.text
    assert sorted(told.json()["left_out"]) == ids
    assert _names(studio, "removed") == ["a_000002_0.png", "a_000005_0.png"]
    assert len(_names(studio)) == 6
    assert studio.client.get(f"{faces}/columns").json()["version"] == told.json()["version"]
    shown = studio.client.get(f"{faces}.jpg", params={"ids": "2_0", "px": 48})
    assert len(shown.content) > 700, "what is left out is still shown"

    back = {"ids": ["2_0"], "version": told.json()["version"]}
    assert studio.client.post(f"{faces}/take-back", json=back).json()["left_out"] == ["5_0"]
    last = studio.client.get(f"{faces}/columns").json()
    back = {"ids": ["5_0", "1_0"], "version": last["version"]}
    told = studio.client.post(f"{faces}/take-back", json=back).json()
    assert told["left_out"] == []
    assert _names(studio) == before
    assert told["version"] == version


def test_a_stale_edit_is_refused(studio, faces) -> None:
    version = studio.client.get(f"{faces}/columns").json()["version"]
    first = studio.client.post(f"{faces}/leave-out", json={"ids": ["1_0"], "version": version})
    assert first.status_code == 200
    second = studio.client.post(f"{faces}/leave-out", json={"ids": ["2_0"], "version": version})
    assert second.status_code == 409
    assert "somebody else" in second.json()["message"]
    assert _names(studio, "removed") == ["a_000001_0.png"]


def test_what_is_no_face_is_refused_whole(studio, faces) -> None:
    version = studio.client.get(f"{faces}/columns").json()["version"]
    for odd in ("99_0", "../../../project", "1_0.png", ""):
        asked = {"ids": ["1_0", odd], "version": version}
        assert studio.client.post(f"{faces}/leave-out", json=asked).status_code == 422
    assert not _names(studio, "removed")


def test_nothing_is_moved_while_the_film_is_written(studio, faces) -> None:
    from understudy.store.alignments import writer_lock

    version = studio.client.get(f"{faces}/columns").json()["version"]
    with writer_lock(studio.folder / "a.alignments"):
        told = studio.client.post(f"{faces}/leave-out", json={"ids": ["1_0"], "version": version})
    assert told.status_code == 409
    assert not _names(studio, "removed")


def test_a_folder_that_leads_out_is_not_filled(studio, faces, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    studio.folder.joinpath(*PICTURES, "removed").symlink_to(tmp_path / "out")
    version = studio.client.get(f"{faces}/columns").json()["version"]
    told = studio.client.post(f"{faces}/leave-out", json={"ids": ["1_0"], "version": version})
    assert told.status_code >= 400
    assert not list((tmp_path / "out").iterdir())
    assert len(_names(studio)) == 8


def test_one_left_out_twice_loses_neither(studio, faces) -> None:
    folder = studio.folder.joinpath(*PICTURES)
    (folder / "removed").mkdir()
    (folder / "removed" / "a_000001_0.png").write_bytes(b"of an earlier extraction")
    (folder / "removed" / "holiday.png").write_bytes(io.BytesIO(b"x").getvalue())
    version = studio.client.get(f"{faces}/columns").json()["version"]
    asked = {"ids": ["1_0"], "version": version}
    told = studio.client.post(f"{faces}/leave-out", json=asked).json()
    assert told["left_out"] == ["1_0"]
    assert len(_names(studio, "removed")) == 3
    asked = {"ids": ["1_0"], "version": told["version"]}
    studio.client.post(f"{faces}/take-back", json=asked)
    assert (folder / "a_000001_0.png").stat().st_size > 1000
