"""Correcting the faces of a frame by hand, through the calls."""

from __future__ import annotations

import copy

import numpy as np
import pytest


@pytest.fixture
def clip(studio) -> str:
    return f"/api/v1/projects/{studio.key}/films/a"


def _same(frame: dict) -> list[dict]:
    return [{"id": face["id"]} for face in frame["faces"]]


def _stored(studio, index: int):
    from understudy.store.alignments import Alignments

    with Alignments.open(studio.folder / "a.alignments", read_only=True) as store:
        return store.faces(index)


def _put(studio, clip: str, index: int, frame: dict, faces: list[dict], status: int = 200) -> dict:
    asked = {"version": frame["version"], "faces": faces}
    told = studio.client.put(f"{clip}/frames/{index}", json=asked)
    assert told.status_code == status, told.text
    return told.json()


def test_a_moved_face_is_kept_and_what_came_of_it_is_stale(studio, clip) -> None:
    (before,) = _stored(studio, 3)
    frame = studio.client.get(f"{clip}/frames/3").json()
    (face,) = frame["faces"]
    assert np.array_equal(face["landmarks"], before.alignment.landmarks)
    points = np.add(face["landmarks"], (2, 1))
    told = _put(studio, clip, 3, frame, [{"id": face["id"], "landmarks": points.tolist()}])
    (after,) = _stored(studio, 3)
    assert np.array_equal(after.alignment.landmarks, points)
    assert after.made_by["align"] == "hand"
    assert {f"mask:{kind}" for kind in after.masks} <= after.stale
    assert told["faces"][0]["stale"]
    assert told["version"] != frame["version"]
    assert np.allclose(after.box_xyxy - before.box_xyxy, (2, 1, 2, 1), atol=0.5)

    back = [{"id": face["id"], "landmarks": face["landmarks"]}]
    assert _put(studio, clip, 3, told, back)["version"] == frame["version"]


def test_what_was_removed_comes_back_whole(studio, clip) -> None:
    (before,) = _stored(studio, 2)
    frame = studio.client.get(f"{clip}/frames/2").json()
    told = _put(studio, clip, 2, frame, [])
    assert told["faces"] == []
    assert _stored(studio, 2) == []
    points = frame["faces"][0]["landmarks"]
    told = _put(studio, clip, 2, told, [{"landmarks": points, "track": before.track}])
    assert told == frame
    (after,) = _stored(studio, 2)
    assert set(after.masks) == set(before.masks)
    assert np.array_equal(after.embedding, before.embedding)
    assert not after.stale


def test_faces_are_copied_and_drawn(studio, clip) -> None:
    other = studio.client.get(f"{clip}/frames/4").json()["faces"][0]
    frame = studio.client.get(f"{clip}/frames/5").json()
    copied = {"landmarks": other["landmarks"], "track": other["track"]}
    told = _put(studio, clip, 5, frame, [*_same(frame), copied])
    assert [face["id"] for face in told["faces"]] == ["5_0", "5_1"]
    new = _stored(studio, 5)[1]
    assert new.track == other["track"]
    assert new.made_by == {"detect": "hand", "align": "hand"}
    assert new.quality["size_px"] > 10

    box = [float(v) for v in frame["faces"][0]["box_xyxy"]]
    found = studio.client.post(f"{clip}/frames/5/align", json={"box_xyxy": box})
    assert found.status_code == 200, found.text
    off = np.array(found.json()["landmarks"]) - np.array(frame["faces"][0]["landmarks"])
    assert np.linalg.norm(off, axis=1).mean() < 0.1 * (box[2] - box[0])
    tiny = studio.client.post(f"{clip}/frames/5/align", json={"box_xyxy": [5, 5, 6, 6]})
    assert tiny.status_code == 422


def test_a_stale_edit_is_refused_and_nothing_is_done(studio, clip) -> None:
    frame = studio.client.get(f"{clip}/frames/1").json()
    points = (np.array(frame["faces"][0]["landmarks"]) + 1).tolist()
    _put(studio, clip, 1, frame, [{"id": "1_0", "landmarks": points}])
    refused = _put(studio, clip, 1, frame, [], status=409)
    assert "somebody else" in refused["message"]
    assert len(_stored(studio, 1)) == 1


def test_what_is_no_edit_is_refused(studio, clip) -> None:
    frame = studio.client.get(f"{clip}/frames/1").json()
    good = frame["faces"][0]["landmarks"]
    far = copy.deepcopy(good)
    far[0][0] = 1e9
    for faces in (
        [{"id": "1_7"}],
        [{"id": "1_0"}, {"id": "1_0"}],
        [{"id": "1_0", "landmarks": good[:5]}],
        [{"id": "1_0", "landmarks": far}],
        [{"id": "1_0", "landmarks": [[0, 0]] * 68}],
        [{}],
        [{"landmarks": good}] * 101,
    ):
        _put(studio, clip, 1, frame, faces, status=422)
    assert studio.client.get(f"{clip}/frames/1").json() == frame
    assert studio.client.get(f"{clip}/frames/99").status_code == 404


