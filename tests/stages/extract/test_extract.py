from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from understudy.errors import Cancelled, NoFaces, StoreError
from understudy.flow import Silent
from understudy.imaging.png import encode_png
from understudy.media import frames, probe
from understudy.plugin import Registry
from understudy.stages.extract import stage
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.store.alignments import Alignments, alignments_path
from understudy.store.faceset import list_faceset, read_face_png
from understudy.testing.stops import StopsAfter

OPTIONS = ExtractOptions(size=96, min_face_px=30, workers=1)


@pytest.fixture(scope="module")
def whole(films, extracted):
    """Film A, extracted without interruption; not to be changed."""
    return extracted(films.a, OPTIONS)


@pytest.fixture
def again(registry: Registry) -> Callable[..., Any]:
    def run(media: Path, faces: Path, progress: Silent | None = None, **changes: Any) -> Any:
        options = replace(OPTIONS, **changes)
        return extract(ExtractInputs(media, faces), options, registry, progress or Silent())

    return run


def content(alignments: Path) -> list[Any]:
    """Every row and blob of an alignments file."""
    with Alignments.open(alignments, read_only=True) as store:
        rows = [store.finished, store.source.settings, store.shots(), store.carry]
        for t in store.tracks():
            rows.append((t.number, t.shot, t.person, t.weight, np.asarray(t.embedding).tobytes()))
        for at, faces in store.by_frame():
            rows.append((at.index, at.pts))
            for face in faces:
                rows.append((face.id, face.score, face.track))
                rows.append((dict(face.quality), dict(face.made_by)))
                arrays = [
                    face.box_xyxy,
                    face.alignment.landmarks,
                    0 if face.embedding is None else face.embedding,
                ]
                arrays += [m.alpha for m in face.masks.values()]
                arrays += [m.grid_from_frame.matrix for m in face.masks.values()]
                rows += [np.asarray(a).tobytes() for a in arrays]
        return rows


def pictures(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in list_faceset(folder)}


def test_every_frame_has_a_row_with_its_exact_time_also_without_a_face(whole, films):
    times = {f.at.index: f.at for f in frames(probe(films.a))}
    with Alignments.open(whole.alignments, read_only=True) as store:
        assert store.finished
        assert store.timestamps() == times
        without = [at.index for at, faces in store.by_frame() if not faces]
    assert without == [10, 11, 12]
    assert (whole.report.frames, whole.report.frames_with_faces) == (24, 21)
    assert whole.report.read == "24 of 24 frames could be read"


def test_pictures_carry_of_their_face_what_cannot_be_derived(whole, films):
    pixels = {f.at.index: f.pixels for f in frames(probe(films.a))}
    with Alignments.open(whole.alignments, read_only=True) as store:
        known = {face.id: face for _, faces in store.by_frame() for face in faces}
    paths = list_faceset(whole.faces)
    assert len(paths) == len(known) == whole.report.faces
    for path in paths:
        picture, record = read_face_png(path)
        face = known.pop(record.face.id)
        assert picture.shape == (96, 96, 3)
        assert np.array_equal(record.face.alignment.landmarks, face.alignment.landmarks)
        assert (record.face.track, record.face.score) == (face.track, face.score)
        assert set(face.masks) == {"components", "extended"} and not record.face.masks
        assert record.face.embedding is None
        assert path.stat().st_size - len(encode_png(picture)) < 6000
        # the picture shows what lies there in the frame: its middle is the frame's pixel
        x, y = record.crop_from_frame.inverse().points(np.array([[48.5, 48.5]]))[0]
        there = pixels[face.at.index][int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]
        assert abs(picture[48, 48].astype(float) - there.mean((0, 1))).max() < 40


def test_a_second_run_does_nothing(whole, again):
    before = {p: p.stat().st_mtime_ns for p in whole.faces.iterdir()}
    rows = content(whole.alignments)
    report = again(whole.media, whole.faces)
    assert (report.faces, report.read) == (whole.report.faces, "extracted earlier")
    assert {p: p.stat().st_mtime_ns for p in whole.faces.iterdir()} == before
    assert content(whole.alignments) == rows


def test_other_settings_are_refused_and_new_keeps_what_was_there(whole, again, tmp_path):
    footage = whole.copy(tmp_path)
    with pytest.raises(StoreError, match=r"min_face_px 30.*--new"):
        again(footage.media, footage.faces, min_face_px=31)
    assert content(footage.alignments) == content(whole.alignments)
    for number, kept in enumerate((".bak", ".bak-2")):
        again(footage.media, footage.faces, new=True, every=4 + number)
        old = footage.alignments.with_name(footage.alignments.name + kept)
        with Alignments.open(old, read_only=True) as store:
            assert store.source.setting("every", 0) == (1 if number == 0 else 4)
    assert pictures(tmp_path / "faces.bak") == pictures(whole.faces)
    assert len(pictures(tmp_path / "faces.bak-2")) == 5  # 0, 4, 8, 16, 20; nobody in 12
    assert len(pictures(footage.faces)) == 4  # 0, 5, 15, 20; nobody in 10


