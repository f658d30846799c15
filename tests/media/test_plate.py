"""HDR keeps its own light: what no face changes comes back, what one does is mixed as light."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.imaging.composite import Patch
from understudy.media.colour.plate import HighRange
from understudy.media.colour.tonemap import hlg_scene, pq_nits

TEN_BITS = 64


def grounds() -> list[HighRange]:
    return [HighRange(curve, primaries) for curve in ("pq", "hlg") for primaries in (9, 12)]


@pytest.fixture
def skin() -> np.ndarray:
    """Rec.709 as faces have it, of some grain."""
    rng = np.random.default_rng(7)
    base = np.linspace(0.1, 0.9, 40)[:, None, None] * np.array([0.95, 0.75, 0.65])
    return np.clip(base + rng.normal(0, 0.02, (40, 40, 3)), 0.01, 0.97).astype(np.float32)


@pytest.mark.parametrize("ground", grounds(), ids=lambda g: g.name)
def test_rec709_goes_into_the_films_light_and_back(ground, skin):
    codes = np.rint(ground.coded(skin) * 65535).astype(np.uint16)
    back = ground.seen(codes)
    assert back.dtype == np.uint16
    assert abs(back / 65535 - skin).max() < 1 / 510


@pytest.mark.parametrize("ground", grounds(), ids=lambda g: g.name)
def test_a_face_that_changes_nothing_gives_the_film_back(ground, skin):
    codes = np.rint(ground.coded(skin) * 65535).astype(np.uint16)
    alpha = np.linspace(0, 1, 40 * 40, dtype=np.float32).reshape(40, 40)
    made = ground.laid(codes, ground.seen(codes) / np.float32(65535), Patch(0, 0, alpha))
    assert abs(made.astype(int) - codes).max() < TEN_BITS / 4
    eight = (codes // 257).astype(np.uint8)
    seen = ground.seen(eight) / np.float32(65535)
    assert (ground.laid(eight, seen, Patch(0, 0, alpha)) == eight).all()


def test_pixels_that_a_face_does_not_cover_keep_their_code_values():
    ground, rng = HighRange("pq", 9), np.random.default_rng(1)
    codes = rng.integers(0, 65536, (50, 60, 3), np.uint16)
    before, alpha = codes.copy(), np.zeros((20, 20), np.float32)
    alpha[5:15, 5:15] = 0.5
    made = ground.laid(codes, np.full((20, 20, 3), 0.5, np.float32), Patch(30, 20, alpha))
    assert (codes == before).all()
    changed = (made != before).any(-1)
    assert changed[25:35, 35:45].mean() > 0.9
    changed[25:35, 35:45] = False
    assert not changed.any()


@pytest.mark.parametrize("curve,light", [("pq", pq_nits), ("hlg", hlg_scene)])
def test_edges_are_mixed_as_light(curve, light):
    ground = HighRange(curve, 9)
    dark, bright = (ground.coded(np.full((1, 1, 3), v, np.float32)) for v in (0.2, 0.8))
    codes = np.rint(dark * 65535).astype(np.uint16)
    half = Patch(0, 0, np.full((1, 1), 0.5, np.float32))
    made = ground.laid(codes, np.full((1, 1, 3), 0.8, np.float32), half) / 65535
    middle = (light(dark.astype(float)) + light(bright.astype(float))) / 2
    assert light(made) == pytest.approx(middle, rel=1e-3)


@pytest.mark.parametrize("curve", ["pq", "hlg"])
def test_white_of_a_face_is_no_brighter_than_the_film_in_its_place(curve):
    ground = HighRange(curve, 9)
    white, whole = np.ones((2, 2, 3), np.float32), Patch(0, 0, np.ones((2, 2), np.float32))

    def laid_on(nits_709: float) -> np.ndarray:
        codes = np.rint(ground.coded(np.full((2, 2, 3), nits_709, np.float32)) * 65535)
        return ground.laid(codes.astype(np.uint16), white, whole) / 65535

    # BT.2408-7 table 1: diffuse white is 58 % of PQ and 75 % of HLG
    assert laid_on(0.3) == pytest.approx({"pq": 0.58, "hlg": 0.75}[curve], abs=0.002)
    lamp = ground.coded(np.full((2, 2, 3), 0.98, np.float32))
    assert laid_on(0.98) == pytest.approx(lamp, abs=0.002)
