"""Masks added to faces that are there, as images and back, for films and for face pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.errors import Cancelled, PluginError, StoreError, ValueRefused
from understudy.flow import Silent
from understudy.imaging.png import encode_png
from understudy.imaging.resample import warp_image
from understudy.media import FilmReader, frames, probe, read_image
from understudy.stages.faces.casting import Casting
from understudy.stages.faces.masks import add_masks, mark_all_stale, with_mask
from understudy.stages.faces.pictures import MARK
from understudy.stages.faces.views import FilmFaces, PictureFaces, is_faceset, picture_view
from understudy.stages.repair.masks import ImageOptions, read_images, write_images
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query
from understudy.store.faceset import list_faceset, read_face_png, read_record

IMAGES = ImageOptions(size=96)


@pytest.fixture(scope="module")
def whole(films, extracted):
    """Film A with 21 faces; not to be changed."""
    return extracted(films.a)


@pytest.fixture
def footage(whole, tmp_path):
    return whole.copy(tmp_path / "mine")


class Stopping(Silent):
    """Somebody pressed Ctrl-C long ago."""

    @property
    def cancelled(self) -> bool:  # type: ignore[override]
        return True

    @cancelled.setter
    def cancelled(self, value: bool) -> None:
        pass


def forget(footage, kind: str, registry) -> None:
    """No face has this mask any more, neither in the alignments nor in its picture."""
    with Alignments.open(footage.alignments) as store:
        store.put_faces(
            replace(f, masks={k: m for k, m in f.masks.items() if k != kind})
            for _, faces in store.by_frame()
            for f in faces
        )
    pictures = PictureFaces(footage.faces, registry)
    for views in pictures.batches(lambda f: True, Silent()):
        without = [{k: m for k, m in v.face.masks.items() if k != kind} for v in views]
        pictures.save([(v, replace(v.face, masks=m)) for v, m in zip(views, without, strict=True)])


def test_missing_masks_are_made_as_extraction_makes_them(footage, whole, registry):
    forget(footage, "extended", registry)
    with Alignments.open(footage.alignments) as store:
        source = FilmFaces(store, FilmReader.open(footage.media))
        assert store.count(Query(mask="extended")) == 0
        with pytest.raises(Cancelled, match="go on with --process missing"):
            add_masks(source, ["extended"], False, registry, Stopping())
        half = store.count(Query(mask="extended"))
        assert 0 < half < 21
        assert add_masks(source, ["extended"], False, registry, Silent()).faces == 21 - half
        assert add_masks(source, ["extended"], False, registry, Silent()).faces == 0
        with pytest.raises(PluginError, match="no mask plug-in"):
            add_masks(source, ["nothing"], False, registry, Silent())
        with Alignments.open(whole.alignments, read_only=True) as first:
            for (_, got), (_, want) in zip(store.by_frame(), first.by_frame(), strict=True):
                for one, other in zip(got, want, strict=True):
                    a, b = one.masks["extended"], other.masks["extended"]
                    assert np.array_equal(a.alpha, b.alpha)
                    assert np.allclose(a.grid_from_frame.matrix, b.grid_from_frame.matrix)
                    assert set(one.made_by["mask"].split()) == {"components@1", "extended@1"}


def test_pictures_get_the_masks_that_their_film_would_give(footage, whole, registry):
    forget(footage, "extended", registry)
    before = {p.name: read_face_png(p)[0] for p in list_faceset(footage.faces)}
    source = PictureFaces(footage.faces, registry)
    assert add_masks(source, ["extended"], False, registry, Silent()).faces == 21
    with Alignments.open(whole.alignments, read_only=True) as store:
        wanted = {face.id: face for _, faces in store.by_frame() for face in faces}
    for path in list_faceset(footage.faces):
        pixels, record = read_face_png(path)
        assert np.array_equal(pixels, before[path.name])
        got, want = record.face.masks["extended"], wanted[record.face.id].masks["extended"]
        assert np.allclose(got.grid_from_frame.matrix, want.grid_from_frame.matrix, atol=1e-6)
        assert np.abs(got.alpha - want.alpha).mean() < 1e-3


def test_all_masks_are_made_again_also_after_a_stop(footage, registry):
    with Alignments.open(footage.alignments) as store:
        face = store.faces(0)[0]
        wrong = replace(face.masks["extended"], alpha=np.zeros((128, 128), np.float32))
        store.put_face(replace(face, masks={**face.masks, "extended": wrong}))
        mark_all_stale(store, ["extended"])
        assert store.count(Query(stale="mask:extended")) == 21
        source = FilmFaces(store, FilmReader.open(footage.media))
        assert add_masks(source, ["extended"], False, registry, Silent()).faces == 21
        assert store.count(Query(stale="mask:extended")) == 0
        assert store.faces(0)[0].masks["extended"].alpha.sum() > 500


def test_a_picture_is_seen_as_a_frame_of_its_own(footage):
    path = list_faceset(footage.faces)[3]
    view = picture_view(path)
    first = next(f for f in frames(probe(footage.media)) if f.at == view.face.at)
    x, y = view.face.alignment.landmarks[30]
    u, v = view.alignment.landmarks[30]
    there = first.pixels[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].mean((0, 1))
    here = view.pixels[int(v) - 1 : int(v) + 2, int(u) - 1 : int(u) + 2].mean((0, 1))
    assert np.abs(there - here).max() < 25
    unit = view.alignment.landmarks_unit
    assert np.allclose(unit, view.face.alignment.landmarks_unit)
    assert is_faceset(footage.faces) and not is_faceset(footage.media.parent)


@pytest.mark.parametrize("of_film", [True, False])
def test_masks_go_out_as_images_and_come_back(footage, tmp_path, of_film, registry):
    folder = tmp_path / "images"
    with Alignments.open(footage.alignments, read_only=not of_film) as store:
        film = FilmFaces(store, FilmReader.open(footage.media))
        source = film if of_film else PictureFaces(footage.faces, registry)
        assert write_images(source, "components", folder, IMAGES, Silent()) == 21
        assert {p.name for p in folder.iterdir()} == {p.name for p in list_faceset(footage.faces)}
        (folder / "stranger_000001_0.png").write_bytes(encode_png(np.zeros((9, 9), np.uint8)))
        derived = {f.id: f for _, found in store.by_frame() for f in found}
        n, left = read_images(source, "custom", folder, IMAGES, Silent())
        assert (n, left) == (21, ["stranger_000001_0.png"])
        if of_film:
            faces = [f for _, found in store.by_frame() for f in found]
        else:
            faces = [read_record(p).face for p in list_faceset(footage.faces)]
            with Alignments.open(footage.alignments, read_only=True) as store:
                rows = {f.id: f for _, found in store.by_frame() for f in found}
            # conversion asks the alignments
            for face in faces:
                kept = rows[face.id].masks["custom"]
                assert np.array_equal(kept.alpha, face.masks["custom"].alpha)
                assert set(rows[face.id].masks) == {"components", "extended", "custom"}
                assert rows[face.id].made_by["mask"].split()[-1] == "custom@hand"
    for face in faces:
        assert face.made_by["mask"].split()[-1] == "custom@hand"
        crop = face.alignment.crop(96, 1.0, "face")
        got, want = (
            warp_image(m.alpha, crop @ m.grid_from_frame.inverse())
            for m in (face.masks["custom"], derived[face.id].masks["components"])
        )
        assert np.abs(got - want).mean() < 0.02


def test_images_show_what_was_asked_for(footage, tmp_path, registry):
    source = PictureFaces(footage.faces, registry)
    name = list_faceset(footage.faces)[0].name
    pixels, _ = read_face_png(list_faceset(footage.faces)[0])

    def image(**changes) -> np.ndarray:
        folder = tmp_path / "-".join(map(str, changes.values()))
        write_images(source, "extended", folder, replace(IMAGES, **changes), Silent())
        return read_image(folder / name)

    plain = image(show="mask")
    inside = plain[..., 0] == 255
    assert inside.mean() > 0.1 and (plain[..., 0] == 0).mean() > 0.3
    masked = image(show="masked")
    assert (
        np.array_equal(masked[inside], pixels[inside]) and (masked[plain[..., 0] == 0] == 0).all()
    )
    tinted = image(show="overlay")
    outside = plain[..., 0] == 0
    assert np.abs(tinted[outside].astype(int) - pixels[outside]).max() <= 1
    assert (tinted[inside] != pixels[inside]).any()
    soft = image(blur=0.05)
    assert len(np.unique(soft)) > len(np.unique(plain))
    assert set(np.unique(image(blur=0.051, threshold=0.5))) == {0, 255}


def test_what_cannot_be_taken_is_refused(footage, tmp_path, registry):
    source = PictureFaces(footage.faces, registry)
    with pytest.raises(ValueRefused, match="no face has a mask 'none'"):
        write_images(source, "none", tmp_path / "x", IMAGES, Silent())
    with pytest.raises(ValueRefused, match="the face pictures themselves"):
        write_images(source, "extended", footage.faces, IMAGES, Silent())
    assert len(list_faceset(footage.faces)) == 21
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="holds no mask image"):
        read_images(source, "custom", tmp_path / "empty", IMAGES, Silent())
    wide = tmp_path / "wide"
    wide.mkdir()
    name = list_faceset(footage.faces)[0].name
    (wide / name).write_bytes(encode_png(np.zeros((20, 40), np.uint8)))
    with pytest.raises(StoreError, match="expected a square image"):
        read_images(source, "custom", wide, IMAGES, Silent())


def test_a_mask_takes_the_place_of_its_kind_and_is_fresh(footage):
    with Alignments.open(footage.alignments, read_only=True) as store:
        face = store.faces(0)[0]
    old = replace(face, stale=frozenset({"mask:extended", "embedding"}))
    new = with_mask(old, face.masks["extended"], "extended@2")
    assert new.stale == {"embedding"}
    assert new.made_by["mask"].split() == ["components@1", "extended@2"]


def test_pictures_show_the_masks_of_their_film_and_keep_only_their_own(footage, registry):
    source = PictureFaces(footage.faces, registry)
    (views,) = source.batches(lambda _: True, Silent())
    assert all(set(view.face.masks) == {"components", "extended"} for view in views)
    painted = replace(views[0].face.masks["extended"], kind="custom")
    source.save([(views[0], with_mask(views[0].face, painted, "custom@hand"))])
    assert set(read_record(views[0].path).face.masks) == {"custom"}
    footage.alignments.unlink()
    (footage.faces / MARK).unlink()
    (views,) = source.batches(lambda _: True, Silent())
    assert [set(view.face.masks) for view in views[:2]] == [{"custom"}, set()]


def test_a_mask_that_is_not_made_yet_is_named_with_the_command_that_makes_it(footage):
    with Alignments.open(footage.alignments, read_only=True) as store:
        casting = Casting(store, {"all": "b"}, "all", footage.faces)
        name = footage.media.name
        with pytest.raises(ValueRefused, match=rf"'mesh'.*understudy mask {name} --kind mesh"):
            casting.census("mesh")
