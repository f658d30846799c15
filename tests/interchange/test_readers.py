"""Each reader against files built byte by byte; coordinates arrive half a pixel further."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.errors import StoreError, ValueRefused
from understudy.interchange import images, literal
from understudy.interchange.dfl.pak import read_pak
from understudy.interchange.faceswap.fsa import read_fsa
from understudy.interchange.folder import read_folder
from understudy.interchange.json_file import read_json
from understudy.interchange.values import Ledger, from_index


@pytest.fixture
def write(tmp_path: Path):
    def run(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return run


def same_mask(mask, foreign, seed: int = 0, size: int = 64) -> None:
    assert mask.kind == "bisenet-fp_face"
    assert np.array_equal(mask.levels, foreign.levels(size, seed))
    # The centre of frame pixel (40, 30) lies where the tool's matrix puts index (40, 30).
    where = mask.grid_from_frame @ [40.5, 30.5, 1]
    assert np.allclose(where[:2] - 0.5, foreign.mask_matrix @ [40, 30, 1])


def test_fsa(write, foreign) -> None:
    frames = {
        "clip_000001.mp4": {"faces": [foreign.faceswap_face(1), foreign.faceswap_face(2)]},
        "clip_000002.mp4": {"faces": [], "video_meta": {"pts_time": 512, "keyframe": False}},
    }
    ledger = Ledger()
    found = read_fsa(write("a.fsa", foreign.fsa(frames)), ledger)
    assert found.tool == "faceswap@2.4"
    assert {k: len(v) for k, v in found.frames.items()} == {
        "clip_000001.mp4": 2,
        "clip_000002.mp4": 0,
    }
    face, plain = found.frames["clip_000001.mp4"][1], foreign.faceswap_face(2)
    assert np.allclose(face.landmarks, foreign.landmarks(2) + 0.5, atol=1e-9)
    x, y, w, h = (plain[k] for k in "xywh")
    assert face.box_xyxy.tolist() == [x + 0.5, y + 0.5, x + w + 0.5, y + h + 0.5]
    assert face.made_by == dict.fromkeys(("detect", "align", "mask"), "faceswap@2.4")
    assert np.allclose(face.extras["identity:vggface2"], plain["identity"]["vggface2"])
    same_mask(face.masks[0], foreign, 2)
    assert not ledger.n_skipped and ledger.lost == [
        "thumbnail (made again where one is shown) (2 times)"
    ]


def test_fsa_of_older_versions(write, foreign) -> None:
    face = foreign.faceswap_face(3)
    face["landmarksXY"] = np.array(face.pop("landmarks_xy"))
    face["hash"] = "0123"
    del face["identity"], face["thumb"]
    mask = face["mask"]["bisenet-fp_face"]
    mask["affine_matrix"] = np.array(mask["affine_matrix"])
    del mask["stored_centering"]
    found = read_fsa(write("a.fsa", foreign.fsa({"a.png": [face]}, 2.0)), Ledger())
    assert found.tool == "faceswap@2"
    (read,) = found.frames["a.png"]
    assert np.allclose(read.landmarks, foreign.landmarks(3) + 0.5, atol=1e-9)
    same_mask(read.masks[0], foreign, 3)


def test_fsa_keeps_the_good_and_tells_of_the_rest(write, foreign) -> None:
    good = foreign.faceswap_face(1)
    region = {**good, "landmarks_xy": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]}
    far = {**good, "landmarks_xy": [[1e300, 0.0]] * 68}
    broken_mask = {**good, "mask": {"unet-dfl": {**good["mask"]["bisenet-fp_face"], "mask": b"x"}}}
    bomb = dict(good["mask"]["bisenet-fp_face"], mask=zlib.compress(bytes(1 << 24)))
    faces = [region, far, 7, broken_mask, {**good, "mask": {"bomb": bomb}}, good]
    ledger = Ledger()
    path = write("a.fsa", foreign.fsa({"a.png": {"faces": faces}, "b.png": 7, "c.png": {}}))
    found = read_fsa(path, ledger)
    assert len(found.frames["a.png"]) == 3
    assert [len(f.masks) for f in found.frames["a.png"]] == [0, 0, 1]
    assert ledger.n_skipped == 5
    assert "4 landmarks" in ledger.skipped[0] and "b.png" in ledger.skipped[3]
    assert any("unet-dfl" in line for line in ledger.lost)
    assert any("bomb" in line for line in ledger.lost)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not compressed",
        zlib.compress(b"not pickled"),
        zlib.compress(bytes(200 << 20), 9),
        zlib.compress(b"\x80\x04cos\nsystem\nX\x04\0\0\0true\x85R."),
        zlib.compress(b"\x80\x04]."),
        zlib.compress(b"\x80\x04}X\x08\0\0\0__data__](KKKKes."),
    ],
)
def test_fsa_that_is_none_is_refused(write, data: bytes) -> None:
    with pytest.raises(StoreError, match=r"a\.fsa"):
        read_fsa(write("a.fsa", data), Ledger())


def test_faceswap_png(write, foreign) -> None:
    path = write("faces/clip_000003_0.png", foreign.faceswap_png(4))
    write("faces/clip_000003_1.png", foreign.faceswap_png(5, number=1))
    write("faces/other.png", foreign.png(foreign.picture()))
    ledger = Ledger()
    found = read_folder(path.parent, ledger)
    assert [i.name for i in found.images] == ["clip_000003_0.png", "clip_000003_1.png"]
    assert ledger.skipped == ["other.png: no record of Faceswap or DeepFaceLab in it"]
    image = found.images[0]
    assert image.face.frame == "clip_000003.mp4" and image.face.frame_size == foreign.size
    assert np.allclose(image.face.landmarks, foreign.landmarks(4) + 0.5, atol=1e-9)
    same_mask(image.face.masks[0], foreign, 4)
    # Faceswap's own matrix between indices: the head crop fitted to its landmarks as they stand.
    from understudy.types import Alignment
    from understudy.types.frame import frame_space

    ours = Alignment.fit(foreign.landmarks(4), frame_space(*foreign.size)).crop(64, 1.0, "head")
    index = np.linalg.inv(from_index(np.eye(3)[:2])) @ image.crop_from_frame
    at_index = ours.matrix @ [100, 90, 1]
    assert np.allclose((index @ [100.5, 90.5, 1])[:2] - 0.5, at_index[:2])
    assert image.size_px == 64 and image.centering == "head"
    assert images.decode(image.encoded()).shape == (64, 64, 3)


@pytest.mark.parametrize("build", ["dfl_jpg", "dfl_png"])
def test_dfl_pictures(write, foreign, build: str) -> None:
    suffix = {"dfl_jpg": "jpg", "dfl_png": "png"}[build]
    data = getattr(foreign, build)(foreign.dfl_meta(6), 6)
    ledger = Ledger()
    found = read_folder(write(f"faces/00148_0.{suffix}", data).parent, ledger)
    (image,) = found.images
    face = image.face
    assert face.frame == "00148.png" and face.frame_size is None
    assert np.allclose(face.landmarks, foreign.landmarks(6) + 0.5, atol=1e-9)
    assert face.box_xyxy.tolist() == [100.5, 60.5, 201.5, 170.5]
    where = image.crop_from_frame @ [90.5, 70.5, 1]
    assert np.allclose(where[:2] - 0.5, foreign.dfl_matrix @ [90, 70, 1])
    assert [m.kind for m in face.masks] == ["xseg", "polygons"]
    xseg, polygons = face.masks
    assert np.array_equal(xseg.levels, foreign.levels(32, 6))
    assert np.allclose(xseg.grid_from_frame, np.diag([0.5, 0.5, 1]) @ image.crop_from_frame)
    # The hole was listed first and is still cut out last.
    assert polygons.levels[30, 30] == 0 and polygons.levels[10, 10] == 255
    assert polygons.levels[2, 2] == 0
    assert np.array_equal(polygons.grid_from_frame, image.crop_from_frame)
    assert ledger.lost == []


def test_dfl_trusts_the_stored_matrix_and_takes_what_is_there(write, foreign) -> None:
    elsewhere = np.array([[0.4, 0.0, -20.0], [0.0, 0.4, 9.0]])
    whole = foreign.dfl_meta(1, image_to_face_mat=elsewhere)
    write("f/0.jpg", foreign.dfl_jpg(whole))
    without = foreign.dfl_meta(2, source_landmarks=None, xseg_mask=None)
    without["seg_ie_polys"] = [(1, [[1.0, 1.0], [9.0, 1.0], [9.0, 9.0]])]
    without["source_rect"] = [100, 60, 201, 170]
    write("f/1.jpg", foreign.dfl_jpg(without))
    fitted = foreign.dfl_meta(3, image_to_face_mat=None, eyebrows_expand_mod=1.5)
    write("f/2.jpg", foreign.dfl_jpg(fitted))
    nothing = foreign.dfl_meta(4, image_to_face_mat=None, source_landmarks=None)
    path = write("f/3.jpg", foreign.dfl_jpg(nothing))
    ledger = Ledger()
    first, second, third = read_folder(path.parent, ledger).images
    assert np.allclose(first.crop_from_frame, from_index(elsewhere))
    assert np.allclose(second.face.landmarks, foreign.landmarks(2) + 0.5, atol=1e-3)
    assert [m.kind for m in second.face.masks] == ["polygons"]
    assert np.allclose(third.crop_from_frame, from_index(foreign.dfl_matrix), atol=1e-6)
    assert ledger.skipped == ["3.jpg: it does not say where its face lies in the frame"]
    assert any("eyebrows_expand_mod" in line for line in ledger.lost)


def test_faceset_pak(write, foreign) -> None:
    blobs = [foreign.dfl_jpg(foreign.dfl_meta(n, f"{n:05}.png"), n) for n in range(3)]
    items = [foreign.pak_item(f"{n}.jpg", person) for n, person in enumerate(["anna", "ben", None])]
    items[1]["xseg_mask"] = cv2.imencode(".png", foreign.levels(16, 9))[1].reshape(-1)
    path = write("faceset.pak", foreign.pak(list(zip(items, blobs, strict=True))))
    ledger = Ledger()
    found = read_pak(path, ledger)
    assert [(i.name, i.person, i.face.frame) for i in found.images] == [
        ("0.jpg", "anna", "00000.png"),
        ("1.jpg", "ben", "00001.png"),
        ("2.jpg", "", "00002.png"),
    ]
    assert [i.encoded() for i in found.images] == blobs
    assert np.array_equal(found.images[1].face.masks[0].levels, foreign.levels(16, 9))
    assert not ledger.n_skipped


def test_an_empty_faceset_pak_is_refused(write, foreign) -> None:
    with pytest.raises(StoreError, match="lists no picture"):
        read_pak(write("a.pak", foreign.pak([])), Ledger())


def test_faceset_pak_gives_no_byte_twice(write, foreign) -> None:
    blobs = [foreign.dfl_jpg(foreign.dfl_meta(n), n) for n in range(4)]
    data = bytearray(foreign.pak([(foreign.pak_item(f"{n}.jpg"), b) for n, b in enumerate(blobs)]))
    table = len(data) - sum(map(len, blobs)) - 5 * 8
    data[table + 16 : table + 24] = bytes(8)  # the third begins where the first does
    data[table + 24 : table + 32] = b"\xff" * 8  # the fourth beyond the file
    ledger = Ledger()
    assert [i.name for i in read_pak(write("a.pak", bytes(data)), ledger).images] == ["0.jpg"]
    assert ledger.n_skipped == 3


@pytest.mark.parametrize("n_bytes", [0, 4, 16, 40, 2000])
def test_faceset_pak_that_is_none_is_refused(write, foreign, n_bytes: int) -> None:
    data = foreign.pak([(foreign.pak_item("a.jpg"), foreign.dfl_jpg(foreign.dfl_meta()))])
    cut = data[:n_bytes] if n_bytes < 2000 else b"\2" + data[1:]
    with pytest.raises(StoreError, match=r"a\.pak"):
        read_pak(write("a.pak", cut), Ledger())


def test_the_book(write, foreign) -> None:
    mask = foreign.levels(64, 8)
    write("face_mask_frame_002_1.png", foreign.png(mask))
    frames = {
        "frame_001.png": {"faces": [foreign.book_face(1, size=512)]},
        "frame_002.png": {"faces": [foreign.book_face(2), foreign.book_face(3)]},
    }
    ledger = Ledger()
    found = read_json(write("face_alignments.json", foreign.book(frames)), ledger)
    assert found.tool == "exploring-deepfakes@1"
    (large,) = found.frames["frame_001.png"]
    plain, masked = found.frames["frame_002.png"]
    assert np.allclose(large.landmarks, foreign.landmarks(1) + 0.5, atol=1e-9)
    assert (len(plain.masks), len(masked.masks)) == (0, 1)
    assert np.array_equal(masked.masks[0].levels, mask)
    crop = from_index(foreign.book_matrix(foreign.landmarks(3)))
    assert np.allclose(masked.masks[0].grid_from_frame, np.diag([0.25, 0.25, 1]) @ crop)
    # The book's crop is the fit of our `book5` template, whatever its size.
    from understudy.types import Alignment
    from understudy.types.frame import frame_space

    grid = frame_space(*foreign.size)
    for face in (large, plain):
        fit = Alignment.fit(face.landmarks, grid, "book5")
        corners = fit.unit_from_frame.inverse().points(np.array([[0, 0], [1, 1.0]]))
        unit = corners @ face.unit_from_frame[:2, :2].T + face.unit_from_frame[:2, 2]
        assert np.allclose(unit, [[0, 0], [1, 1]], atol=1e-6)
    assert not ledger.n_skipped and not ledger.lost


def test_the_book_where_it_was_tidied_or_broken(write, foreign) -> None:
    points = foreign.landmarks(1)
    tidy = {"landmark": points.tolist()}
    moved = {**foreign.book_face(2), "warp_matrix": [[1, 0, 300], [0, 1, 0], [0, 0, 1]]}
    packed = {"landmark": [{"__ndarray__": "b64:AAAA", "dtype": "float64", "shape": [68, 2]}]}
    ledger = Ledger()
    content = {"a.png": {"faces": [tidy, moved, packed]}, "../b.png": {"faces": []}}
    found = read_json(write("face_alignments.json", foreign.book(content)), ledger)
    assert [f.unit_from_frame for f in found.frames["a.png"]] == [None, None]
    assert len(ledger.lost) == 2 and "ndarray_compact" in ledger.skipped[0]


def test_json_of_faceswap(write, foreign) -> None:
    points = foreign.landmarks(1)
    frames = {
        "a.png": [
            {"detected": [10, 20, 110, 140], "landmarks_2d": points.tolist()},
            {"landmarks_2d": points.tolist()},
            {"detected": [1, 2, 3, 4]},
            {"landmarks_2d": [[0, 0], [1, 0], [1, 1], [0, 1]]},
        ],
        "b.png": [],
    }
    ledger = Ledger()
    found = read_json(write("a.json", json.dumps(frames).encode()), ledger)
    boxed, bare = found.frames["a.png"]
    assert boxed.box_xyxy.tolist() == [10.5, 20.5, 110.5, 140.5]
    assert np.allclose(bare.box_xyxy[:2], points.min(0) + 0.5)
    assert found.frames["b.png"] == [] and ledger.n_skipped == 2
    face = foreign.faceswap_face(2)
    del face["mask"]
    whole = {"__meta__": {"version": 2.3}, "__data__": {"a.png": {"faces": [face]}}}
    found = read_json(write("b.json", json.dumps(whole).encode()), Ledger())
    assert found.tool == "faceswap@2.3" and len(found.frames["a.png"]) == 1


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", "{}", '{"a": {}}', '{"a": [NaN]}', "[" * 100_000, "[" + "9" * 5000 + "]"],
)
def test_json_that_is_none_is_refused(write, text: str) -> None:
    with pytest.raises(StoreError, match=r"a\.json"):
        read_json(write("a.json", text.encode()), Ledger())


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500 + "]" * 500,
        "-" * 100_000 + "1",
        "(" * 100_000,
        "'a' " * 10 + "%",
        "1+1j",
        "{1, 2",
        "9" * 5000,
        "[" + "1," * 300_000 + "]",
        "'" + "\\'" * 200_000,
        "__import__('os').system('true')",
        "f'{1}'",
        "[x for x in (1,)]",
        "{**{}}",
        "lambda: 1",
        "nan",
        "1" + " " * (17 << 20),
        "{'a': np.float64(1.0)}",
        "'\\x'",
        "b'\u00fc'",
        "1e",
        "",
    ],
)
def test_literals_that_are_not_plain_are_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        literal.parse(text)


def test_literals_that_are_plain() -> None:
    value = {
        "a": [1, -2.5, 1e-07, True, None],
        "b": b"\x00'\"--,[[[((\\",
        "c": (1, 2),
        "d": 'it\'s "(" {',
    }
    assert literal.parse(str(value)) == value


def test_pictures_too_large_or_cut_are_refused_before_they_are_decoded(foreign) -> None:
    good = foreign.png(foreign.picture())
    huge = good[:16] + (60000).to_bytes(4, "big") * 2 + good[24:29]
    with pytest.raises(ValueRefused):
        images.decode(huge + b"\0\0\0\0" + good[33:])
    header = (60000).to_bytes(4, "big") * 2 + good[24:29]
    huge = good[:8] + foreign.chunk(b"IHDR", header) + good[33:]
    with pytest.raises(ValueRefused, match="60000x60000"):
        images.decode(huge)
    with pytest.raises(ValueRefused, match="cut short"):
        images.decode(good[:-20])
    jpg = bytearray(foreign.dfl_jpg(foreign.dfl_meta()))
    with pytest.raises(ValueRefused, match="cut short"):
        images.decode(bytes(jpg[:-200]))
    at = jpg.index(b"\xff\xc0") + 5
    jpg[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(ValueRefused, match="65535x65535"):
        images.decode(bytes(jpg))
