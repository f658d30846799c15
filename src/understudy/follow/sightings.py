"""What is seen of a face while it is followed, and how that survives an interruption."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import StoreError
from understudy.files import parse_json
from understudy.follow.left_out import Doubts
from understudy.follow.smooth import (
    REACH,
    Split,
    carried,
    head_of,
    joined,
    smoothed_head,
    split,
    square_of,
)
from understudy.geometry import N_LANDMARKS, Float64, average_distance
from understudy.geometry.facemesh import N_MESH_WITH_IRISES
from understudy.geometry.facemesh.framing import unit_from_mesh
from understudy.types import Track

FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A face in one frame, before smoothing.

    Attributes:
        frame: index.
        landmarks: (68, 2) frame pixels.
        box_xyxy: (4,) the detector's box when it last saw this face, moved and grown since as the
            landmarks were. Made from the landmarks alone it would drift: where a predictor's
            landmarks are a little large for its box, the next box would be larger, and so on.
        score: the detector's confidence when it last saw this face.
        presence: the aligner's own confidence, below 1; exactly 1 where it has none.
        how: "detected", "followed" (no detector looked), or "bridged" (between two sightings).
        embedding: identity vector, where one was made.
        extras: what else the aligner knew.
        parts: landmarks taken apart, for smoothing.
        square: (4,) head by which a face is framed whose mesh is known, see `smooth.head_of`.
    """

    frame: int
    landmarks: Float64
    box_xyxy: Float64
    score: float
    presence: float
    how: str
    embedding: NDArray[Any] | None
    extras: Mapping[str, NDArray[Any]]
    parts: Split
    square: Float64 | None = None

    @classmethod
    def of(
        cls,
        frame: int,
        landmarks: NDArray[np.floating],
        box_xyxy: NDArray[np.floating],
        score: float,
        presence: float = 1.0,
        how: str = "followed",
        embedding: NDArray[Any] | None = None,
        extras: Mapping[str, NDArray[Any]] | None = None,
    ) -> Sighting:
        """A sighting from landmarks.

        Raises:
            ValueRefused: the landmarks coincide, or the points of the mesh.
        """
        points = np.asarray(landmarks, np.float64)
        box = np.asarray(box_xyxy, np.float64)
        more = dict(extras or {})
        mesh, square = more.get("mesh"), None
        if mesh is not None and mesh.size == 3 * N_MESH_WITH_IRISES:
            square = head_of(unit_from_mesh(mesh))
        parts = split(points)
        return cls(frame, points, box, score, presence, how, embedding, more, parts, square)

    def moved_from(self, before: Sighting) -> Sighting:
        """This sighting with the box of one before, moved and grown as the landmarks were."""
        centre = before.parts.head[:2]
        grown = self.parts.size / before.parts.size
        corners = before.box_xyxy.reshape(2, 2)
        box = (corners - centre) * grown + self.parts.head[:2]
        return replace(self, box_xyxy=box.ravel())

    def toward(self, other: Sighting, share: float, frame: int) -> Sighting:
        """A guess between two sightings: the head on a straight way, the face with it.

        Args:
            other: of the same face.
            share: how far on the way to it, 0..1.
            frame: index of the guess.
        """
        one, two = self.parts, other.parts
        # the short way round
        turns = 2 * np.pi * np.round((two.head[3] - one.head[3]) / (2 * np.pi))
        head = (1 - share) * one.head + share * (two.head - np.array([0, 0, 0, turns]))
        shape = (1 - share) * one.shape + share * two.shape
        extras: dict[str, NDArray[Any]] = {}
        if "mesh" in self.extras and "mesh" in other.extras:
            ends = [carried(s.extras["mesh"], s.parts.head, head) for s in (self, other)]
            extras["mesh"] = (1 - share) * ends[0] + share * ends[1]
        score = min(self.score, other.score)
        points = joined(head, shape)
        return Sighting.of(frame, points, self.box_xyxy, score, 0.0, "bridged", None, extras)

    @property
    def distance(self) -> float:
        """Mean distance from the mean face; large where landmarks failed."""
        return average_distance(self.parts.shape)


