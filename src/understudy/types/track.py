"""One face followed through one shot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.types.check import frozen_array, shown


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A face followed through one shot; `Face.track` holds its number.

    Attributes:
        number: unique within a source, in order of appearance.
        shot: number of the shot it lies in.
        person: which person it shows, the same for all tracks of one person; None before tracks
            were joined.
        embedding: (d,) float32 mean identity vector of the faces embedded, or None.
        weight: how many faces that is a mean of.
    """

    number: int
    shot: int
    person: int | None = None
    embedding: NDArray[Any] | None = None
    weight: float = 0.0

    def __post_init__(self) -> None:
        if self.embedding is not None:
            vector = frozen_array("embedding", self.embedding, (None,), np.float32)
            object.__setattr__(self, "embedding", vector)

    def __repr__(self) -> str:
        return (
            f"Track({self.number}, shot {self.shot}, person {self.person}, embedding "
            f"{shown(self.embedding)})"
        )
