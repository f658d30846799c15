"""Faces of another tool have the numbers that repair goes by, also in older files."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from understudy.flow import Silent
from understudy.geometry.templates import MEAN_FACE_51
from understudy.interchange.carry import import_
from understudy.stages.repair.looking import find
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query
from understudy.testing.clips import write_clip


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """Two frames in Faceswap's JSON form; the points of the second face are in disorder."""
    clip = tmp_path / "clip.mp4"
    write_clip(clip, [np.full((320, 320, 3), 90, np.uint8)] * 2, Fraction(25), sound=False)
    angle = np.linspace(0, np.pi, 17)
    jaw = np.stack([np.linspace(0, 1, 17), 0.5 + 0.55 * np.sin(angle)], 1)
    good = np.vstack([jaw, MEAN_FACE_51]) * 120 + 100
    bad = good.copy()
    bad[17:] = np.random.default_rng(1).permutation(good[17:])
    frames = {
        f"clip_{n:06d}.mp4": [{"detected": [100, 100, 220, 230], "landmarks_2d": p.tolist()}]
        for n, p in enumerate((good, bad), 1)
    }
    (tmp_path / "faces.json").write_text(json.dumps(frames))
    return import_(tmp_path / "faces.json", clip, tmp_path / "clip.alignments", Silent()).output


def test_what_landmarks_tell_is_known_of_imported_faces(imported: Path) -> None:
    with Alignments.open(imported, read_only=True) as store:
        ((good,), (bad,)) = (faces for _, faces in store.by_frame())
        assert bad.quality["average_distance"] == bad.alignment.distance > find.MISALIGNED
        assert good.quality["average_distance"] < 0.05
        assert good.quality["size_px"] == pytest.approx(np.sqrt(120 * 130))
        assert [row.id for row in find.misaligned(store).faces] == ["1_0"]
        assert [row.id for row in store.select(Query(size_px=(100, 200)))] == ["0_0", "1_0"]


def test_files_that_were_imported_before_are_measured_when_asked(imported: Path) -> None:
    with Alignments.open(imported) as store:
        store.put_faces(
            replace(face, quality={}) for _, faces in store.by_frame() for face in faces
        )
    with Alignments.open(imported, read_only=True) as store:
        assert store.select(Query(average_distance=(0.0, None))) == []
        assert [row.id for row in find.misaligned(store).faces] == ["1_0"]
        assert [row.id for row in find.misaligned(store, 0.0).faces] == ["0_0", "1_0"]