@dataclass(slots=True)
class Trail:
    """A face being followed through one shot.

    Attributes:
        number: the track's number.
        shot: number of the shot.
        sightings: by frame; only as far back as smoothing looks.
        total: sum of the identity vectors, weighted; None before the first.
        weight: how many they were.
        confirmed: last frame in which the detector saw it too.
        verified: last frame in which its identity was found to be its own.
        missed: how often in a row the detector did not.
        lost: first frame in which it was not found any more, or None.
        doubt: whether it may have jumped since its identity was last looked at.
        open: whether it may go on.
        forward: what was followed and taken back, until it is followed backward in the same frame.
    """

    number: int
    shot: int
    sightings: dict[int, Sighting] = field(default_factory=dict)
    total: NDArray[np.float64] | None = None
    weight: float = 0.0
    confirmed: int = -1
    verified: int = -1
    missed: int = 0
    lost: int | None = None
    doubt: bool = False
    open: bool = True
    forward: dict[int, Sighting] = field(default_factory=dict)

    def square_at(self, frame: int, *, smooth: bool) -> Float64 | None:
        """(3, 3) from the frame onto the unit square by the mesh; None where none is known.

        The pose of a mesh is read afresh in each frame and trembles more than landmarks that were
        smoothed, and so would all that is cut out by it.
        """
        here = self.sightings[frame].square
        if here is None or not smooth:
            return None if here is None else square_of(here)
        near = [s for s in self.sightings.values() if abs(s.frame - frame) <= REACH]
        return square_of(
            smoothed_head({s.frame: s.square for s in near if s.square is not None}, frame)
        )

    @property
    def last(self) -> Sighting:
        """The latest sighting."""
        return self.sightings[max(self.sightings)]

    def before(self, frame: int) -> Sighting | None:
        """The latest sighting before a frame, or None."""
        return self.sightings.get(max((i for i in self.sightings if i < frame), default=-1))

    @property
    def mean(self) -> NDArray[np.float64] | None:
        """(d,) mean identity vector."""
        return None if self.total is None else self.total / self.weight

    def know(self, vector: NDArray[Any], frame: int) -> None:
        """Add one more look at who it is."""
        self.verified = frame
        value = np.asarray(vector, np.float64)
        self.total = value if self.total is None else self.total + value
        self.weight += 1

    def forget_before(self, frame: int) -> None:
        """Drop sightings that nothing looks at any more."""
        for index in [i for i in self.sightings if i < frame]:
            del self.sightings[index]

    def cut_after(self, frame: int) -> None:
        """Take back what was followed after a frame; one sighting always stays."""
        for index in [i for i in self.sightings if i > frame]:
            if len(self.sightings) > 1:
                del self.sightings[index]

    def take_back(self, frame: int) -> None:
        """Take back what was followed after a frame, to compare it with what comes backward."""
        self.forward = {i: s for i, s in self.sightings.items() if i > frame}
        self.cut_after(frame)

    def confirm(self, frame: int, score: float, box_xyxy: Float64 | None = None) -> None:
        """A detector sees it here too.

        Args:
            frame: in which.
            score: the detector's.
            box_xyxy: (4,) its box, where the one that was carried along is not to be trusted.
        """
        self.confirmed, self.missed = frame, 0
        here = replace(self.sightings[frame], score=score, how="detected")
        if box_xyxy is not None:
            here = replace(here, box_xyxy=np.asarray(box_xyxy, np.float64))
        self.sightings[frame] = here

    def as_track(self) -> Track:
        """What the alignments file keeps of it."""
        mean = None if self.mean is None else self.mean.astype(np.float32)
        return Track(self.number, self.shot, None, mean, self.weight)


