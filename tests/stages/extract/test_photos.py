"""A person's photos: each at its own size, as they came from phones and cameras."""

from __future__ import annotations

import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from understudy.errors import MediaError
from understudy.flow import Silent
from understudy.interchange.carry import import_
from understudy.interchange.carry.export import export
from understudy.media import FilmReader, remarks
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset, read_face_png

OPTIONS = ExtractOptions(size=96, min_face_px=30, workers=1)


@pytest.fixture(scope="module")
def photos(people, registry, tmp_path_factory):
    """Five photos of A, one of them stored sideways, extracted; not to be changed."""
    folder = tmp_path_factory.mktemp("photos") / "ann"
    folder.mkdir()
    for number, size in enumerate([(160, 120), (240, 180), (320, 240), (200, 150)]):
        pixels = cv2.resize(people.a[number], size, interpolation=cv2.INTER_CUBIC)
        Image.fromarray(pixels).save(folder / f"{number}.jfif", "JPEG", quality=95)
    exif = Image.Exif()
    exif[274] = 6
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(people.a[4])))
    turned.save(folder / "4.jpg", exif=exif, quality=95)
    (folder / "list.txt").write_text("no photo")
    report = extract(ExtractInputs(folder, folder.with_name("faces")), OPTIONS, registry, Silent())
    return folder, report


def test_each_photo_is_read_at_its_own_size(photos):
    folder, report = photos
    assert (report.frames, report.faces) == (5, 5)
    sizes = [(160, 120), (240, 180), (320, 240), (200, 150), (160, 120)]
    with Alignments.open(report.alignments, read_only=True) as store:
        assert (store.source.width, store.source.height) == (320, 240) and store.source.mixed
        found = [faces[0] for _, faces in store.by_frame()]
    assert [f.alignment.unit_from_frame.src.size_wh for f in found] == sizes
    # the actor hardly moves between frames, so a face lies where the size puts it
    middles = np.stack(
        [f.alignment.landmarks.mean(0) / s for f, s in zip(found, sizes, strict=True)]
    )
    assert np.ptp(middles, 0).max() < 0.08
    records = [read_face_png(p)[1] for p in list_faceset(report.faces_folder)]
    assert [r.frame_size for r in records] == sizes
    (remark,) = remarks(FilmReader.open(folder).info)
    assert "list.txt" in remark.words


def test_pictures_are_cut_again_from_what_is_known(photos, registry, tmp_path):
    folder, report = photos
    again = tmp_path / "again"
    extract(ExtractInputs(folder, again), OPTIONS, registry, Silent())
    names = [p.name for p in list_faceset(report.faces_folder)]
    assert [p.name for p in list_faceset(again)] == names
    for name in names:
        ours, theirs = read_face_png(again / name)[0], read_face_png(report.faces_folder / name)[0]
        assert np.array_equal(ours, theirs)


def test_faces_go_out_and_come_back(photos, tmp_path):
    folder, report = photos
    with Alignments.open(report.alignments, read_only=True) as store:
        before = list(store.by_frame())
    for layout in ("understudy", "coco"):
        made = tmp_path / f"{layout}.json"
        export(report.alignments, made, None if layout == "understudy" else "coco", media=folder)
    sizes = [(i["width"], i["height"]) for i in json.loads(made.read_text())["images"]]
    assert sizes == [faces[0].alignment.unit_from_frame.src.size_wh for _, faces in before]
    back = tmp_path / "back.alignments"
    import_(tmp_path / "understudy.json", None, back, Silent())
    with Alignments.open(back, read_only=True) as store:
        after = list(store.by_frame())
    for (at, (one,)), (again, (other,)) in zip(before, after, strict=True):
        assert at == again
        assert one.alignment.unit_from_frame.src == other.alignment.unit_from_frame.src
        assert np.array_equal(one.alignment.landmarks, other.alignment.landmarks)


def test_photos_of_several_sizes_are_no_plate(photos, converter):
    folder, report = photos
    footage = SimpleNamespace(
        media=folder, faces=report.faces_folder, alignments=report.alignments, report=report
    )
    with pytest.raises(MediaError, match=r"different sizes.*1\.jfif is 240x180"):
        converter(footage, "out")
