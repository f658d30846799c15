"""What every colour matcher keeps to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.colour import ColourMatcher

_SIZES_HW = ((64, 64), (37, 53), (1, 1))


def check_colour(matcher: ColourMatcher) -> None:
    """Pictures of the same size, in range, that hang on nothing outside the mask.

    Makes its own pictures: soft patches of skin-like colours, a donor that is lighter and redder
    than the face it replaces.

    Args:
        matcher: under test.
    """
    for height, width in _SIZES_HW:
        swapped, original, mask = _crops(height, width)
        kept = swapped.copy(), original.copy(), mask.copy()
        out = matcher.match(swapped, original, mask)
        for given, before in zip((swapped, original, mask), kept, strict=True):
            assert np.array_equal(given, before), "what was given must not be changed"
        _in_order(out, swapped.shape)
        assert np.array_equal(matcher.match(swapped, original, mask), out), "two runs differ"
    _nothing_outside_counts(matcher)
    swapped, original, mask = _crops(64, 64)
    inside = mask > 0
    apart = _apart(swapped, original, inside)
    matched = _apart(matcher.match(swapped, original, mask), original, inside)
    assert matched <= apart + 0.01, f"colours went apart in the mask: {apart:.3f} to {matched:.3f}"
    itself = matcher.match(original, original, mask)
    assert np.abs(itself - original)[inside].max() < 0.05, "a face matched to itself must stay"
    none = np.zeros((64, 64), np.float32)
    _in_order(matcher.match(swapped, original, none), swapped.shape)
    flat = np.full((64, 64, 3), 0.5, np.float32)
    for one, other in ((flat, original), (swapped, flat), (flat * 0, flat * 0)):
        _in_order(matcher.match(one, other, mask), flat.shape)


def _nothing_outside_counts(matcher: ColourMatcher) -> None:
    swapped, original, mask = _crops(64, 64)
    inside = mask > 0
    want = matcher.match(swapped, original, mask)[inside]
    for changed in (0, 1):
        pair = [swapped.copy(), original.copy()]
        pair[changed][~inside] = (1.0, 0.0, 1.0)
        got = matcher.match(pair[0], pair[1], mask)[inside]
        assert np.abs(got - want).max() < 1e-4, "pixels outside the mask change those inside"


def _in_order(out: NDArray[Any], shape: tuple[int, ...]) -> None:
    assert out.shape == shape, f"expected {shape}, got {out.shape}"
    assert out.dtype == np.float32, f"expected float32, got {out.dtype}"
    assert np.isfinite(out).all(), "not finite"
    assert out.min() >= 0 and out.max() <= 1, f"out of 0..1: {out.min()} to {out.max()}"


def _apart(one: NDArray[Any], other: NDArray[Any], inside: NDArray[np.bool_]) -> float:
    return float(np.linalg.norm(one[inside].mean(0) - other[inside].mean(0)))


def _crops(height: int, width: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    waves = np.stack([np.sin(columns / 5 + i) * np.cos(rows / (7 + i)) for i in range(3)], -1)
    swapped = np.array([0.75, 0.55, 0.45], np.float32) + 0.1 * waves
    original = np.array([0.5, 0.4, 0.35], np.float32) + 0.1 * waves[:, ::-1]
    middle = (np.array([height, width], np.float32) - 1) / 2
    away = ((rows - middle[0]) / height) ** 2 + ((columns - middle[1]) / width) ** 2
    return swapped, original, (away < 0.16).astype(np.float32)