def test_new_puts_a_damaged_alignments_file_aside_too(whole, again, tmp_path):
    footage = whole.copy(tmp_path)
    footage.alignments.write_bytes(b"torn" * 4000)
    with pytest.raises(StoreError):
        again(footage.media, footage.faces)
    again(footage.media, footage.faces, new=True, every=8)
    assert (tmp_path / "a.alignments.bak").read_bytes() == b"torn" * 4000


def test_alignments_of_another_film_are_refused(whole, films, again, tmp_path):
    footage = whole.copy(tmp_path)
    shutil.copy2(films.b, footage.media)
    with pytest.raises(StoreError, match=r"was made from a\.mp4 as it was before"):
        again(footage.media, footage.faces)


def test_every_nth_frame(whole, again, tmp_path):
    media = Path(shutil.copy2(whole.media, tmp_path))
    report = again(media, tmp_path / "faces", every=7)
    with Alignments.open(report.alignments, read_only=True) as store:
        assert list(store.timestamps()) == [0, 7, 14, 21]
    assert len(pictures(tmp_path / "faces")) == 4


def test_going_on_after_a_stop_gives_the_same_as_without(whole, again, tmp_path, monkeypatch):
    # Windows of another size give the same faces, and a stop between them changes nothing.
    monkeypatch.setattr(stage, "WINDOW", 8)
    media, faces = Path(shutil.copy2(whole.media, tmp_path)), tmp_path / "faces"
    for batches, seen in ((1, 11), (0, 19)):
        with pytest.raises(Cancelled, match=f"{seen} frames are extracted"):
            again(media, faces, StopsAfter(batches))
        with Alignments.open(alignments_path(media), read_only=True) as store:
            assert not store.finished
            assert len(store.seen()) == seen
    progress = Silent()
    report = again(media, faces, progress)
    assert "a.mp4: going on after frame 18" in progress.said
    assert report.faces == whole.report.faces
    assert content(alignments_path(media)) == content(whole.alignments)
    assert pictures(faces) == pictures(whole.faces)


def test_a_second_project_gets_its_pictures_from_the_alignments(whole, again, tmp_path):
    footage = whole.copy(tmp_path)
    progress = Silent()
    again(footage.media, tmp_path / "others", progress)
    assert content(footage.alignments) == content(whole.alignments)
    assert not any("using" in line for line in progress.said)  # no detector was loaded
    assert pictures(tmp_path / "others") == pictures(whole.faces)


def test_a_deleted_picture_does_not_come_back(whole, again, tmp_path):
    footage = whole.copy(tmp_path)
    gone = list_faceset(footage.faces)[5]
    gone.unlink()
    again(footage.media, footage.faces)
    assert not gone.exists()
    assert len(pictures(footage.faces)) == len(pictures(whole.faces)) - 1


def test_a_film_without_a_face_says_so(films, again, tmp_path):
    with pytest.raises(NoFaces, match=r"no face .* any of the 6 frames of nobody.mp4.*--min-conf"):
        again(Path(shutil.copy2(films.nobody, tmp_path)), tmp_path / "faces")
    with Alignments.open(tmp_path / "nobody.alignments", read_only=True) as store:
        assert len(store.seen()) == 6


def test_what_can_be_read_of_a_cut_off_film_is_extracted(films, film, people, again, tmp_path):
    media = film(tmp_path / "cut.mkv", [*people.a] * 4, sound=False)
    data = media.read_bytes()
    media.write_bytes(data[: len(data) * 2 // 3])
    report = again(media, tmp_path / "faces", every=8)
    assert 2 <= report.frames < 8
    with Alignments.open(report.alignments, read_only=True) as store:
        assert store.finished


def test_what_runs_after_an_extraction_has_all_cores_again(films, tmp_path, again, monkeypatch):
    seen: list[int] = []
    detect = stage.Tools.detect

    def spying(self: Any, batch: Any) -> Any:
        seen.append(torch.get_num_threads())
        return detect(self, batch)

    monkeypatch.setattr(stage.Tools, "detect", spying)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        again(Path(shutil.copy2(films.a, tmp_path)), tmp_path / "faces")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {1}
