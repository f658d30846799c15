from __future__ import annotations

import json
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from understudy.errors import (
    Cancelled,
    ConsentMissing,
    DiskFull,
    InUse,
    MediaError,
    NoFaces,
    StoreError,
    ValueRefused,
)
from understudy.flow import Silent
from understudy.imaging.composite import feathered
from understudy.media import FilmReader, frames, probe
from understudy.media.colour.cube import read_cube
from understudy.media.colour.tonemap import ToneMap
from understudy.media.stills import read_image
from understudy.provenance.audit import AuditLog
from understudy.provenance.verify import verify
from understudy.stages.convert import stage
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.stage import convert
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.stages.faces.colour.table import keep_cube
from understudy.store.alignments import Alignments, alignments_path
from understudy.store.faceset import list_faceset, read_face_png
from understudy.types import Face, Frame

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture(scope="module")
def footage(films, extracted):
    """Film A; no face in frames 10 to 12. Not to be changed."""
    return extracted(films.a)


def source(media: Path) -> list[Frame]:
    return list(frames(probe(media)))


def made(folder: Path) -> list[np.ndarray]:
    return [read_image(p) for p in sorted(folder.glob("*.png"))]


def faces_of(alignments: Path) -> dict[int, list[Face]]:
    with Alignments.open(alignments, read_only=True) as store:
        return {at.index: faces for at, faces in store.by_frame()}


def alpha_of(face: Face, frame: Frame) -> np.ndarray:
    """The feathered mask of a face on the whole frame, with the painted model's crop."""
    crop = face.alignment.crop(64, 0.9, "face")
    patch = feathered(face.masks["extended"], crop, frame.space, feather=0.12, erode=0.0)
    alpha = np.zeros(frame.pixels.shape[:2], np.float32)
    patch.window(alpha)[:] = patch.alpha
    return alpha


def same(picture: np.ndarray, frame: Frame) -> bool:
    return bool((picture == frame.pixels).all())


def test_nothing_changes_but_what_the_feathered_mask_covers(footage, converter, tmp_path):
    report = converter(footage, "out")
    assert (report.frames, report.swapped_faces, report.model_step) == (24, 21, 7)
    faces = faces_of(footage.alignments)
    results = made(tmp_path / "out")
    assert len(results) == 24
    for frame, result in zip(source(footage.media), results, strict=True):
        found = faces[frame.at.index]
        if not found:
            assert same(result, frame), frame.at.index
            continue
        alpha = alpha_of(found[0], frame)
        assert (result == frame.pixels)[alpha == 0].all(), frame.at.index
        solid = alpha == 1
        assert solid.sum() > 50
        assert (result[solid] == BLUE).all(), frame.at.index
        edge = (alpha > 0) & ~solid
        mixed = frame.pixels + alpha[..., None] * (np.array(BLUE) - frame.pixels.astype(float))
        assert abs(result - mixed)[edge].max() <= 0.51
    rows = (tmp_path / "out" / "times.csv").read_text().splitlines()
    assert [r.split(",")[1] for r in rows[1:]] == [str(i) for i in range(24)]
    for picture in sorted((tmp_path / "out").glob("*.png")):
        assert verify(picture).state == "ours", picture.name


def _called_pq(film: Path, path: Path) -> Path:
    """The same H.264 with a transfer tag that says PQ."""
    with av.open(str(film)) as have, av.open(str(path), "w") as container:
        stream = have.streams.video[0]
        out = container.add_stream_from_template(stream)
        tag = av.BitStreamFilterContext("h264_metadata=transfer_characteristics=16", stream, out)
        for packet in have.demux(stream):
            for changed in tag.filter(packet if packet.size else None):
                changed.stream = out
                container.mux(changed)
    return path


