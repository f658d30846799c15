"""Detections as a struct of arrays, and one face with all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import N_LANDMARKS
from understudy.types.alignment import Alignment
from understudy.types.check import frozen_array, shown
from understudy.types.frame import Timestamp
from understudy.types.mask import Mask

AUTOMATIC = "automatic"
"""In `Face.extras`: (136,) landmarks as they were found, x and y in turn, frame pixels, of a face
whose landmarks were set by hand since. They do not go out of date."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """N faces of one frame as one struct of arrays; `len`, NumPy indexing, `concat`.

    Attributes:
        boxes_xyxy: (n, 4) float64 frame pixels.
        scores: (n,) float64 confidence, 0..1 where the detector has a probability.
        landmarks: (n, 68, 2) float64 frame pixels, or None before the aligner ran. An aligner that
            is given landmarks may start from them: a tracker says so where the face was last.
        embeddings: (n, d) float32 identity vectors, or None.
        presence: (n,) float64 how sure the aligner is that its landmarks lie on a face, 0..1, or
            None where it cannot tell.
        extras: more that an aligner knows, by name: (n, ...) float32 each, such as "depth" (n, 68)
            in frame pixels or "blendshapes" (n, 52).
    """

    boxes_xyxy: NDArray[Any]
    scores: NDArray[Any]
    landmarks: NDArray[Any] | None = None
    embeddings: NDArray[Any] | None = None
    presence: NDArray[Any] | None = None
    extras: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def put(name: str, array: NDArray[Any]) -> None:
            object.__setattr__(self, name, array)

        put("boxes_xyxy", frozen_array("boxes_xyxy", self.boxes_xyxy, (None, 4), np.float64))
        n = len(self.boxes_xyxy)
        put("scores", frozen_array("scores", self.scores, (n,), np.float64))
        if self.landmarks is not None:
            shape = (n, N_LANDMARKS, 2)
            put("landmarks", frozen_array("landmarks", self.landmarks, shape, np.float64))
        if self.embeddings is not None:
            put("embeddings", frozen_array("embeddings", self.embeddings, (n, None), np.float32))
        if self.presence is not None:
            put("presence", frozen_array("presence", self.presence, (n,), np.float64))
        extras = {
            name: frozen_array(name, values, (n, *np.shape(values)[1:]), np.float32)
            for name, values in self.extras.items()
        }
        object.__setattr__(self, "extras", extras)

    def __repr__(self) -> str:
        known = {
            "landmarks": self.landmarks is not None,
            "embeddings": self.embeddings is not None,
            "presence": self.presence is not None,
        }
        having = [name for name, there in known.items() if there] + list(self.extras)
        return f"Faces({len(self)}{', with ' + ', '.join(having) if having else ''})"

    @classmethod
    def none(cls) -> Faces:
        """No face at all."""
        return cls(np.zeros((0, 4)), np.zeros(0))

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: int | slice | Sequence[int] | NDArray[Any]) -> Faces:
        """NumPy indexing over faces; an int gives a Faces of one."""
        if isinstance(index, (int, np.integer)):
            index = [int(index)]
        return Faces(
            self.boxes_xyxy[index],
            self.scores[index],
            None if self.landmarks is None else self.landmarks[index],
            None if self.embeddings is None else self.embeddings[index],
            None if self.presence is None else self.presence[index],
            {name: values[index] for name, values in self.extras.items()},
        )

    @staticmethod
    def concat(parts: Sequence[Faces]) -> Faces:
        """All faces of all parts, in order; a field must be set in all parts or in none."""
        if not parts:
            return Faces.none()

        def join(arrays: list[NDArray[Any] | None]) -> NDArray[Any] | None:
            known = [a for a in arrays if a is not None]
            if known and len(known) != len(arrays):
                raise ValueRefused("Faces.concat: a field is set in some parts but not in others")
            return np.concatenate(known) if known else None

        return Faces(
            np.concatenate([p.boxes_xyxy for p in parts]),
            np.concatenate([p.scores for p in parts]),
            join([p.landmarks for p in parts]),
            join([p.embeddings for p in parts]),
            join([p.presence for p in parts]),
            {
                name: joined
                for name in dict.fromkeys(n for p in parts for n in p.extras)
                if (joined := join([p.extras.get(name) for p in parts])) is not None
            },
        )


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in one frame, with all that is known of it.

    Attributes:
        id: "<frame index>_<face index>", unique within a source.
        at: the frame's place in time.
        box_xyxy: (4,) float64 detection box, frame pixels.
        score: the detector's confidence.
        alignment: landmarks and fit.
        masks: by kind.
        embedding: (d,) float32 identity vector, or None when it was not asked for.
        quality: named numbers, such as "sharpness" or "average_distance".
        track: which track it belongs to, None before tracking.
        made_by: step ("detect", "align", ...) to "plug-in name@version", so that what must be
            redone after an edit is known.
        extras: more that the aligner knew, by name: 1-d float32 each, such as "depth" (68,) or
            "blendshapes" (52,), and `AUTOMATIC`.
        stale: what was made from landmarks that have changed since: "embedding", "mask:<kind>",
            "extra:<name>".
    """

    id: str
    at: Timestamp
    box_xyxy: NDArray[Any]
    score: float
    alignment: Alignment
    masks: Mapping[str, Mask] = field(default_factory=dict)
    embedding: NDArray[Any] | None = None
    quality: Mapping[str, float] = field(default_factory=dict)
    track: int | None = None
    made_by: Mapping[str, str] = field(default_factory=dict)
    extras: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        box = frozen_array("box_xyxy", self.box_xyxy, (4,), np.float64)
        object.__setattr__(self, "box_xyxy", box)
        if self.embedding is not None:
            vector = frozen_array("embedding", self.embedding, (None,), np.float32)
            object.__setattr__(self, "embedding", vector)
        extras = {
            name: frozen_array(name, values, (None,), np.float32)
            for name, values in self.extras.items()
        }
        object.__setattr__(self, "extras", extras)
        object.__setattr__(self, "stale", frozenset(self.stale))

    def __repr__(self) -> str:
        box = ", ".join(f"{side:.1f}" for side in self.box_xyxy)
        parts = [f"{self.id!r}", f"frame {self.at.index}", f"box_xyxy ({box})"]
        parts.append(f"score {self.score:.3f}")
        parts += [] if self.track is None else [f"track {self.track}"]
        parts += [f"masks {' '.join(self.masks)}"] if self.masks else []
        parts += [] if self.embedding is None else [f"embedding {shown(self.embedding)}"]
        parts += [f"{name} {value:.3g}" for name, value in self.quality.items()]
        parts += [f"extras {' '.join(self.extras)}"] if self.extras else []
        parts += [f"stale {' '.join(sorted(self.stale))}"] if self.stale else []
        return f"Face({', '.join(parts)})"

    def realigned(self, alignment: Alignment, made_by: str) -> Face:
        """This face with other landmarks; all that was derived from the old ones is now stale.

        Args:
            alignment: the new landmarks and fit.
            made_by: who set them, such as "hand" or "spatial@1".
        """
        derived = {f"mask:{kind}" for kind in self.masks} | {
            f"extra:{name}" for name in self.extras if name != AUTOMATIC
        }
        if self.embedding is not None:
            derived.add("embedding")
        return replace(
            self,
            alignment=alignment,
            made_by={**self.made_by, "align": made_by},
            stale=self.stale | derived,
        )
