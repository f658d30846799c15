"""The contact sheet shows the moments that tell swaps apart, whenever they come."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.geometry.templates import MEAN_FACE_51, MEAN_JAW_17
from understudy.score.reading import Reading
from understudy.stages.evaluate.donors import Shown
from understudy.stages.evaluate.looking import Found
from understudy.stages.evaluate.sheet import Gallery, drawn_sheet
from understudy.types import Alignment, Faces
from understudy.types.frame import frame_space

SIZE = 220
MOMENTS = {
    13: {"eyes": 0.02},
    37: {"mouth": 0.6},
    51: {"yaw": 48.0},
    66: {"yaw": -41.0},
    80: {"yaw": 29.0},
}


def found(**moves: float) -> Found:
    at_rest = {"eyes": 0.3, "mouth": 0.02, "width": 0.5, "brows": 0.4, "pitch": 0.0, "yaw": 0.0}
    face = np.vstack([MEAN_JAW_17, MEAN_FACE_51]) * 100 + 60
    alignment = Alignment.fit(face, frame_space(SIZE, SIZE))
    readings = {"reader": Reading(**{**at_rest, **moves})}
    return Found(alignment, readings, None, None, Faces(np.zeros((1, 4)), np.ones(1)))


@pytest.fixture
def gallery() -> Gallery:
    shown = Gallery([5, 45, 90])
    for frame in range(100):
        plate = found(**MOMENTS.get(frame, {"yaw": frame % 7 - 3.0}))
        swap = found(mouth=0.5) if frame == 22 else plate
        grey = np.full((SIZE, SIZE, 3), frame, np.uint8)
        shown.offer(frame, plate, swap, [grey, grey + 100])
    return shown


def test_rare_moments_are_kept_and_named(gallery):
    rows = {row.frame: kind for kind, row in gallery.rows(9)}
    assert rows[13] == "narrowest eyes" and rows[37] == "widest mouth"
    assert rows[51] == "farthest turned" and rows[66] == "other side"
    assert rows[80] == "three-quarter" and rows[22] == "least alike"
    assert {5, 45, 90} & set(rows), "ordinary moments are shown too"
    assert list(rows) == sorted(rows), "in the film's order, none twice"


def test_few_rows_take_the_most_telling(gallery):
    assert {row.frame for _, row in gallery.rows(3)} == {13, 37, 51}


def test_the_donor_beside_a_row_does_what_the_plate_does(gallery):
    donors = [
        Shown(found(mouth=0.55), np.full((SIZE, SIZE, 3), 200, np.uint8)),
        Shown(found(eyes=0.0), np.full((SIZE, SIZE, 3), 240, np.uint8)),
    ]
    rows = [r for r in gallery.rows(9) if r[1].frame in (13, 37)]
    sheet = drawn_sheet({"a": (rows, donors)}, "donor")
    cell = (sheet.shape[1] - 4) // 3
    third = sheet[22:, 2 * cell + 4 :]
    middles = [third[cell // 2, cell // 2, 0], third[cell + cell // 2, cell // 2, 0]]
    assert middles == [240, 200]


def test_what_made_the_pictures_stands_below_them(gallery):
    rows = gallery.rows(2)
    plain = drawn_sheet({"a": (rows, [])}, "donor")
    foot = ["Übung.mp4: film a, model mesh at step 3", "settings: " + "mask extended, " * 20]
    sheet = drawn_sheet({"a": (rows, [])}, "donor", foot)
    assert sheet.shape[1] == plain.shape[1] and len(sheet) >= len(plain) + 4 * 18
    np.testing.assert_array_equal(sheet[: len(plain) - 4], plain[:-4])
    written = (sheet[len(plain) :] > 150).all(-1)
    assert written.sum() > 500 and not written[:, -8:].any()