def test_hdr_is_converted_in_its_own_light(footage, converter, tmp_path):
    media = _called_pq(footage.media, tmp_path / "pq.mp4")
    info = probe(media)
    assert info.colour.transfer == 16
    with Alignments.open(footage.alignments, read_only=True) as store:
        record, rows = store.source, list(store.by_frame())
    faces = faces_of(footage.alignments)
    stored = list(FilmReader(info, assume_colour="rec709").frames())
    for assumed in ("tags", "rec709"):
        alignments_path(media).unlink(missing_ok=True)
        settings = {"extract": {**record.settings["extract"], "assume_colour": assumed}}
        new = replace(record, fingerprint=info.fingerprint, settings=settings)
        with Alignments.open(alignments_path(media), create=new) as store:
            store.put(rows)
            store.finish()
        hdr = replace(footage, media=media)
        assert converter(hdr, assumed, faces="all").swapped_faces == 21
        results = made(tmp_path / assumed)
        assert same(results[11], stored[11])
        for frame, result in zip(stored[:3], results, strict=False):
            alpha = alpha_of(faces[frame.at.index][0], frame)
            assert (result == frame.pixels)[alpha == 0].all()
            face = result[alpha == 1][None]
            if assumed == "tags":  # blue of Rec.709, which no code value of PQ calls so
                assert abs(face.astype(int) - BLUE).max() > 50
                face = ToneMap("pq", info.colour.primaries)(face * np.uint16(257), np.uint8)
            # near black a step of 8-bit PQ is 17 of Rec.709's
            assert abs(face.astype(int) - BLUE).max() <= (17 if assumed == "tags" else 0)
        assert b"cICP" in next((tmp_path / assumed).glob("*.png")).read_bytes()
        if assumed == "tags":
            with pytest.raises(ValueRefused, match=r"is HDR, and gif stores 8 bits.*prores"):
                converter(hdr, "out.gif", faces="all")
            assert not (tmp_path / "out.gif").exists()


def test_log_stays_log(footage, converter, tmp_path):
    """A table that stretches 0.2 to 0.8 over all of Rec.709: its blue is not the film's."""
    own = footage.copy(tmp_path / "own")
    table = tmp_path / "camera.cube"
    ends = "DOMAIN_MIN 0.2 0.2 0.2\nDOMAIN_MAX 0.8 0.8 0.8\n0 0 0\n1 1 1\n"
    table.write_text(f"LUT_1D_SIZE 2\n{ends}")
    cube = read_cube(table)
    with Alignments.open(own.alignments, read_only=True) as store:
        record, rows = store.source, list(store.by_frame())
    settings = {"extract": {**record.settings["extract"], "plate_lut": cube.digest}}
    own.alignments.unlink()
    with Alignments.open(own.alignments, create=replace(record, settings=settings)) as store:
        store.put(rows)
        store.finish()
    with pytest.raises(StoreError, match="look-up table"):
        converter(own, "none", faces="all")
    keep_cube(own.alignments, table, cube)
    assert converter(own, "out", faces="all").swapped_faces == 21
    faces = faces_of(own.alignments)
    for frame, result in zip(source(own.media)[:3], made(tmp_path / "out"), strict=False):
        alpha = alpha_of(faces[frame.at.index][0], frame)
        assert (result == frame.pixels)[alpha == 0].all()
        assert abs(result[alpha == 1].astype(int) - (51, 51, 204)).max() <= 1
    with pytest.raises(ValueRefused, match="is log, and gif stores 8 bits"):
        converter(own, "out.gif", faces="all")


def test_a_face_whose_picture_was_deleted_is_left_alone(footage, converter, tmp_path):
    own = footage.copy(tmp_path / "own")
    for path in list_faceset(own.faces):
        if "_000003_" in path.name or "_000017_" in path.name:
            path.unlink()
    assert converter(own, "out").swapped_faces == 19
    results = made(tmp_path / "out")
    untouched = [f.at.index for f in source(own.media) if same(results[f.at.index], f)]
    assert untouched == [3, 10, 11, 12, 17]
    for path in list_faceset(own.faces):
        path.unlink()
    with pytest.raises(NoFaces, match="--faces all"):
        converter(own, "nothing")
    converter(own, "all", faces="all")
    results = made(tmp_path / "all")
    untouched = [f.at.index for f in source(own.media) if same(results[f.at.index], f)]
    assert untouched == [10, 11, 12]


