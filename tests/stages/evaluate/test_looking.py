"""Eyes settle where they look, whatever box they began with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from understudy.flow import Silent
from understudy.geometry.templates import MEAN_FACE_51, MEAN_JAW_17
from understudy.plugin import Plugin, Registry
from understudy.score import Numbers, Pair, Score, Sight, Table
from understudy.score.reading import read_landmarks
from understudy.stages.evaluate.gather import Gathered
from understudy.stages.evaluate.looking import Eyes
from understudy.stages.evaluate.options import ScoreOptions
from understudy.types import Faces

FACE = np.vstack([MEAN_JAW_17, MEAN_FACE_51]) * 100 + 70
SHUT = FACE.copy()
SHUT[[61, 62, 63, 65, 66, 67], 1] = FACE[[61, 62, 63], 1].mean()
PICTURE = np.zeros((240, 240, 3), np.uint8)


class Detector:
    """Finds one face, and its box the higher, the brighter the picture."""

    def detect(self, pictures: list[Any]) -> list[Faces]:
        found = []
        for picture in pictures:
            box = np.concatenate([SHUT.min(0), SHUT.max(0)]) + np.array(
                [0, 0, 0, picture.max() / 4]
            )
            found.append(Faces(box[None], np.ones(1)))
        return found


class Reader:
    """Sees an open mouth by a third of how much too high the place is that it is told to look."""

    def align(self, frame: Any, faces: Faces) -> Faces:
        start = faces.boxes_xyxy[0, 3] if faces.landmarks is None else faces.landmarks[0, 66, 1]
        here = SHUT[:, 1].max() if faces.landmarks is None else SHUT[66, 1]
        seen = SHUT.copy()
        seen[[65, 66, 67], 1] += (start - here) / 3
        return replace(faces, landmarks=seen[None])


@pytest.fixture
def eyes() -> Eyes:
    here = f"{__name__}:"
    registry = Registry(
        [
            Plugin(kind="detect", name="one", target=here + "Detector", summary=""),
            Plugin(kind="align", name="one", target=here + "Reader", summary=""),
        ]
    )
    chosen = ScoreOptions(detector="one", readers="one", embedder="auto")
    return Eyes(chosen, registry, Silent())


def test_a_reading_hardly_hangs_on_the_box_that_it_began_with(eyes: Eyes) -> None:
    box = np.concatenate([SHUT.min(0), SHUT.max(0)])
    off = []
    for bright in (0, 54):
        found = eyes.find(PICTURE + np.uint8(bright), box)
        assert found is not None
        off.append(found.first.mouth)
    assert off[0] == pytest.approx(read_landmarks(SHUT).mouth)
    once = SHUT.copy()
    once[[65, 66, 67], 1] += 54 / 4 / 3
    left = (off[1] - off[0]) / (read_landmarks(once).mouth - off[0])
    assert left == pytest.approx(1 / 9, rel=0.2), (
        "two looks more, each with a third of the error before"
    )


def test_a_plate_read_again_from_the_outputs_box_is_the_floor(eyes: Eyes) -> None:
    box = np.concatenate([SHUT.min(0), SHUT.max(0)])
    plate, same, bright = (eyes.find(PICTURE + np.uint8(b), box) for b in (0, 0, 54))
    assert plate is not None and same is not None and bright is not None
    readings, _ = eyes.read_again(PICTURE, box, same)
    assert readings == plate.readings, "of an untouched copy there is nothing to be off by"
    readings, _ = eyes.read_again(PICTURE, box, bright)
    assert readings["one"] == bright.first != plate.first
    gathered = Gathered({"mouth": Mouth()})
    sight = Sight(PICTURE, SHUT, plate.readings)
    pair = Pair(sight, replace(sight, readings=bright.readings), np.ones((240, 240)))
    gathered.add(pair, again=replace(sight, readings=readings))
    assert gathered.before("mouth")["off"] == pytest.approx(gathered.after("mouth")["off"])
    gathered.add(pair)
    assert gathered.before("mouth")["off"][1] == 0


class Mouth:
    """How far the mouths of plate and output are apart."""

    group = "performance"
    weight = 1.0

    def look(self, pair: Pair) -> Numbers:
        return {"off": pair.swap.readings["one"].mouth - pair.plate.readings["one"].mouth}

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        return Score.unknown("not asked")
