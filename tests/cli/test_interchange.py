from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from understudy.geometry.templates import MEAN_FACE_51
from understudy.store.alignments import Alignments, SourceRecord
from understudy.testing.clips import write_clip
from understudy.types import Alignment, Face, Timestamp
from understudy.types.frame import frame_space


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film of three frames with its alignments, one face in each."""
    clip = tmp_path / "clip.mp4"
    write_clip(clip, [np.full((96, 128, 3), 80, np.uint8)] * 3, Fraction(25), sound=False)
    from understudy.media import frames, probe

    info = probe(clip)
    source = SourceRecord(clip.name, info.fingerprint, 128, 96, info.time_base, 3)
    jaw = np.stack([np.linspace(-0.1, 1.1, 17), np.full(17, 1.0)], 1)
    with Alignments.open(tmp_path / "clip.alignments", create=source) as store:
        for frame in frames(info):
            points = np.concatenate([jaw, MEAN_FACE_51]) * 50 + 20 + frame.at.index
            store.put([(frame.at, [face(frame.at, points)])])
        store.finish()
    return clip


def face(at: Timestamp, points: np.ndarray) -> Face:
    alignment = Alignment.fit(points, frame_space(128, 96))
    return Face(f"{at.index}_0", at, np.array([20, 20, 70, 80.0]), 0.9, alignment)


def test_export_and_import_say_what_they_did(film: Path, understudy) -> None:
    fsa = film.with_suffix(".fsa")
    told = understudy("export", film, "-o", fsa).worked().out
    assert "3 faces in 3 frames" in told and "not written:" in told and "tracks" in told
    back = film.with_name("back.alignments")
    told = understudy("import", fsa, "--media", film, "-o", back).worked().out
    assert f"{back}: 3 faces in 3 frames, faceswap@2.4" in told
    with (
        Alignments.open(film.with_suffix(".alignments"), read_only=True) as first,
        Alignments.open(back, read_only=True) as second,
    ):
        assert first.timestamps() == second.timestamps()
        for index in range(3):
            (want,), (got,) = first.faces(index), second.faces(index)
            assert np.abs(want.alignment.landmarks - got.alignment.landmarks).max() < 1e-3


def test_reports_for_programs(film: Path, understudy) -> None:
    out = film.with_name("coco.json")
    told = understudy("export", film, "-o", out, "--layout", "coco", "--json").worked().out
    report = json.loads(told.splitlines()[-2])["data"]
    assert report["layout"] == "coco" and report["faces"] == 3
    plain = film.with_name("plain.json")
    understudy("export", film.with_suffix(".alignments"), "-o", plain).worked()
    told = json.loads(understudy("import", plain, "--json").worked().out.splitlines()[-2])["data"]
    assert told["faces"] == 3 and told["output"] == str(plain.with_suffix(".alignments"))
    assert told["n_skipped"] == 0 and told["skipped"] == [] and told["lost"] == []


def test_refusals_are_one_clear_line(film: Path, understudy) -> None:
    evil = film.with_name("evil.fsa")
    import zlib

    evil.write_bytes(zlib.compress(b"cposix\nsystem\n(X\x04\0\0\0truetR."))
    understudy("import", evil, "--media", film, "-o", "x").refused(
        "posix.system", "nothing was run"
    )
    understudy("export", film, "-o", film.with_name("a.xml")).refused("--layout", code=2)
    understudy("import", film.with_name("none.fsa"), "--media", film, "-o", "x").refused("none.fsa")
    understudy("export", film.with_name("b.mp4"), "-o", "x.fsa").refused("b.alignments")