def test_all_faces_or_the_largest(couple, converter, tmp_path):
    assert converter(couple, "all", faces="all").swapped_faces == 16
    assert converter(couple, "largest", faces="largest").swapped_faces == 8
    found = faces_of(couple.alignments)
    outputs = (made(tmp_path / name) for name in ("all", "largest"))
    for frame, every, largest in zip(source(couple.media), *outputs, strict=True):
        large, small = sorted(
            (alpha_of(f, frame) for f in found[frame.at.index]), key=np.sum, reverse=True
        )
        assert (every[(large == 1) | (small == 1)] == BLUE).all()
        assert (largest[large == 1] == BLUE).all()
        assert (largest == frame.pixels)[large == 0].all()


def test_swap_puts_a_into_bs_footage(films, extracted, converter, tmp_path):
    b = extracted(films.b)
    assert converter(b, "out", casting={"all": "a"}).frames == 20
    faces = faces_of(b.alignments)
    for frame, result in zip(source(b.media), made(tmp_path / "out"), strict=True):
        assert (result[alpha_of(faces[frame.at.index][0], frame) == 1] == RED).all()


def test_what_is_there_is_replaced_only_when_asked_for(footage, converter, tmp_path):
    (tmp_path / "out.mp4").write_bytes(b"mine")
    with pytest.raises(StoreError, match=r"there already.*--overwrite"):
        converter(footage, "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == b"mine"
    converter(footage, "out.mp4", overwrite=True)
    assert verify(tmp_path / "out.mp4").state == "ours"
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "holiday.mov").write_bytes(b"mine")
    with pytest.raises(StoreError, match=r"holiday\.mov.*nothing in it was touched"):
        converter(footage, "films", overwrite=True)
    assert (tmp_path / "films" / "holiday.mov").read_bytes() == b"mine"


def test_a_source_is_never_replaced(footage, converter, tmp_path):
    own = footage.copy(tmp_path / "own")
    for name in ("own/a.mp4", "own"):
        with pytest.raises(ValueRefused, match="never replaced"):
            converter(own, name, overwrite=True)
    assert own.media.read_bytes() == footage.media.read_bytes()


def test_the_same_conversion_again_finds_its_output(footage, converter, tmp_path):
    converter(footage, "out.mp4")
    before = (tmp_path / "out.mp4").stat()
    progress = Silent()
    report = converter(footage, "out.mp4", progress)
    assert (report.frames, report.swapped_faces) == (24, 21)
    assert any("is complete" in line for line in progress.said)
    assert (tmp_path / "out.mp4").stat().st_mtime_ns == before.st_mtime_ns
    for changed in ({"feather": 0.2}, {"mask": "components"}):
        with pytest.raises(StoreError, match="there already"):
            converter(footage, "out.mp4", **changed)
    whole = (tmp_path / "out.mp4").read_bytes()
    middle = whole.index(b"mdat") + 40_000
    other = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    (tmp_path / "out.mp4").write_bytes(other)  # of the size and time that the receipt says
    os.utime(tmp_path / "out.mp4", ns=(before.st_atime_ns, before.st_mtime_ns))
    progress = Silent()
    with pytest.raises(StoreError, match="there already"):
        converter(footage, "out.mp4", progress)
    assert any("was called finished, but" in line for line in progress.said)
    (tmp_path / "out.mp4").write_bytes(whole)
    with (tmp_path / "out.mp4").open("ab") as file:  # somebody changed it since
        file.write(b"x")
    with pytest.raises(StoreError, match="there already"):
        converter(footage, "out.mp4")


