"""New faces apart from their frames, put back by the script of the guide, with OpenCV alone."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.geometry.templates import MEAN_FACE_51, MEAN_JAW_17
from understudy.imaging.composite import Patch, laid
from understudy.imaging.png import encode_png
from understudy.media import probe
from understudy.types import Alignment, Cutout, Face, Frame, Timestamp
from understudy.write.options import PatchOptions
from understudy.write.patch import PatchWriter

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "vfx.md"
RNG = np.random.default_rng(5)


def script() -> dict:
    """The guide's own lines, run."""
    (found,) = re.findall(r"```python\n(import json.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    names: dict = {}
    exec(found, names)  # noqa: S102 - our own guide
    return names


def smooth(height, width, n=3):
    small = RNG.random((height // 12 + 2, width // 12 + 2, n)).astype(np.float32)
    return np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


@pytest.fixture(scope="module")
def plate():
    return (smooth(240, 320) * 255).round().astype(np.uint8)


@pytest.fixture(scope="module")
def info(plate, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plates")
    for name in ("shot-1.1001.png", "shot-1.1002.png"):
        (folder / name).write_bytes(encode_png(plate))
    return probe(folder)


def cutouts(plate) -> tuple[Cutout, ...]:
    """A turned face of soft edges, and one over its corner."""
    found = []
    for n, (left, top, turn) in enumerate([(90, 40, 0.4), (170, 100, -0.3)]):
        points = np.vstack([MEAN_JAW_17, MEAN_FACE_51]) * 90 - 45
        c, s = np.cos(turn), np.sin(turn)
        points = points @ np.array([[c, s], [-s, c]]) + [left + 50, top + 50]
        rows, columns = np.mgrid[:100, :100] - 49.5
        alpha = np.clip(3 - np.hypot(rows, columns) / 16, 0, 1).astype(np.float32)
        at = Timestamp(0, 0, Fraction(1, 25))
        space = Frame(at, plate, "x").space
        box = np.array([left, top, left + 100, top + 100.0])
        face = Face(f"0_{n}", at, box, 1.0, Alignment.fit(points, space), track=n)
        found.append(Cutout(face, "bob", left, top, smooth(100, 100), alpha))
    return tuple(found)


def written(info, plate, tmp_path, **options) -> tuple[Path, np.ndarray]:
    """A folder of patches, and the frame with these faces in it."""
    writer = PatchWriter(info, PatchOptions(**options))
    faces = cutouts(plate)
    made = plate
    for one in faces:
        made = laid(made, one.rgb, Patch(one.left, one.top, one.alpha))
    frames = [
        Frame(Timestamp(0, 0, Fraction(1, 25)), plate, "shot-1.1001.png", cutouts=faces),
        Frame(Timestamp(1, 1, Fraction(1, 25)), plate, "shot-1.1002.png"),
    ]
    (tmp_path / "work").mkdir()
    writer.write_segment(tmp_path / "work", 0, frames)
    pairs = writer.finish(tmp_path / "work", 1, tmp_path / "out")
    assert [(p.name, s.name) for p, s in pairs] == [
        (f"shot-1.1001-{n}.png", "shot-1.1001.png") for n in (0, 1)
    ]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        *("shot-1.1001-0.png", "shot-1.1001-1.png", "shot-1.1001.json", "shot-1.1002.json")
    ]
    return tmp_path / "out", made


@pytest.mark.parametrize(("bits", "share"), [("16", 0.002), ("8", 0.3)])
def test_the_guides_script_gets_the_converted_frame(info, plate, tmp_path, bits, share):
    folder, made = written(info, plate, tmp_path, patch_bits=bits)
    back = script()["with_faces"](plate, folder / "shot-1.1001.json")
    apart = np.abs(back.astype(int) - made)
    # of 16 bits only what lies between two levels may fall to the other
    assert back.dtype == np.uint8 and apart.max() <= 1 and apart.mean() < share
    assert np.abs(made.astype(int) - plate).max() > 60
    nobody = script()["with_faces"](plate, folder / "shot-1.1002.json")
    assert np.array_equal(nobody, plate)


def test_an_upright_square_goes_back_by_its_matrix(info, plate, tmp_path):
    folder, made = written(info, plate, tmp_path, square=256)
    plain = json.loads((folder / "shot-1.1001.json").read_text())
    for face in plain["faces"]:
        assert face["size"] == [256, 256]
        patch_from_frame = np.linalg.inv(face["frame_from_patch"])
        points = np.c_[face["landmarks"], np.ones(68)] @ patch_from_frame.T
        eyes = points[36:42].mean(0), points[42:48].mean(0)
        assert abs(eyes[0][1] - eyes[1][1]) < 4 and eyes[0][0] < eyes[1][0], "it is upright"
    back = script()["with_faces"](plate, folder / "shot-1.1001.json")
    apart = np.abs(back.astype(int) - made)
    # sampled twice, so not to the bit; half a pixel beside it would be seen
    assert apart.mean() < 0.15 and apart.max() <= 6
    moved = np.abs(np.roll(made, 1, 1).astype(int) - made)
    assert moved.max() > 12


def test_the_json_says_what_it_is(info, plate, tmp_path):
    folder, _ = written(info, plate, tmp_path)
    plain = json.loads((folder / "shot-1.1001.json").read_text())
    assert plain["frame_size"] == [320, 240] and plain["alpha"] == "straight"
    assert "replaced with other persons" in plain["notice"]
    first = plain["faces"][0]
    assert (first["shows"], first["track"], first["face"]) == ("bob", 0, "0_0")
    assert first["frame_from_patch"] == [[1, 0, 90], [0, 1, 40], [0, 0, 1]]
    unit = np.c_[first["landmarks"], np.ones(68)] @ np.array(first["unit_from_frame"]).T
    assert np.abs(unit[17:, :2] - MEAN_FACE_51).max() < 0.02