def test_a_mask_is_painted(studio, clip) -> None:
    from understudy.imaging.png import encode_png

    frame = studio.client.get(f"{clip}/frames/0").json()
    face = f"{clip}/faces/0_0"
    assert studio.client.get(f"{face}/crop.jpg").status_code == 200
    assert studio.client.get(f"{face}/masks/painted.png").status_code == 404
    painted = np.zeros((256, 256, 3), np.uint8)
    painted[64:192, 64:192] = 255
    sent = studio.client.put(
        f"{face}/masks/painted", params={"version": frame["version"]}, content=encode_png(painted)
    )
    assert sent.status_code == 200, sent.text
    (stored,) = _stored(studio, 0)
    mask = stored.masks["painted"]
    assert mask.alpha[128, 128] == 1
    assert mask.alpha[10, 10] == 0
    assert "painted@hand" in stored.made_by["mask"]
    import cv2

    shown = studio.client.get(f"{face}/masks/painted.png").content
    back = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.abs(back.astype(float) - painted[..., 0]).mean() < 2

    again = {"params": {"version": frame["version"]}, "content": encode_png(painted)}
    assert studio.client.put(f"{face}/masks/painted", **again).status_code == 409
    now = {"version": sent.json()["version"]}
    bomb = encode_png(painted)[:16] + (60000).to_bytes(4, "big") * 2 + b"x" * 40
    for data in (b"", b"GIF89a" + b"x" * 40, bomb, encode_png(painted[:, :100])):
        bad = studio.client.put(f"{face}/masks/painted", params=now, content=data)
        assert bad.status_code == 422, bad.text


def test_what_is_stale_is_made_again_as_a_job(studio, clip) -> None:
    from understudy.runs.queue.store import Queue
    from understudy.runs.verbs import verb_of
    from understudy.studio import work

    (key,) = {studio.key}
    from understudy.store.project import Project

    with Project.open(studio.folder / "p", read_only=True) as project:
        spec = work.renew_job(project, project.source("a"))
    assert verb_of(spec.verb).name == "alignments redo"
    assert spec.resource == str(studio.folder / "p")
    none = studio.client.post(f"/api/v1/projects/{key}/films/none/renew")
    assert none.status_code == 404
    with Queue() as queue:
        assert not queue.jobs("waiting")


def test_edits_of_key_frames_are_carried_taken_back_and_done_again(studio, clip) -> None:
    found = {n: _stored(studio, n)[0].alignment.landmarks for n in range(8)}
    track = _stored(studio, 2)[0].track
    for index in (1, 6):
        frame = studio.client.get(f"{clip}/frames/{index}").json()
        points = np.array(frame["faces"][0]["landmarks"])
        points[48:, 1] += 3
        told = _put(
            studio, clip, index, frame, [{"id": f"{index}_0", "landmarks": points.tolist()}]
        )
        assert told["faces"][0]["set_by"] == "hand"
    keys = studio.client.get(f"{clip}/tracks/{track}/keys").json()
    assert [key["frame"] for key in keys] == [1, 6]
    asked = {"track": track, "first": keys[0], "last": keys[1]}
    stale = {**asked, "first": {**keys[0], "version": "0" * 16}}
    assert studio.client.post(f"{clip}/carry", json=stale).status_code == 409
    assert np.array_equal(_stored(studio, 3)[0].alignment.landmarks, found[3])
    changes = studio.client.post(f"{clip}/carry", json=asked).json()
    assert [one["index"] for one in changes] == [2, 3, 4, 5]
    after = {n: _stored(studio, n)[0].alignment.landmarks for n in range(8)}
    assert all((after[n][48:, 1] - found[n][48:, 1] > 2).all() for n in (2, 3, 4, 5))
    assert studio.client.get(f"{clip}/frames/3").json()["faces"][0]["set_by"] == "between"

    def all_to(which: str, versions: dict[int, str], status: int = 200) -> list[dict]:
        frames = [
            {
                "index": one["index"],
                "version": versions[one["index"]],
                "faces": [{"id": one["id"], "landmarks": one[which], "between": True}],
            }
            for one in changes
        ]
        told = studio.client.put(f"{clip}/frames", json={"frames": frames})
        assert told.status_code == status, told.text
        return told.json()

    seen = {one["index"]: one["version"] for one in changes}
    all_to("before", {**seen, 5: "0" * 16}, status=409)
    assert np.array_equal(_stored(studio, 2)[0].alignment.landmarks, after[2]), "all or none"
    told = all_to("before", seen)
    assert all(np.array_equal(_stored(studio, n)[0].alignment.landmarks, found[n]) for n in (2, 5))
    assert [frame["faces"][0]["set_by"] for frame in told] == [""] * 4
    all_to("after", {frame["index"]: frame["version"] for frame in told})
    assert np.array_equal(_stored(studio, 4)[0].alignment.landmarks, after[4])
    assert _stored(studio, 4)[0].made_by["align"] == "between@1"
    none = studio.client.put(f"{clip}/frames", json={"frames": []})
    assert none.status_code == 422
    twice = {"index": 2, "version": "x", "faces": []}
    assert studio.client.put(f"{clip}/frames", json={"frames": [twice, twice]}).status_code == 422
    assert studio.client.get(f"{clip}/tracks/99/keys").status_code == 422


def test_what_is_to_review_follows_an_edit(studio, clip) -> None:
    before = studio.client.get(f"{clip}/review").json()
    assert studio.client.get(f"{clip}/review").json() == before
    assert not any(one["id"] == "3_0" for one in before)
    frame = studio.client.get(f"{clip}/frames/3").json()
    points = (np.array(frame["faces"][0]["landmarks"]) + 20).tolist()
    _put(studio, clip, 3, frame, [{"id": "3_0", "landmarks": points}])
    (told,) = [one for one in studio.client.get(f"{clip}/review").json() if one["id"] == "3_0"]
    assert any("out of date" in reason for reason in told["reasons"])
