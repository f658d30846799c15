"""Small charts: two curves over time above each other, for reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 1200, 190, 70, 26, 16
_PAPER, _GRID, _INK = (24, 24, 24), (58, 58, 58), (235, 235, 235)
COLOURS = ((150, 200, 255), (255, 170, 70))
"""Of the first and the second curve; told apart by lightness as well."""


def chart(
    seconds: Sequence[float],
    panels: Mapping[str, Mapping[str, Sequence[float]]],
) -> NDArray[np.uint8]:
    """Draw panels below each other, each with up to two curves in one scale.

    Args:
        seconds: (n,) times, rising.
        panels: captions to curves by name, (n,) each; what is not finite is left open.

    Returns:
        (h, 1200, 3) uint8 RGB.
    """
    step = _HEIGHT + _TOP + _GAP
    picture = np.full((max(1, len(panels)) * step + _GAP, _WIDTH, 3), _PAPER, np.uint8)
    for number, (caption, curves) in enumerate(panels.items()):
        _panel(picture, _GAP + number * step, caption, np.asarray(seconds, float), curves)
    return picture


def _panel(
    picture: NDArray[np.uint8],
    top: int,
    caption: str,
    seconds: NDArray[Any],
    curves: Mapping[str, Sequence[float]],
) -> None:
    box = (_LEFT, top + _TOP, _WIDTH - _GAP, top + _TOP + _HEIGHT)
    cv2.rectangle(picture, box[:2], box[2:], _GRID, 1)
    _text(picture, caption, (_LEFT, top + 18), _INK)
    known = np.concatenate([np.asarray(c, float) for c in curves.values()] or [np.zeros(0)])
    known = known[np.isfinite(known)]
    if not len(known) or not len(seconds):
        _text(picture, "not known", (_LEFT + 200, top + 18), _INK)
        return
    low, high = float(known.min()), float(known.max())
    room = 0.06 * max(high - low, 1e-6)
    low, high = low - room, high + room
    for value in (low + room, high - room):
        y = _place(value, low, high, box)
        cv2.line(picture, (box[0], y), (box[2], y), _GRID, 1)
        _text(picture, f"{value:.3g}", (6, y + 5), _INK)
    span = max(float(seconds[-1] - seconds[0]), 1e-6)
    x = box[0] + (seconds - seconds[0]) / span * (box[2] - box[0])
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        _text(picture, name, (_LEFT + 330 + 130 * number, top + 18), colour)
        ys = np.array([_place(v, low, high, box) if np.isfinite(v) else -1 for v in curve])
        for part in _unbroken(ys):
            line = np.stack([x[part], ys[part]], 1).round().astype(np.int32)
            cv2.polylines(picture, [line[:, None]], False, colour, 2, cv2.LINE_AA)
    end = f"{seconds[0]:.1f} to {seconds[-1]:.1f} s"
    _text(picture, end, (_WIDTH - 190, top + 18), _INK)


def _place(value: float, low: float, high: float, box: tuple[int, int, int, int]) -> int:
    return round(box[3] - (value - low) / (high - low) * (box[3] - box[1]))


def _unbroken(ys: NDArray[Any]) -> list[slice]:
    """Runs of places that are known."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (ys >= 0).astype(int), [0]])))
    return [slice(a, b) for a, b in edges.reshape(-1, 2)]


def _text(
    picture: NDArray[np.uint8], text: str, at: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)
