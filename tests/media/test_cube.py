"""Look-up tables: files of strangers, colours through them, and the way back of a face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.imaging.composite import Patch
from understudy.media.colour.cube import Cube, read_cube
from understudy.media.colour.lut import lut_of
from understudy.media.colour.plate import Log


def table(path: Path, text: str) -> Cube:
    path.write_text(text, "utf-8")
    return read_cube(path)


def log_like(steps: int = 17) -> str:
    """A curve, a matrix and a shoulder, as cameras' tables are."""
    at = np.linspace(0, 1, steps)
    blue, green, red = np.meshgrid(at, at, at, indexing="ij")
    light = 0.18 * 2 ** (10 * (np.stack([red, green, blue], -1) - 0.4))
    light = light @ np.array([[1.5, -0.4, -0.1], [-0.1, 1.3, -0.2], [0, -0.2, 1.2]]).T
    shown = np.clip(1.3 * np.maximum(light, 0) / (1 + np.maximum(light, 0)), 0, 1) ** (1 / 2.2)
    rows = "\n".join("{:.6f} {:.6f} {:.6f}".format(*row) for row in shown.reshape(-1, 3))
    return f'TITLE "x"\n# made for a test\nLUT_3D_SIZE {steps}\n\n{rows}\n'


def codes(values: list[float]) -> np.ndarray:
    return np.rint(np.array([[values]]) * 65535).astype(np.uint16)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(table(tmp_path_factory.mktemp("lut") / "log.cube", log_like()))


def test_red_goes_fastest_and_colours_between_are_mixed(tmp_path):
    corners = [(r, g, b) for b in (0, 1) for g in (0, 1) for r in (0, 1)]
    rows = "\n".join(f"{r} {g / 2} {b / 4}" for r, g, b in corners)
    lut = lut_of(table(tmp_path / "a.cube", f"LUT_3D_SIZE 2\n{rows}"))
    seen = lut(codes([0.2, 0.6, 0.8])) / 65535
    assert seen[0, 0] == pytest.approx([0.2, 0.3, 0.2], abs=1e-4)
    assert (lut(np.full((1, 1, 3), 255, np.uint8)) == [65535, 32768, 16384]).all()


def test_a_table_by_channel_and_its_range(tmp_path):
    text = "LUT_1D_SIZE 3\nDOMAIN_MIN 0.2 0.2 0.2\nDOMAIN_MAX 0.6 0.6 1\n0 0 0\n0.9 .5 .5\n1 1 1\n"
    lut = lut_of(table(tmp_path / "a.cube", text))
    for given, wanted in (([0.1] * 3, [0, 0, 0]), ([0.4, 0.4, 0.6], [0.9, 0.5, 0.5])):
        assert lut(codes(given))[0, 0] / 65535 == pytest.approx(wanted, abs=1e-4)
    ranges = "LUT_1D_INPUT_RANGE 0 0.5\nLUT_3D_INPUT_RANGE 0 1\n"
    both = f"LUT_1D_SIZE 2\nLUT_3D_SIZE 2\n{ranges}0 0 0\n1 1 1\n"
    corners = "".join(f"{1 - r} {g} {b}\n" for b in (0, 1) for g in (0, 1) for r in (0, 1))
    lut = lut_of(table(tmp_path / "b.cube", both + corners))
    assert lut(codes([0.1, 0.25, 0.4]))[0, 0] / 65535 == pytest.approx([0.8, 0.5, 0.8], abs=1e-4)


@pytest.mark.parametrize(
    "text,words",
    [
        ("", "LUT_3D_SIZE or LUT_1D_SIZE"),
        ("LUT_3D_SIZE 400\n", r"line 1: expected LUT_3D_SIZE 2 to 129, got '400'"),
        ("LUT_3D_SIZE ²\n", "line 1: expected LUT_3D_SIZE"),
        ("LUT_3D_SIZE 2\nLUT_3D_SIZE 2\n", "line 2: expected LUT_3D_SIZE once"),
        ("# x\nLUT_1D_SIZE 2\n0 0\n", "line 3: expected 3 numbers, got '0 0'"),
        ("LUT_1D_SIZE 2\n0 0 nan\n", "line 2: expected 3 numbers"),
        ("LUT_1D_SIZE 2\n0 0 1e9\n", "line 2: expected 3 numbers"),
        ("LUT_1D_SIZE 2\n0 0 1_0\n", "line 2: expected 3 numbers"),
        ("LUT_1D_SIZE 2\n0 0 0\n", "line 2: expected 2 rows of numbers in all, got 1"),
        ("LUT_1D_SIZE 2\n0 0 0\n1 1 1\n1 1 1\n", "expected 2 rows of numbers in all, got 3"),
        ("0 0 0\n", "line 1: expected LUT_3D_SIZE or LUT_1D_SIZE before the first row"),
        ("LUT_1D_SIZE 2\n0 0 0\nTITLE x\n", "line 3: expected a row of three numbers"),
        ("GIMME 3\n", "line 1: expected a word of a .cube file, such as LUT_3D_SIZE, got 'GIMME'"),
        ("LUT_1D_SIZE 2\nDOMAIN_MIN 1 1 1\n0 0 0\n1 1 1\n", "expected an input that rises"),
        ("TITLE " + "x" * 600, "line 1: expected lines of 500 characters at most"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(tmp_path, text, words):
    with pytest.raises(MediaError, match=words):
        table(tmp_path / "bad.cube", text)


def test_a_table_that_is_not_there_or_too_large_is_refused(tmp_path, monkeypatch):
    with pytest.raises(MediaError, match="there is no such file"):
        read_cube(tmp_path / "none.cube")
    monkeypatch.setattr("understudy.media.colour.cube.MOST_BYTES", 10)
    with pytest.raises(MediaError, match="at most"):
        table(tmp_path / "large.cube", "# " + "x" * 20)


def test_a_face_goes_back_through_the_table(log):
    rng = np.random.default_rng(3)
    skin = np.linspace(0.35, 0.85, 50)[:, None, None] * np.array([0.95, 0.75, 0.65])
    skin = np.clip(skin + rng.normal(0, 0.02, (50, 50, 3)), 0.2, 0.9).astype(np.float32)
    there = np.rint(log.coded(skin) * 65535).astype(np.uint16)
    assert abs(log.seen(there) / 65535 - skin).max() < 1.5 / 255


def test_what_a_face_does_not_change_keeps_its_code_values(log):
    rng = np.random.default_rng(4)
    pixels = rng.integers(10000, 60000, (40, 40, 3), np.uint16)  # much of it clipped by the table
    alpha = np.zeros((30, 30), np.float32)
    alpha[:, 10:] = np.linspace(0, 1, 20, dtype=np.float32)
    patch = Patch(5, 5, alpha)
    same = log.laid(pixels, log.seen(patch.window(pixels)) / np.float32(65535), patch)
    assert abs(same.astype(int) - pixels).max() <= 1
    grey = log.laid(pixels, np.full((30, 30, 3), 0.5, np.float32), patch)
    outside = np.ones((40, 40), bool)
    outside[5:35, 16:35] = False
    assert (grey == pixels)[outside].all()
    middle = log.seen(grey[5:35, 34:35]) / 65535
    assert abs(middle - 0.5).max() < 0.05
