"""What the model folder keeps of scores: their curve, and the best model beside the last one."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from understudy.errors import StoreError
from understudy.files import make_folder, read_json
from understudy.nn import checkpoint
from understudy.store.atomic import commit_bytes, explain

CURVE = "scores.json"
FORMAT = 1
_MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Point:
    """One scoring.

    Attributes:
        step: iterations the model had had.
        trained_s: seconds it had been trained.
        combined: 0..100; not a number where it could not be told.
        parts: each part of the score, 0..1.
        key: which faces were looked at and how, see `Judge.key`.
    """

    step: int
    trained_s: float
    combined: float
    parts: Mapping[str, float] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Best:
    """The best model so far.

    Attributes:
        step: iterations it had had.
        combined: its score.
        key: see `Point.key`.
    """

    step: int
    combined: float
    key: str


def read_curve(folder: Path) -> list[Point]:
    """All scorings of a model in their order; none where nothing can be read of them.

    A curve is for looking at: one that is damaged must not keep anybody from training.
    """
    try:
        plain = read_json(folder / CURVE, _MAX_BYTES)
        if plain["format"] != FORMAT:
            return []
        return [_point(point) for point in plain["points"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write_curve(folder: Path, points: list[Point]) -> None:
    """Keep the scorings.

    Raises:
        DiskFull: no room; what was there is untouched.
    """
    plain = [{k: _plain(v) for k, v in asdict(point).items()} for point in points]
    text = json.dumps({"format": FORMAT, "points": plain}, indent=1, allow_nan=False)
    commit_bytes(folder / CURVE, text.encode())


def read_best(folder: Path) -> Best | None:
    """What the best model of a folder is worth; None where there is none, or none intact."""
    try:
        found = checkpoint.newest(folder / checkpoint.BEST)
        if found is None:
            return None
        score = found.tensors("score")
        key = bytes(score["key"].tolist()).decode()
        return Best(found.state.step, float(score["combined"]), key)
    except (StoreError, KeyError, ValueError):
        return None


def write_best(
    folder: Path,
    state: checkpoint.State,
    tensors: Mapping[str, Mapping[str, Tensor]],
    point: Point,
) -> None:
    """Keep what converts of a checkpoint as the best one; the one before goes when this is whole.

    Args:
        folder: the model folder.
        state: of the checkpoint.
        tensors: all that the checkpoint holds.
        point: its score.

    Raises:
        DiskFull: no room; the best one before is untouched.
    """
    what = "ema" if "ema" in tensors else "weights"
    score = {
        "combined": torch.tensor(point.combined, dtype=torch.float64),
        "key": torch.tensor(list(point.key.encode()), dtype=torch.uint8),
    }
    place = folder / checkpoint.BEST
    try:
        make_folder(place)
    except OSError as error:
        raise explain(error, place) from error
    checkpoint.save(place, state, {what: tensors[what], "score": score})
    kept = place / checkpoint.name_of(state.step)
    for path in checkpoint.steps(place):
        if path != kept:
            checkpoint.remove(path)


def short_key(text: str) -> str:
    """A short name for what a text says."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _point(plain: Any) -> Point:
    combined = math.nan if plain["combined"] is None else float(plain["combined"])
    parts = {str(name): float(value) for name, value in plain["parts"].items()}
    return Point(int(plain["step"]), float(plain["trained_s"]), combined, parts, str(plain["key"]))


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
