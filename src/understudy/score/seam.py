"""Can one see where the new face ends: steps across the matte's edge that the plate does not have.

Texture crosses an edge now one way, now the other; a seam keeps its direction. So gradients across
the edge are averaged by sectors around the face before they are compared.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.score import Figure, Group, Numbers, Pair, Score, Table
from understudy.score.agreement import column, mean
from understudy.score.regions import check_pair, luma, weighted

_SIGMA = 1.5
_SECTORS = 24
_WORST = 4.0
"""Levels of 255 a pixel of the crop; a hard edge of ten levels gives about 2.5."""
_FREE = 0.3


class Seam:
    """Steps across the matte's edge; see `score.Scorer`."""

    group: Group = "picture"
    weight = 0.2

    def look(self, pair: Pair) -> Numbers:
        """The excess over the plate's own steps; see `score.Scorer.look`."""
        check_pair(pair)
        soft = np.asarray(cv2.GaussianBlur(pair.matte, (0, 0), _SIGMA), np.float32)
        x, y = _gradient(soft)
        steep = np.hypot(x, y)
        # weights by steepness: the middle of a hard edge, all of a feathered one
        edge = np.where(steep > 0.1 * max(float(steep.max()), 1e-6), steep, 0)
        across = (x / np.maximum(steep, 1e-6), y / np.maximum(steep, 1e-6))
        plate, swap = (_across(s.crop, across) for s in (pair.plate, pair.swap))
        found = [
            abs(weighted(swap, edge * sector)) - abs(weighted(plate, edge * sector))
            for sector in _sectors(pair.matte)
            if (edge * sector).sum() > 0
        ]
        return {"step": float(np.mean(np.maximum(found, 0))) if found else float("nan")}

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        """The mean over faces; see `score.Scorer.judge`."""
        step = mean(column(swap, "step"))
        if not np.isfinite(step):
            return Score.unknown("no face was seen in both films")
        value = float(np.clip(1 - (step - _FREE) / (_WORST - _FREE), 0, 1))
        same = mean(column(floor, "step"))
        figures = (Figure("step across the edge", step, same, unit="levels/px"),)
        seen = "no edge to see" if step < _FREE else f"a step of {step:.1f} levels a pixel"
        return Score(value, figures, f"{seen} where the new face ends, beyond the plate's own")


def _gradient(picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    x, y = (cv2.Sobel(picture, cv2.CV_32F, dx, 1 - dx, ksize=3, scale=1 / 8) for dx in (1, 0))
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _across(
    crop: NDArray[np.uint8], direction: tuple[NDArray[Any], NDArray[Any]]
) -> NDArray[np.float32]:
    soft = np.asarray(cv2.GaussianBlur(luma(crop), (0, 0), _SIGMA), np.float32)
    x, y = _gradient(soft)
    found: NDArray[np.float32] = x * direction[0] + y * direction[1]
    return found


def _sectors(matte: NDArray[np.float32]) -> list[NDArray[np.bool_]]:
    rows, columns = np.mgrid[: len(matte), : len(matte)] + 0.5
    total = max(float(matte.sum()), 1e-6)
    middle = (rows * matte).sum() / total, (columns * matte).sum() / total
    turn = (np.arctan2(rows - middle[0], columns - middle[1]) / (2 * np.pi)) % 1
    which = np.minimum((turn * _SECTORS).astype(int), _SECTORS - 1)
    return [which == sector for sector in range(_SECTORS)]
