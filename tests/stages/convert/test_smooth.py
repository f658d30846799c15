"""Colours are smoothed along a track, the same whether a conversion was interrupted or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.errors import Cancelled, PluginError, ValueRefused
from understudy.flow import Silent
from understudy.imaging.composite import Patch
from understudy.media.stills import read_image
from understudy.stages.convert import stage
from understudy.stages.convert.compose import Placed
from understudy.stages.convert.look.matching import matcher_of
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.stream.job import Job, _Held


@pytest.fixture(scope="module")
def footage(films, extracted):
    """Film A; no face in frames 10 to 12. Not to be changed."""
    return extracted(films.a)


def made(folder):
    return [read_image(p) for p in sorted(folder.glob("*.png"))]


def test_smoothed_colours_do_not_hang_on_an_interruption(footage, converter, tmp_path, monkeypatch):
    how = {"match_colour": "average", "smooth_colour": 3}
    converter(footage, "whole", **how)
    monkeypatch.setattr(stage, "SEGMENT", 5)
    for stopped in range(1, 4):
        progress = Silent()
        progress.cancelled = True
        with pytest.raises(Cancelled, match=f"{stopped} segment"):
            converter(footage, "parts", progress, **how)
    # a segment in the middle is lost as well
    (work,) = [p for p in (tmp_path / "work").iterdir() if p.is_dir()]
    (work / "seg_00001.unsigned").rename(tmp_path / "away")
    converter(footage, "parts", **how)
    whole, parts = made(tmp_path / "whole"), made(tmp_path / "parts")
    assert len(whole) == len(parts) == 24
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))
    converter(footage, "each", match_colour="average", smooth_colour=0)
    each = made(tmp_path / "each")
    assert not all(np.array_equal(a, b) for a, b in zip(whole, each, strict=True))


def _job(reach: int) -> Job:
    job = object.__new__(Job)
    job.reach = job._smooth = reach
    return job


def _held(make, index: int, tracks: dict[int | None, float]) -> _Held:
    frame = type("F", (), {"at": type("At", (), {"index": index})()})()
    none = np.zeros((0, 0, 3), np.float32)
    faces = ((replace(make.face(index), track=track), value) for track, value in tracks.items())
    placed = [
        Placed(face, "b", none, none, Patch(0, 0, none[..., 0]), measured=np.array([value]))
        for face, value in faces
    ]
    return _Held(frame, placed)  # type: ignore[arg-type]


def test_numbers_are_means_within_a_track_near_ones_most(make):
    values = [{1: 0.0, 2: 100.0}, {1: 3.0, 2: 100.0}, {1: 0.0, None: 7.0}, {3: 50.0}]
    source = (_held(make, i, tracks) for i, tracks in enumerate(values))
    settled = list(_job(2)._settled(source, lambda i: i != 0))
    got = [[float(one.measured[0]) for one in held.placed] for held in settled]
    assert got[0] == [pytest.approx((0 * 2 / 3 + 3 + 0 * 2 / 3) / (1 + 4 / 3)), 100.0]
    assert got[1] == [pytest.approx((0 / 3 + 3 * 2 / 3 + 0) / (1 + 2 / 3 + 1 / 3)), 7.0]
    assert got[2] == [50.0], "the next shot has tracks of its own"
    way = settled[0].placed[0].way_px
    landmarks = [make.face(i).alignment.landmarks.mean(0) for i in (0, 2)]
    assert way == pytest.approx((landmarks[1] - landmarks[0]) / 2)


def test_matchers_that_are_not_there_are_named(registry):
    for words, error in (("reinhard,nosuch", PluginError), (" , ", ValueRefused)):
        with pytest.raises(error, match=r"nosuch|expected one colour matcher"):
            matcher_of(registry, replace(ConvertOptions(), match_colour=words))