def test_without_consent_nothing_is_made_and_the_refusal_is_kept(footage, converter, tmp_path):
    inputs = converter.inputs(footage, "out.mp4", declarations=[])
    with pytest.raises(ConsentMissing, match="understudy consent") as refusal:
        convert(inputs, ConvertOptions(), converter.registry, Silent())
    assert refusal.value.exit_code == 3
    assert [e.event for e in AuditLog(tmp_path / "audit.jsonl").entries()] == ["refused"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["audit.jsonl"]


def test_wrong_folders_and_names_are_named(footage, converter, films, tmp_path):
    with pytest.raises(StoreError, match="no trained model"):
        replace(converter, model=footage.faces)(footage, "out.mp4")
    with pytest.raises(StoreError, match="is not there"):
        converter(footage, "nowhere/out.mp4")
    with pytest.raises(ValueRefused, match=r"out\.avi: expected"):
        converter(footage, "out.avi")
    own = footage.copy(tmp_path / "own")
    alignments_path(own.media).rename(tmp_path / "away.alignments")
    with pytest.raises(StoreError, match=r"a\.alignments"):
        converter(own, "out.mp4")
    with pytest.raises(StoreError, match="belongs to another film"):
        alignments = tmp_path / "away.alignments"
        inputs = replace(converter.inputs(own, "out.mp4"), media=films.b, alignments=alignments)
        convert(inputs, ConvertOptions(), converter.registry, Silent())
    assert not (tmp_path / "out.mp4").exists()


def test_an_unfinished_extraction_is_not_converted(films, registry, converter, extracted, tmp_path):
    own = extracted(films.a).copy(tmp_path / "own")
    own.alignments.unlink()
    stopped = Silent()
    stopped.cancelled = True
    with pytest.raises(Cancelled), pytest.MonkeyPatch.context() as patch:
        patch.setattr("understudy.stages.extract.stage.WINDOW", 8)
        options = ExtractOptions(size=96, min_face_px=30, workers=1)
        extract(ExtractInputs(own.media, own.faces), options, registry, stopped)
    with pytest.raises(StoreError, match=r"a\.mp4 is not finished; run it again"):
        converter(own, "out.mp4")


TIMES: dict[str, dict[str, Any]] = {
    "cfr_30000_1001": {"rate": Fraction(30000, 1001)},
    "cfr_25_ticks": {"time_base": Fraction(1, 12800), "pts": [512 * i for i in range(9)]},
    "vfr": {"time_base": Fraction(1, 1000), "pts": [0, 33, 67, 140, 141, 260, 300, 333, 1000]},
    "turned_90": {"turned": 90},
    "turned_270": {"turned": 270},
    "odd": {"crop": (119, 159)},
}


@pytest.mark.parametrize("kind", TIMES)
def test_times_sound_turn_and_size_are_the_sources(
    kind, film, people, extracted, converter, tmp_path
):
    how = dict(TIMES[kind])
    height, width = how.pop("crop", (120, 160))
    media = film(tmp_path / "film.mp4", [p[:height, :width] for p in people.a[:9]], **how)
    footage = extracted(media)
    assert footage.report.frames_with_faces == 9
    report = converter(footage, "out.mp4")
    before, after = source(media), source(tmp_path / "out.mp4")
    assert report.frames == len(after) == 9
    assert [f.at.seconds for f in after] == [f.at.seconds for f in before]
    assert {f.pixels.shape for f in after} == {(height, width, 3)}
    assert packets(tmp_path / "out.mp4", "audio") == packets(media, "audio")
    if kind in ("cfr_30000_1001", "vfr"):
        assert packets(tmp_path / "out.mp4", "video", times_only=True) == packets(
            media, "video", times_only=True
        )
    assert verify(tmp_path / "out.mp4").state == "ours"
    faces = faces_of(footage.alignments)
    for frame, result in zip(before, after, strict=True):
        alpha = alpha_of(faces[frame.at.index][0], frame)
        assert abs(result.pixels[alpha == 1].mean(0) - BLUE).max() < 40
        outside = abs(result.pixels.astype(int) - frame.pixels)[alpha == 0]
        assert outside.mean() < 4


def squeezed(film, people, path, aspect: Fraction) -> Path:
    """The actor in pixels of this width to height."""
    width = 2 * round(160 / aspect / 2)
    narrow = [cv2.resize(p, (width, 120), interpolation=cv2.INTER_AREA) for p in people.a[:6]]
    plain = film(path.with_name("plain.mp4"), narrow, sound=False)
    with av.open(str(plain)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
        stream.sample_aspect_ratio = aspect
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    return path


def test_faces_are_cut_in_square_pixels_and_go_back_into_the_films_own(
    film, people, extracted, converter, tmp_path
):
    square = film(tmp_path / "square.mp4", list(people.a[:6]), sound=False)
    media = squeezed(film, people, tmp_path / "dv.mp4", Fraction(4, 3))
    own = probe(media)
    assert (own.width, own.sample_aspect) == (120, Fraction(4, 3))
    there, here = extracted(square), extracted(media)
    assert here.report.faces == 6
    for theirs, ours in zip(faces_of(there.alignments).values(), faces_of(here.alignments).values(),
                            strict=True):  # fmt: skip
        (theirs,), (ours,) = theirs, ours
        assert ours.alignment.unit_from_frame.src.size_wh == (160, 120)
        apart = ours.alignment.landmarks - theirs.alignment.landmarks
        assert np.abs(apart).mean() < 1.5, "the face is as wide as in square pixels"
    pictures = [read_face_png(list_faceset(f.faces)[0])[0].astype(int) for f in (there, here)]
    assert np.abs(pictures[0] - pictures[1]).mean() < 8
    converter(here, "out.mp4")
    out = probe(tmp_path / "out.mp4")
    assert (out.width, out.height, out.sample_aspect) == (120, 120, Fraction(4, 3))
    before, after = source(media), source(tmp_path / "out.mp4")
    (face,) = faces_of(here.alignments)[0]
    middle = face.alignment.landmarks[30] * (120 / 160, 1)
    x, y = middle.round().astype(int)
    assert abs(after[0].pixels[y, x] - BLUE).max() < 40, "the new face lies where the old one was"
    changed = np.abs(after[0].pixels.astype(int) - before[0].pixels).max(-1) > 60
    rows, columns = np.nonzero(changed)
    wide, high = np.ptp(columns) * 4 / 3, np.ptp(rows)
    hull = np.ptp(face.alignment.landmarks, 0)
    assert abs(wide - hull[0]) < 0.25 * hull[0] and high < 1.6 * hull[1]
    untouched = ~cv2.dilate(changed.astype(np.uint8), np.ones((25, 25))).astype(bool)
    assert np.abs(after[0].pixels.astype(int) - before[0].pixels)[untouched].mean() < 3


def test_a_recording_that_begins_before_its_clock_wraps(
    film, people, extracted, converter, tmp_path
):
    plain = film(tmp_path / "plain.mp4", list(people.a[:9]))
    media = tmp_path / "film.ts"
    with av.open(str(plain)) as old, av.open(
        str(media), "w", container_options={"output_ts_offset": str(2**33 / 90000 - 0.5)}
    ) as new:  # fmt: skip
        tracks = {s.index: new.add_stream_from_template(s, opaque=True) for s in old.streams}
        for packet in old.demux():
            if packet.size:
                packet.stream = tracks[packet.stream_index]
                new.mux(packet)
    footage = extracted(media)
    report = converter(footage, "out.mp4")
    before, after = source(media), source(tmp_path / "out.mp4")
    assert report.frames == len(after) == 9 and before[0].at.pts < 0
    begins = after[0].at.seconds - before[0].at.seconds
    assert [f.at.seconds for f in after] == [f.at.seconds + begins for f in before]
    theirs = packets(media, "audio", times_only=True)
    ours = packets(tmp_path / "out.mp4", "audio", times_only=True)
    assert len(ours) == len(theirs) > 10 and ours[0] >= 0
    assert all(abs(a - b - begins) < 1e-4 for a, b in zip(ours, theirs, strict=True))


def packets(path: Path, kind: str, times_only: bool = False) -> list[Any]:
    """Presentation time in seconds, and the bytes, of each packet of one kind of stream."""
    with av.open(str(path)) as container:
        (stream,) = [s for s in container.streams if s.type == kind]
        found = [p for p in container.demux(stream) if p.size]
        times = sorted(p.pts * p.time_base for p in found)
        return times if times_only else [*times, *(bytes(p) for p in found)]


def test_segments_that_are_done_are_not_done_again(footage, converter, tmp_path, monkeypatch):
    converter(footage, "whole")
    monkeypatch.setattr(stage, "SEGMENT", 7)
    stopping = Silent()
    stopping.cancelled = True
    for segments in ("1 segment is", "2 segments are"):
        with pytest.raises(Cancelled, match=segments):
            converter(footage, "out", stopping)
    assert not (tmp_path / "out").exists()
    progress = Silent()
    assert converter(footage, "out", progress).frames == 24
    assert "going on after 2 finished segments of 7 frames" in progress.said
    for a, b in zip(made(tmp_path / "out"), made(tmp_path / "whole"), strict=True):
        assert (a == b).all()
    assert [p.suffix for p in (tmp_path / "work").iterdir()] == [".json"] * 2


@contextmanager
def no_file_larger_than(n_bytes: int) -> Iterator[None]:
    """A full disk, also for what other libraries write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["out.mp4", "out"])
def test_a_full_disk_leaves_no_output_and_goes_on_later(footage, converter, tmp_path, name):
    for room in (100, 3000, 9000):
        with pytest.raises(DiskFull, match="free some space"), no_file_larger_than(room):
            converter(footage, name)
        assert not (tmp_path / name).exists()
        assert not [p for p in tmp_path.rglob("*") if p.name.endswith(".part")]
    assert converter(footage, name).frames == 24


def test_a_damaged_source_is_said(footage, converter, tmp_path):
    own = footage.copy(tmp_path / "own")
    data = own.media.read_bytes()
    own.media.write_bytes(data[: len(data) // 3])
    with pytest.raises(MediaError, match="cut off"):
        converter(own, "out.mp4")


def test_the_receipt_is_plain_and_harmless(footage, converter, tmp_path):
    converter(footage, "out.mp4")
    (receipt,) = (tmp_path / "work").glob("*.json")
    plain = json.loads(receipt.read_text())
    assert plain["output"] == os.fspath(tmp_path / "out.mp4")
    for damaged in (b"", b"[]", b'{"output": 3, "files": 4}'):
        receipt.write_bytes(damaged)
        with pytest.raises(StoreError, match="there already"):
            converter(footage, "out.mp4")


def test_a_render_is_made_by_one_process_at_a_time(footage, converter, tmp_path):
    class Again(Silent):
        """Converts the same a second time while the first is at work."""

        told = ""

        @contextmanager
        def task(self, *given: Any, **more: Any) -> Iterator[Any]:
            with pytest.raises(InUse, match="is writing this render") as refused:
                converter(footage, "out")
            self.told = str(refused.value)
            converter(footage, "another", feather=0.2, overwrite=True)
            with super().task(*given, **more) as bar:
                yield bar

    again = Again()
    converter(footage, "out", again)
    assert f"process {os.getpid()} " in again.told
    assert len(made(tmp_path / "out")) == len(made(tmp_path / "another")) == 24


def test_an_older_checkpoint_that_is_taken_is_a_warning(footage, converter, painted, tmp_path):
    shutil.copytree(painted, tmp_path / "model")
    newest = tmp_path / "model" / "step_00000009"
    shutil.copytree(next((tmp_path / "model").glob("step_*")), newest)
    for file in newest.glob("*.safetensors"):
        file.write_bytes(b"torn")
    progress = Silent()
    replace(converter, model=tmp_path / "model")(footage, "out", progress)
    assert progress.warned == ["older-checkpoint"]
    assert any("step_00000009" in line for line in progress.said)
