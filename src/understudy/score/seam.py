"""Can one see where the new face ends: how much brighter or darker it is there, and how suddenly.

A paste is `plate + matte * difference`, so the step that the eye sees at its edge is the
difference just inside times the matte's own steepness. The difference is averaged by sectors
around the face: features cancel out, other light does not. Looking for edges in the output itself
was tried, and failed: brows and jaws that moved are stronger edges than most seams.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.score import Figure, Group, Numbers, Pair, Score, Table
from understudy.score.agreement import column, mean
from understudy.score.regions import check_pair, luma

_SECTORS = 16
_REACH = 0.06
"""How far inside the edge the difference is taken, as a share of the crop's side."""
_SOFT = 0.7
"""Sigma that a matte without any softness is seen with, in pixels."""
_FREE, _WORST = 0.4, 4.0
"""Levels of 255 a pixel of the crop; ten levels across a hard edge are about 5."""


class Seam:
    """Steps across the matte's edge; see `score.Scorer`."""

    group: Group = "picture"
    weight = 0.2

    def look(self, pair: Pair) -> Numbers:
        """The mean step over sectors; see `score.Scorer.look`."""
        size = check_pair(pair)
        inside = (pair.matte > 0.5).astype(np.uint8)
        if not inside.any() or inside.all():
            return {"step": float("nan")}
        away = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
        rim = np.where((away > 0) & (away <= _REACH * size), pair.matte, 0)
        x, y = _gradient(np.asarray(cv2.GaussianBlur(pair.matte, (0, 0), _SOFT), np.float32))
        steep = np.hypot(x, y)
        sector = _sectors(inside)
        difference = luma(pair.swap.crop) - luma(pair.plate.crop)
        offset = _sums(difference * rim, sector) / np.maximum(_sums(rim, sector), 1e-6)
        slope = _sums(steep * steep, sector) / np.maximum(_sums(steep, sector), 1e-6)
        return {"step": float(np.abs(offset * slope).mean())}

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        """The mean over faces; see `score.Scorer.judge`."""
        step = mean(column(swap, "step"))
        if not np.isfinite(step):
            return Score.unknown("no face was seen in both films")
        value = float(np.clip(1 - (step - _FREE) / (_WORST - _FREE), 0, 1))
        same = mean(column(floor, "step"))
        figures = (Figure("step across the edge", step, same, unit="levels/px"),)
        seen = "no edge to see" if step < _FREE else f"a step of {step:.1f} levels a pixel"
        return Score(value, figures, f"{seen} where the new face ends")


def _gradient(picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    x, y = (cv2.Sobel(picture, cv2.CV_32F, dx, 1 - dx, ksize=3, scale=1 / 8) for dx in (1, 0))
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _sectors(inside: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(c, c) number of the sector around the face's middle that each place lies in."""
    rows, columns = np.mgrid[: len(inside), : len(inside)] + 0.5
    total = float(inside.sum())
    middle = (rows * inside).sum() / total, (columns * inside).sum() / total
    turn = (np.arctan2(rows - middle[0], columns - middle[1]) / (2 * np.pi)) % 1
    return np.minimum((turn * _SECTORS).astype(np.int64), _SECTORS - 1)


def _sums(values: NDArray[np.floating], sector: NDArray[np.int64]) -> NDArray[np.float64]:
    sums = np.bincount(sector.ravel(), values.ravel().astype(np.float64), _SECTORS)
    return np.asarray(sums, np.float64)