@dataclass(slots=True)
class State:
    """All that following must remember between two batches.

    Attributes:
        seen: last frame that was followed; frames up to it that have no row yet are pending.
        shot: number of the current shot, -1 before the first.
        began: first frame of the current shot.
        tracks: how many tracks there were.
        trails: those that still matter.
        doubts: faces that were left out, or may be.
    """

    seen: int = -1
    shot: int = -1
    began: int = 0
    tracks: int = 0
    trails: list[Trail] = field(default_factory=list)
    doubts: Doubts = field(default_factory=Doubts)

    def packed(self) -> bytes:
        """As bytes; every number comes back bit for bit."""
        plain = {
            "format": FORMAT,
            "seen": self.seen,
            "shot": self.shot,
            "began": self.began,
            "tracks": self.tracks,
            "trails": [_trail_to_plain(t) for t in self.trails],
            "doubts": self.doubts.to_plain(),
        }
        return json.dumps(plain, separators=(",", ":")).encode("ascii")

    @classmethod
    def unpacked(cls, data: bytes) -> State:
        """The state behind `packed`.

        Raises:
            StoreError: not such bytes.
        """
        try:
            plain = parse_json(data)
            if plain["format"] != FORMAT:
                raise ValueError(f"format {plain['format']}")
            trails = [_trail_from_plain(t) for t in plain["trails"]]
            seen, shot, began, tracks = (
                int(plain[key]) for key in ("seen", "shot", "began", "tracks")
            )
            doubts = Doubts.from_plain(plain.get("doubts", {}))
            return cls(seen, shot, began, tracks, trails, doubts)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise StoreError(
                f"what the interrupted extraction left cannot be read ({error}); extract again "
                "with --new"
            ) from error


def box_around(landmarks: NDArray[np.floating]) -> Float64:
    """(4,) the box that a detector would give for a face with these landmarks.

    Over 77 faces of six clips MTCNN's box reached from 0.33 (deviation 0.05) of the landmarks'
    height above them to 0.03 above the chin, and as far as they to both sides (0.01, 0.03).
    """
    low, high = landmarks.min(0), landmarks.max(0)
    height = high[1] - low[1]
    return np.array([low[0], low[1] - 0.33 * height, high[0], high[1] - 0.03 * height])


def _trail_to_plain(trail: Trail) -> dict[str, Any]:
    return {
        "number": trail.number,
        "shot": trail.shot,
        "sightings": [_sighting_to_plain(s) for _, s in sorted(trail.sightings.items())],
        "total": None if trail.total is None else trail.total.tolist(),
        "weight": trail.weight,
        "confirmed": trail.confirmed,
        "verified": trail.verified,
        "missed": trail.missed,
        "lost": trail.lost,
        "doubt": trail.doubt,
        "open": trail.open,
    }


def _trail_from_plain(plain: Mapping[str, Any]) -> Trail:
    sightings = [_sighting_from_plain(s) for s in plain["sightings"]]
    total = plain["total"]
    return Trail(
        number=int(plain["number"]),
        shot=int(plain["shot"]),
        sightings={s.frame: s for s in sightings},
        total=None if total is None else np.array(total, np.float64),
        weight=float(plain["weight"]),
        confirmed=int(plain["confirmed"]),
        verified=int(plain["verified"]),
        missed=int(plain["missed"]),
        lost=None if plain["lost"] is None else int(plain["lost"]),
        doubt=bool(plain["doubt"]),
        open=bool(plain["open"]),
    )


def _sighting_to_plain(sighting: Sighting) -> dict[str, Any]:
    vector = sighting.embedding
    return {
        "frame": sighting.frame,
        "landmarks": sighting.landmarks.tolist(),
        "box_xyxy": sighting.box_xyxy.tolist(),
        "score": sighting.score,
        "presence": sighting.presence,
        "how": sighting.how,
        "embedding": None if vector is None else vector.tolist(),
        # as bytes: a mesh is 1,434 numbers, and each batch of frames writes a dozen of them
        "extras": {
            name: base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode("ascii")
            for name, values in sighting.extras.items()
        },
    }


def _sighting_from_plain(plain: Mapping[str, Any]) -> Sighting:
    vector = plain["embedding"]
    return Sighting.of(
        int(plain["frame"]),
        np.array(plain["landmarks"], np.float64).reshape(N_LANDMARKS, 2),
        np.array(plain["box_xyxy"], np.float64),
        float(plain["score"]),
        float(plain["presence"]),
        str(plain["how"]),
        None if vector is None else np.array(vector, np.float32),
        {name: _numbers(values) for name, values in plain["extras"].items()},
    )


def _numbers(values: Any) -> NDArray[np.float32]:
    """Bytes in base64; a list in states that were written before."""
    if isinstance(values, str):
        return np.frombuffer(base64.b64decode(values, validate=True), "<f4").astype(np.float32)
    return np.array(values, np.float32)
