"""The whole way: files of other tools to alignments and face images, and out again."""

from __future__ import annotations

import json
import shutil
import zlib
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.errors import Cancelled, NoFaces, StoreError, UnderstudyError, ValueRefused
from understudy.flow import Silent
from understudy.interchange.carry import import_
from understudy.interchange.carry.export import LAYOUTS, export
from understudy.interchange.pickles import safe_pickle
from understudy.media import frames, probe
from understudy.store.alignments import Alignments, SourceRecord
from understudy.store.faceset import list_faceset, read_face_png
from understudy.testing.clips import write_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames at a rate whose times are no whole numbers; not to be changed."""
    path = tmp_path_factory.mktemp("film") / "clip.mp4"
    pictures = [np.full((240, 320, 3), 30 * n, np.uint8) for n in range(6)]
    return write_clip(path, pictures, Fraction(30000, 1001), sound=False)


def read_all(path: Path) -> dict[int, list]:
    with Alignments.open(path, read_only=True) as store:
        return {at.index: faces for at, faces in store.by_frame()}


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def unpacked(path: Path) -> dict:
    data = zlib.decompress(path.read_bytes())
    return safe_pickle.loads(data, budget_bytes=1 << 28)


def test_fsa_of_a_film_there_and_back(tmp_path: Path, clip: Path, foreign) -> None:
    content = {
        "clip_000001.mp4": {"faces": [foreign.faceswap_face(1), foreign.faceswap_face(2)]},
        "clip_000003.mp4": {"faces": []},
        "clip_000006.mp4": {"faces": [foreign.faceswap_face(3)]},
        "clip_000007.mp4": {"faces": [foreign.faceswap_face(4)]},
    }
    source = put(tmp_path / "clip_alignments.fsa", foreign.fsa(content))
    path = tmp_path / "clip.alignments"
    report = import_(source, clip, path, Silent())
    assert (report.frames, report.faces, report.n_skipped) == (3, 3, 1)
    assert "clip_000007.mp4" in report.skipped[0] and "ends before frame 6" in report.skipped[0]
    assert [p.name for p in tmp_path.iterdir() if "alignments" in p.name].count(path.name) == 1
    read = read_all(path)
    assert {i: len(f) for i, f in read.items()} == {0: 2, 2: 0, 5: 1}
    times = {f.at.index: f.at for f in frames(probe(clip))}
    assert read[5][0].at == times[5] and read[0][1].id == "0_1"
    assert read[0][0].score == 1.0 and read[0][0].made_by["align"] == "faceswap@2.4"
    with Alignments.open(path, read_only=True) as store:
        assert store.finished and store.source.settings == {"imported": "faceswap@2.4"}
        assert store.source.fingerprint == probe(clip).fingerprint

    back = tmp_path / "back.fsa"
    told = export(path, back)
    assert (told.layout, told.frames, told.faces) == ("fsa", 3, 3)
    whole = unpacked(back)
    assert whole["__meta__"] == {"version": 2.4}
    assert list(whole["__data__"]) == ["clip_000001.mp4", "clip_000003.mp4", "clip_000006.mp4"]
    for key, frame in whole["__data__"].items():
        for got, want in zip(frame["faces"], content[key]["faces"], strict=True):
            assert [got[k] for k in "xywh"] == [want[k] for k in "xywh"]
            assert np.abs(np.subtract(got["landmarks_xy"], want["landmarks_xy"])).max() < 1e-3
            assert np.allclose(got["identity"]["vggface2"], want["identity"]["vggface2"])

    again = import_(back, clip, tmp_path / "again.alignments", Silent())
    assert again.faces == 3
    for index, faces in read_all(tmp_path / "again.alignments").items():
        for got, want in zip(faces, read[index], strict=True):
            assert np.abs(got.alignment.landmarks - want.alignment.landmarks).max() < 1e-3


def test_masks_survive_faceswap_where_they_lie_on_its_grid(
    tmp_path: Path, clip: Path, foreign
) -> None:
    from understudy.types import Alignment
    from understudy.types.frame import frame_space

    face = foreign.faceswap_face(1)
    crop = Alignment.fit(foreign.landmarks(1), frame_space(320, 240)).crop(64, 1.0, "face")
    stored = face["mask"]["bisenet-fp_face"]
    stored["affine_matrix"] = crop.matrix[:2].tolist()
    disc = cv2.circle(np.zeros((64, 64), np.uint8), (32, 30), 14, 255, -1)
    disc = cv2.GaussianBlur(disc, (0, 0), 2)
    skewed = [[0.5, 0.02, -45.0], [-0.02, 0.5, -23.0]]
    odd = dict(stored, affine_matrix=skewed, mask=zlib.compress(disc.tobytes()))
    face["mask"]["odd"] = odd
    source = put(tmp_path / "a.fsa", foreign.fsa({"clip_1.mp4": {"faces": [face]}}))
    path = tmp_path / "a.alignments"
    import_(source, clip, path, Silent())
    export(path, tmp_path / "b.fsa")
    masks = unpacked(tmp_path / "b.fsa")["__data__"]["clip_000001.mp4"]["faces"][0]["mask"]
    got = masks["bisenet-fp_face"]
    assert (got["stored_size"], got["stored_centering"]) == (64, "face")
    assert np.allclose(got["affine_matrix"], stored["affine_matrix"], atol=1e-6)
    assert zlib.decompress(got["mask"]) == zlib.decompress(stored["mask"])
    recut = masks["odd"]
    assert recut["stored_size"] == 128 and recut["stored_centering"] == "face"
    # Painted back on the frame as Faceswap does, the mask lies where it lay before.
    painted = []
    for mask in (odd, recut):
        size = mask["stored_size"]
        levels = np.frombuffer(zlib.decompress(mask["mask"]), np.uint8).reshape(size, size)
        matrix = np.array(mask["affine_matrix"])
        flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
        painted.append(cv2.warpAffine(levels, matrix, (320, 240), flags=flags))
    assert (painted[0] > 127).sum() > 1000
    assert np.abs(np.subtract(*painted, dtype=float)).max() < 6


def test_images_are_found_by_name(tmp_path: Path, frames_folder: Path, foreign) -> None:
    face = foreign.book_face
    content = {
        "frame_003.png": {"faces": [face(1)]},
        "frame_001.jpg": {"faces": [face(2)]},
        "frame_009.png": {"faces": [face(3)]},
        "frame_001.png": {"faces": [face(4)]},
    }
    source = put(tmp_path / "face_alignments.json", foreign.book(content))
    path = tmp_path / "out.alignments"
    report = import_(source, frames_folder, path, Silent())
    read = read_all(path)
    assert sorted(read) == [1, 3] and report.n_skipped == 2
    assert np.allclose(read[3][0].alignment.landmarks, foreign.landmarks(1) + 0.5, atol=1e-9)

    told = export(path, tmp_path / "back.json", "book", media=frames_folder)
    assert told.faces == 2
    back = json.loads((tmp_path / "back.json").read_text())
    assert list(back) == ["frame_001.png", "frame_003.png"]
    (plain,) = back["frame_003.png"]["faces"]
    want = face(1)
    for key in ("landmark", "warp_matrix"):
        got, wanted = plain[key], want[key]
        got, wanted = (got[0], wanted[0]) if key == "landmark" else (got, wanted)
        assert got["shape"] == wanted["shape"] and got["Corder"] is True
        assert np.abs(np.subtract(got["__ndarray__"], wanted["__ndarray__"])).max() < 1e-3


def test_json_of_faceswap_there_and_back(tmp_path: Path, clip: Path, foreign) -> None:
    points = foreign.landmarks(1).tolist()
    content = {"clip_000002.png": [{"detected": [100, 60, 190, 170], "landmarks_2d": points}]}
    source = put(tmp_path / "a.json", json.dumps(content).encode())
    path = tmp_path / "a.alignments"
    import_(source, clip, path, Silent())
    export(path, tmp_path / "b.json", "faceswap-json")
    back = json.loads((tmp_path / "b.json").read_text())
    assert list(back) == ["clip_000002.png"]
    assert back["clip_000002.png"][0]["detected"] == [100, 60, 190, 170]
    got = back["clip_000002.png"][0]["landmarks_2d"]
    assert np.abs(np.subtract(got, points)).max() < 1e-3


def test_names_of_a_film_may_count_from_0(tmp_path: Path, clip: Path, foreign) -> None:
    content = {f"{n:05}.png": [foreign.faceswap_face(n)] for n in (0, 2)}
    source = put(tmp_path / "a.fsa", foreign.fsa(content))
    progress = Silent()
    import_(source, clip, tmp_path / "a.alignments", progress)
    assert sorted(read_all(tmp_path / "a.alignments")) == [0, 2]
    assert any("counted from 0" in line for line in progress.said)
    import_(source, clip, tmp_path / "b.alignments", Silent(), first_frame=2)
    assert sorted(read_all(tmp_path / "b.alignments")) == [0]


def test_faceswap_pictures_become_face_images(tmp_path: Path, foreign) -> None:
    for frame in (7, 12):
        for number in range(2):
            data = foreign.faceswap_png(10 * frame + number, f"clip_{frame:06}.mp4", number)
            put(tmp_path / "faces" / f"clip_{frame:06}_{number}.png", data)
    report = import_(tmp_path / "faces", None, None, Silent())
    assert report.output == tmp_path / "faces_faces"
    assert (report.frames, report.faces, report.n_skipped) == (2, 4, 0)
    files = list_faceset(report.output)
    records = [read_face_png(f) for f in files]
    assert [r.face.id for _, r in records] == ["7_0", "7_1", "12_0", "12_1"]
    pixels, record = records[1]
    assert np.array_equal(pixels, foreign.picture(64, 71)[..., ::-1])
    assert record.frame_size == foreign.size and record.centering == "head"
    points = record.face.alignment.landmarks
    assert np.abs(points - foreign.landmarks(71) - 0.5).max() < 1e-3
    mask = record.face.masks["bisenet-fp_face"]
    assert np.array_equal(np.rint(mask.alpha * 255), foreign.levels(64, 71))
    assert any("the film itself" in line for line in report.lost)


def test_deepfacelab_pictures_become_face_images_or_alignments(
    tmp_path: Path, clip: Path, foreign
) -> None:
    folder = tmp_path / "aligned"
    for n in (1, 4):
        put(folder / f"{n:05}_0.jpg", foreign.dfl_jpg(foreign.dfl_meta(n, f"{n:05}.png"), n))
    put(folder / "notes.txt", b"not a picture")
    put(folder / "broken.jpg", b"\xff\xd8\xff")
    report = import_(folder, None, tmp_path / "out", Silent())
    assert (report.faces, report.n_skipped) == (2, 1)
    assert any("size of the frames" in line for line in report.lost)
    pixels, record = read_face_png(list_faceset(tmp_path / "out")[0])
    jpg = (folder / "00001_0.jpg").read_bytes()
    decoded = cv2.imdecode(np.frombuffer(jpg, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.array_equal(pixels, decoded)
    # The picture lies in the frame where the stored matrix puts it.
    where = record.crop_from_frame.points(np.array([90.5, 70.5])) - 0.5
    assert np.allclose(where, foreign.dfl_matrix @ [90, 70, 1])
    assert set(record.face.masks) == {"xseg", "polygons"}
    assert record.face.at.index == 1

    report = import_(folder, clip, tmp_path / "c.alignments", Silent())
    read = read_all(tmp_path / "c.alignments")
    assert sorted(read) == [0, 3] and report.tool == "deepfacelab@1"
    assert np.allclose(read[3][0].alignment.landmarks, foreign.landmarks(4) + 0.5, atol=1e-9)


def test_a_pak_keeps_its_people_apart_and_inside_the_folder(tmp_path: Path, foreign) -> None:
    people = ["anna", "../../up", "/etc", "..", None]
    listed = [
        (foreign.pak_item("a.jpg", person), foreign.dfl_jpg(foreign.dfl_meta(n, "00001.png"), n))
        for n, person in enumerate(people)
    ]
    path = put(tmp_path / "in" / "faceset.pak", foreign.pak(listed))
    report = import_(path.parent, None, tmp_path / "out" / "here", Silent())
    assert report.faces == 5
    made = {p.relative_to(tmp_path) for p in tmp_path.rglob("*.png")}
    assert all(p.parts[:2] == ("out", "here") for p in made) and len(made) == 5
    ids = [read_face_png(tmp_path / p)[1].face.id for p in made]
    assert len(set(ids)) == 5
    assert (tmp_path / "out" / "here" / "anna").is_dir()


def test_our_own_json_there_and_back_bit_for_bit(tmp_path: Path, make) -> None:
    from understudy.types import Track

    source = SourceRecord(
        "clip.mp4", "00", 640, 361, Fraction(1, 30000), 5, {"extract": {"every": 1}}
    )
    first = tmp_path / "first.alignments"
    with Alignments.open(first, create=source) as store:
        faces = {n: [make.face(n, f) for f in range(n % 3)] for n in range(5)}
        track = Track(0, 0, 1, np.arange(4, dtype=np.float32), 2.0)
        store.put([(make.face(n).at, f) for n, f in faces.items()], shots=[0, 3], tracks=[track])
        store.finish()
    report = export(first, tmp_path / "a.json")
    assert report.layout == "json" and not report.lost
    second = import_(tmp_path / "a.json", None, None, Silent())
    assert second.output == tmp_path / "a.alignments" and second.faces == report.faces == 4
    with Alignments.open(second.output, read_only=True) as store:
        assert store.source == source and store.finished and store.shots() == [0, 3]
        (read,) = store.tracks()
        assert (read.number, read.person, read.weight) == (0, 1, 2.0)
        assert read.embedding.tobytes() == track.embedding.tobytes()
        for at, found in store.by_frame():
            for got, want in zip(found, faces[at.index], strict=True):
                make.same_face(got, want)


def test_coco(tmp_path: Path, clip: Path, foreign) -> None:
    content = {
        f"clip_{n:06}.mp4": [foreign.faceswap_face(n), foreign.faceswap_face(9)] for n in (1, 2)
    }
    path = tmp_path / "a.alignments"
    import_(put(tmp_path / "a.fsa", foreign.fsa(content)), clip, path, Silent())
    export(path, tmp_path / "a.json", "coco")
    coco = json.loads((tmp_path / "a.json").read_text())
    assert [i["file_name"] for i in coco["images"]] == ["clip_000001.png", "clip_000002.png"]
    assert coco["images"][0]["width"] == 320 and coco["images"][1]["id"] == 2
    assert [a["id"] for a in coco["annotations"]] == [1, 2, 3, 4]
    assert [a["image_id"] for a in coco["annotations"]] == [1, 1, 2, 2]
    (category,) = coco["categories"]
    assert len(category["keypoints"]) == len(set(category["keypoints"])) == 68
    assert {n for line in category["skeleton"] for n in line} == set(range(1, 69))
    note = coco["annotations"][2]
    points = np.reshape(note["keypoints"], (68, 3))
    assert note["num_keypoints"] == 68 and (points[:, 2] == 2).all()
    assert np.abs(points[:, :2] - foreign.landmarks(2)).max() < 1e-3
    plain = content["clip_000002.mp4"][0]
    assert note["bbox"] == [plain["x"] + 0.5, plain["y"] + 0.5, plain["w"], plain["h"]]


def test_an_empty_file_of_each_layout_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "clip.alignments"
    source = SourceRecord("clip.mp4", "00", 640, 361, Fraction(1, 25), 5)
    Alignments.open(path, create=source).close()
    for layout in LAYOUTS:
        out = tmp_path / f"{layout}.out"
        assert export(path, out, layout).faces == 0
        assert (
            unpacked(out)["__data__"] == {}
            if layout == "fsa"
            else json.loads(out.read_text()) is not None
        )


def test_what_is_refused(tmp_path: Path, clip: Path, frames_folder: Path, foreign) -> None:
    good = foreign.fsa({"clip_000001.mp4": [foreign.faceswap_face()]})
    fsa = put(tmp_path / "a.fsa", good)
    there = put(tmp_path / "there.alignments", b"something of mine")
    full = put(tmp_path / "full" / "mine.txt", b"x").parent
    out = tmp_path / "out"
    far = foreign.faceswap_face()
    far["landmarks_xy"] = (foreign.landmarks() + 5000).tolist()
    wrong = put(tmp_path / "far.fsa", foreign.fsa({"clip_000001.mp4": [far]}))
    none = put(tmp_path / "none.fsa", foreign.fsa({"clip_000001.mp4": []}))
    late = put(tmp_path / "late.fsa", foreign.fsa({"clip_000900.mp4": [foreign.faceswap_face()]}))
    faces = put(tmp_path / "faces" / "a_0.png", foreign.faceswap_png(frame="a.png")).parent
    large = put(
        tmp_path / "large" / "frame_001_0.png",
        foreign.faceswap_png(frame="frame_001.png", source_frame_dims=(480, 640)),
    ).parent
    cases: list[tuple[type[UnderstudyError], str, tuple]] = [
        (ValueRefused, "--media", (fsa, None, out)),
        (StoreError, "is there already", (fsa, clip, there)),
        (StoreError, "is there already", (faces, None, full)),
        (StoreError, "is this the film", (wrong, clip, out)),
        (NoFaces, "no face", (none, clip, out)),
        (NoFaces, "ends before", (late, clip, out)),
        (NoFaces, "640, 480", (large, frames_folder, out)),
        (StoreError, "no such|cannot be", (tmp_path / "missing.fsa", clip, out)),
        (StoreError, "cannot be", (tmp_path / "missing.json", clip, out)),
        (StoreError, "not a file that can be imported", (clip, clip, out)),
        (StoreError, "none of its 0 pictures", (full, clip, out)),
    ]  # fmt: skip
    for kind, words, arguments in cases:
        with pytest.raises(kind, match=words):
            import_(*arguments, Silent())
        assert not out.exists()
    assert there.read_bytes() == b"something of mine"
    stopped = Silent()
    stopped.cancelled = True
    with pytest.raises(Cancelled):
        import_(fsa, clip, out, stopped)
    assert not out.exists() and not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(("layout", "name"), [("fsa", "out.fsa"), ("coco", "out.json")])
def test_a_name_without_an_ending_gets_that_of_its_layout(tmp_path, layout, name):
    """Faceswap knows its files by `.fsa`, and so does an import of ours."""
    alignments = tmp_path / "clip.alignments"
    source = SourceRecord("clip.mp4", "00", 640, 361, Fraction(1, 25), 5)
    Alignments.open(alignments, create=source).close()
    report = export(alignments, tmp_path / "out", layout)
    assert report.output == tmp_path / name and (tmp_path / name).is_file()
    assert not (tmp_path / "out").exists()
    with pytest.raises(StoreError, match="is there already"):
        export(alignments, tmp_path / "out", layout)


def test_what_an_export_refuses(tmp_path: Path, clip: Path, frames_folder: Path, foreign) -> None:
    folder = tmp_path / "frames"
    shutil.copytree(frames_folder, folder)
    source = put(tmp_path / "a.fsa", foreign.fsa({"frame_001.png": [foreign.faceswap_face()]}))
    path = import_(source, folder, None, Silent()).output
    assert path == tmp_path / "frames.alignments"
    out = tmp_path / "out.fsa"
    export(path, out)
    assert list(unpacked(out)["__data__"]) == ["frame_001.png"]
    with pytest.raises(ValueRefused, match="--layout"):
        export(path, tmp_path / "out.xml")
    with pytest.raises(StoreError, match="belongs to frames"):
        export(path, out, media=clip, overwrite=True)
    (folder / "frame_000.png").unlink()
    with pytest.raises(StoreError, match="belongs to frames"):
        export(path, out, overwrite=True)
    shutil.rmtree(folder)
    with pytest.raises(StoreError, match="--media"):
        export(path, out, overwrite=True)
    assert list(unpacked(out)["__data__"]) == ["frame_001.png"]
