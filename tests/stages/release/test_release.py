from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import DiskFull, ProvenanceError
from understudy.imaging.png import encode_png
from understudy.media import FilmReader, MediaInfo, probe
from understudy.media.info import ColourTags
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import Declaration, now
from understudy.provenance.folder import LIST
from understudy.provenance.verify import verify
from understudy.stages.release import stage
from understudy.stages.release.stage import Label, confirm, release
from understudy.write.png import PngWriter

NAMES = ["img1.png", "img2.jpg", "img3.png", "img10.png", "img20.bmp", "img100.png"]


@pytest.fixture
def label(tmp_path) -> Label:
    declarations = [
        Declaration(who, "Nobody", "synthetic", True, False, "tests", "education", "us", now())
        for who in ("ann", "bob")
    ]
    return Label(declarations, ("ann",), ("bob",), AuditLog(tmp_path / "audit.jsonl"))


@pytest.fixture
def pictures(tmp_path) -> MediaInfo:
    """Pictures whose order by number is not that by letters; one of them cannot be read."""
    import cv2

    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        pixels = np.full((24, 32, 3), 20 * number, np.uint8)
        data = encode_png(pixels)
        if not name.endswith("png"):
            data = cv2.imencode(Path(name).suffix, pixels)[1].tobytes()
        (folder / name).write_bytes(data)
    (folder / "img3.png").write_bytes((folder / "img3.png").read_bytes()[:60])
    return probe(folder)


def released(info: MediaInfo, label: Label, output: Path, note=lambda part: None) -> None:
    work = output.parent / "work"
    work.mkdir(exist_ok=True)
    writer = PngWriter(info)
    if not writer.has_segment(work, 0):
        writer.write_segment(work, 0, FilmReader(info).frames())
    release(writer, work, 1, info, output, label, {}, note)


def events(label: Label) -> list[str]:
    return [e.event for e in label.audit.entries()]


def test_each_picture_is_signed_as_made_from_its_own_source(pictures, label, tmp_path):
    released(pictures, label, tmp_path / "out")
    made = {p.stem: verify(p) for p in (tmp_path / "out").glob("*.png")}
    assert sorted(p.name for p in (tmp_path / "out").iterdir())[0] == LIST
    assert sorted(made) == ["img1", "img10", "img100", "img2", "img20"]
    for stem, verdict in made.items():
        (source,) = (pictures.path / name for name in NAMES if Path(name).stem == stem)
        (plate,) = verdict.disclosure["made_from"]
        assert plate["name"] == source.name
        assert plate["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()


def test_the_writer_keeps_names_apart_that_would_become_one(tmp_path):
    for name in ("a.bmp", "a.png", "a.bmp.png", "A.JPG"):
        (tmp_path / name).touch()
    files = tuple(tmp_path / name for name in ("a.bmp", "a.png", "a.bmp.png", "A.JPG"))
    info = MediaInfo(
        path=tmp_path,
        kind="images",
        width=4,
        height=4,
        coded_width=4,
        coded_height=4,
        orientation=1,
        time_base=Fraction(1, 25),
        average_rate=None,
        start_pts=None,
        end_pts=None,
        n_frames=4,
        duration_s=None,
        colour=ColourTags(),
        pixel_format="rgb24",
        bits=8,
        codec="png",
        container="images",
        files=files,
    )
    names = [PngWriter(info).stem(i).casefold() for i in range(4)]
    assert len(set(names)) == 4


def test_converted_is_written_down_after_the_output_has_its_name(pictures, label, tmp_path):
    there: list[tuple[list[str], bool]] = []
    output = tmp_path / "out"
    released(pictures, label, output, lambda part: there.append((events(label), output.exists())))
    assert there == [(["converting"], False)]
    assert events(label) == ["converting", "converted"]
    converting = label.audit.entries()[0]
    named = {verify(p).disclosure["audit_head"] for p in output.iterdir()}
    assert named == {converting.hash}


def test_what_could_not_be_signed_is_not_called_converted(pictures, label, tmp_path, monkeypatch):
    def refuses(*args, **kwargs):
        raise ProvenanceError("the key is gone")

    monkeypatch.setattr(stage, "sign", refuses)
    with pytest.raises(ProvenanceError, match="key is gone"):
        released(pictures, label, tmp_path / "out")
    assert events(label) == ["converting", "failed"]
    assert label.audit.entries()[1].facts["reason"] == "the key is gone"
    assert not (tmp_path / "out").exists()


def test_a_log_that_cannot_be_written_hides_no_error(pictures, label, tmp_path, monkeypatch):
    def stopped(part):
        monkeypatch.setattr(AuditLog, "append", full)
        raise KeyboardInterrupt

    def full(*args, **kwargs):
        raise DiskFull("no room")

    with pytest.raises(KeyboardInterrupt):
        released(pictures, label, tmp_path / "out", stopped)
    assert events(label) == ["converting"]


def test_an_output_whose_run_died_before_its_last_line_is_confirmed_once(pictures, label, tmp_path):
    output = tmp_path / "out"
    label.audit.append("converting", output="out", source=pictures.fingerprint)
    confirm(label, output, pictures)
    confirm(label, output, pictures)
    assert events(label) == ["converting", "converted"]
    confirm(label, tmp_path / "another", pictures)
    assert len(events(label)) == 2
