"""Faces kept cut on disk: right whatever interrupts, bounded, and never another picture's."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from understudy.errors import Cancelled, StoreError
from understudy.flow import Silent
from understudy.mask.manifest import PLUGINS as MASKERS
from understudy.plugin import Registry
from understudy.stages.faces.found import Finder
from understudy.stages.faces.pictures import MARK
from understudy.stages.faces.surfaces import mesh_of
from understudy.stages.train.feeding import faces as faces_module
from understudy.stages.train.feeding.cache import CropCache, Line, Stamp
from understudy.stages.train.feeding.crops import Cutting
from understudy.stages.train.feeding.faces import Preparer
from understudy.stages.train.moments.read import read_moments
from understudy.stages.train.options import TrainOptions
from understudy.store.alignments import Alignments
from understudy.store.faceset import FaceFolder, list_faceset
from understudy.swap import Crop

CROP = Crop(32, 32, "face", 0.9)
CUTTING = Cutting(CROP, "extended", 3.0, 2.0)
DTYPE = np.dtype([("planes", np.uint8, (4, 8, 8)), ("signals", "<f4", (0,))])


def _row(value: int) -> np.ndarray:
    row = np.zeros((), DTYPE)
    row["planes"] = value
    return row


def _line(i: int) -> Line:
    return Line(Stamp(f"/faces/{i}.png", 10, i), "film", f"{i}_0", 0, False)


@pytest.fixture
def kept(tmp_path):
    cache = CropCache(tmp_path, "k", DTYPE)
    cache.append([_row(i) for i in range(3)], [_line(i) for i in range(3)])
    cache.append([_row(3)], [_line(3)])
    return cache


def _values(cache: CropCache) -> list[int]:
    return cache.rows(range(len(cache)))["planes"][:, 0, 0, 0].tolist()


def test_what_was_kept_comes_back(kept, tmp_path):
    assert kept.rows([3, 0, 3])["planes"][:, 0, 0, 0].tolist() == [3, 0, 3]
    again = CropCache(tmp_path, "k", DTYPE)
    assert again.lines == [_line(i) for i in range(4)] and _values(again) == [0, 1, 2, 3]


def _faces(tmp_path):
    return tmp_path / "k/faces.bin"


def _lines(tmp_path):
    return tmp_path / "k/faces.jsonl"


@pytest.mark.parametrize(
    ("harm", "left"),
    [
        (lambda p: os.truncate(_faces(p), 3 * DTYPE.itemsize + 5), 3),  # killed within a face
        (lambda p: os.truncate(_lines(p), _lines(p).stat().st_size - 3), 3),  # within a line
        (lambda p: _faces(p).open("ab").write(b"x" * DTYPE.itemsize), 4),  # before its line
        (lambda p: _lines(p).write_text("{}\n" + _lines(p).read_text()), 0),
        (lambda p: _lines(p).unlink(), 0),
        (lambda p: _faces(p).unlink(), 0),
    ],
)
def test_an_interrupted_beginning_is_gone_on_with(kept, tmp_path, harm, left):
    harm(tmp_path)
    cache = CropCache(tmp_path, "k", DTYPE)
    assert len(cache) == left
    cache.append([_row(9)], [_line(9)])
    assert _values(cache) == [*range(left), 9]
    assert _values(CropCache(tmp_path, "k", DTYPE)) == [*range(left), 9]


def test_other_ways_of_cutting_are_thrown_away(kept, tmp_path):
    CropCache(tmp_path, "other", DTYPE)
    assert [p.name for p in tmp_path.iterdir()] == ["other"]


def test_the_room_is_bounded(kept):
    assert kept.room(10 * DTYPE.itemsize + 1) == 10
    assert kept.room(0) == 0
    kept.clear()
    assert len(kept) == 0 and kept.room(1e18) < 1e18 / DTYPE.itemsize  # by the disk


@pytest.fixture(scope="module")
def whole(extracted, films):
    return extracted(films.a)


@pytest.fixture
def footage(whole, tmp_path):
    return whole.copy(tmp_path / "mine")


class _Reads:
    """Prepares faces and counts the pictures that were decoded for it."""

    def __init__(self, footage, monkeypatch, folder) -> None:
        self.footage, self.folder, self.count = footage, folder, 0
        real = faces_module.read_face_png

        def counted(path):
            self.count += 1
            return real(path)

        monkeypatch.setattr(faces_module, "read_face_png", counted)

    def faces(self, cutting=CUTTING, progress=None, **options):
        """All rows, and how many pictures were read for them."""
        facesets = {"a": [FaceFolder(self.footage.faces)]}
        chosen = TrainOptions(threads=1, **options)
        self.count = 0
        with Finder(facesets["a"], Registry(MASKERS)) as finder:
            preparer = Preparer(
                facesets, self.folder, cutting, chosen, finder, progress or Silent()
            )
            source = preparer.faces("a")
            prepared = self.count
            return source.rows(range(len(source))), prepared


@pytest.fixture
def reads(footage, monkeypatch, tmp_path):
    return _Reads(footage, monkeypatch, tmp_path / "model")


def test_pictures_are_read_once_and_again_where_they_or_their_masks_changed(reads, footage):
    first, n = reads.faces()
    assert n == len(first) == 21
    again, n = reads.faces()
    assert n == 0 and again.tobytes() == first.tobytes()
    path = list_faceset(footage.faces)[2]
    os.utime(path, ns=(1, 1))
    assert reads.faces()[1] == 1
    with Alignments.open(footage.alignments) as store:
        face = store.faces(0)[0]
        black = dict(face.masks)
        nothing = np.zeros((128, 128), np.float32)
        black["extended"] = replace(face.masks["extended"], alpha=nothing)
        store.put_face(replace(face, masks=black))
    changed, n = reads.faces()
    assert n == 1 and not changed["planes"][0, 3].any() and changed["planes"][1, 3].any()
    assert reads.faces(Cutting(CROP, "components", 3.0, 2.0))[1] == 21


def test_what_the_cache_may_not_hold_is_cut_each_time_to_the_same_bytes(reads):
    whole, _ = reads.faces()
    shutil.rmtree(reads.folder)
    progress = Silent()
    some, n = reads.faces(progress=progress, cache_gb=10.5 * CUTTING.dtype.itemsize / 1e9)
    assert n == 10 and some.tobytes() == whole.tobytes()
    assert any("11 faces of a are cut from their pictures each time" in s for s in progress.said)
    none, n = reads.faces(cache_gb=0.0)
    assert none.tobytes() == whole.tobytes()


def test_stopping_keeps_what_was_cut(reads, monkeypatch):
    monkeypatch.setattr(faces_module, "_AT_ONCE", 8)
    stop = Silent()
    stop.cancelled = True
    with pytest.raises(Cancelled):
        reads.faces(progress=stop)
    assert reads.faces()[1] == 21 - 8


def test_masks_and_signals_lie_beside_the_pixels(reads, footage):
    wide = Cutting(CROP, None, 1.0, 1.0, ("components", "extended"), ("pose", "landmarks"))
    rows, _ = reads.faces(wide)
    assert rows["planes"].shape == (21, 6, wide.side_px, wide.side_px)
    assert (rows["planes"][:, 3] == 60).all()  # the whole crop counts once
    small, large = (rows["planes"][:, i].astype(int).sum() for i in (4, 5))
    assert 0 < small < large and rows["planes"][:, 4:].max() == 255
    pose, points = rows["signals"][:, :3], rows["signals"][:, 3:].reshape(21, 68, 2)
    with Alignments.open(footage.alignments, read_only=True) as store:
        face = store.faces(0)[0]
    np.testing.assert_allclose(pose[0], face.alignment.pose.pitch_yaw_roll_deg, rtol=1e-5)
    crop = face.alignment.crop(32, 0.9, "face")
    np.testing.assert_allclose(
        (points[0] + 1) * 16, crop.points(face.alignment.landmarks), atol=1e-4
    )
    with pytest.raises(StoreError, match="nothing is known of its blendshapes"):
        reads.faces(Cutting(CROP, None, 1.0, 1.0, (), ("blendshapes",)))


def test_meshes_are_found_in_the_films_alignments(reads, footage):
    cutting = Cutting(CROP, None, 1.0, 1.0, (), ("mesh",))
    rows, _ = reads.faces(cutting)
    with Alignments.open(footage.alignments) as store:
        face = store.faces(0)[0]
        told = rows["signals"][0].reshape(478, 3)
        on_crop = face.alignment.crop(32, 0.9, "face").points(mesh_of(face)[:, :2])
        np.testing.assert_allclose((told[:, :2] + 1) * 16, on_crop, atol=1e-3)
        store.put_face(replace(face, stale=frozenset({"extra:mesh"})))
    with pytest.raises(StoreError, match=r"mesh is older.*redo FILM --signals, or choose another"):
        reads.faces(cutting)
    with Alignments.open(footage.alignments) as store:
        store.put_face(replace(face, extras={}))
    with pytest.raises(StoreError, match=r"nothing is known of its mesh.*redo FILM --signals"):
        reads.faces(cutting)
    (footage.faces / MARK).unlink()  # where the alignments lie
    with pytest.raises(StoreError, match=r"not at hand.*redo FILM --signals --faces"):
        reads.faces(replace(cutting, mouth=2.0))  # what was cut before is still good


def test_what_covers_a_face_is_asked_of_its_films_alignments(footage):
    paths = list_faceset(footage.faces)
    folders = [FaceFolder(footage.faces)]
    with Finder(folders, Registry(MASKERS)) as finder:
        assert not read_moments(paths, finder, 1).covered.any()
    with Alignments.open(footage.alignments) as store:
        face = store.faces(0)[0]
        outline = face.masks["extended"]
        alpha = outline.alpha.copy()
        alpha[: len(alpha) // 2] = 0
        masks = {**face.masks, "occlusion": replace(outline, kind="occlusion", alpha=alpha)}
        store.put_face(replace(face, masks=masks))
    want = 1 - alpha.sum() / outline.alpha.sum()
    with Finder(folders, Registry(MASKERS)) as finder:
        covered = read_moments(paths, finder, 1).covered
    assert 0.2 < want < 0.8 and covered[0] == pytest.approx(want, abs=0.01)
    assert not covered[1:].any()
