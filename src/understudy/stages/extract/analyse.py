"""The plug-ins of an extraction at work: frames in, faces out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.align.options import RefineOptions
from understudy.align.refine import refined
from understudy.backends.mesh.runtime import squares_from_landmarks
from understudy.detect import LocatedDetector, detect_all
from understudy.detect.limits import sized
from understudy.detect.rotate import RotatedDetector
from understudy.errors import NoFaces, ValueRefused
from understudy.follow.follower import Seen
from understudy.follow.likeness import sightings_of
from understudy.follow.sightings import box_around
from understudy.geometry import UNIT, Float64, Warp
from understudy.imaging.depth import eight_bit
from understudy.imaging.focus import filmed
from understudy.imaging.squares import cut_square, into_frame
from understudy.mask import mask_all
from understudy.media import FilmReader, probe
from understudy.options import Branch, to_mapping
from understudy.plugin import Plugin
from understudy.stages.extract.choose import Chosen
from understudy.stages.extract.filters import References, passes, stacked
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.faces.upright import aligned_upright
from understudy.types import Alignment, Face, Faces, Frame
from understudy.words import counted

_VIEWS = 48
_CLOSER_ROOM, _CLOSER_PX = 1.6, 192
"""How much of a face's surroundings a closer look shows, in sides of its square, and how large."""
_PHOTO = 0.8
"""A photo must be nearer than two looks at one person usually are: leaving out is easily undone."""
_ANYBODY = 0.6
"""Where no embedding is made this is never looked at."""


class Tools:
    """Plug-ins set up once; `follow.Eyes`. Frames may come in parallel."""

    def __init__(self, chosen: Chosen, options: ExtractOptions, device: str) -> None:
        self.device = device
        self._options = options
        self._views: dict[int, tuple[Frame, NDArray[np.uint8]]] = {}
        self._lock = threading.Lock()
        own = to_mapping(options)

        def built(plugin: Plugin) -> Any:
            branch: Branch = getattr(options, plugin.kind)
            return plugin.build(branch.of(plugin.name), device, own)

        self._detector = built(chosen.detector)
        self._unturned = self._detector
        if options.rotations:
            self._detector = RotatedDetector(self._detector, options.rotations)
        helped = RefineOptions(options.normalise, options.refeed, options.realign)
        self._aligner = refined(built(chosen.aligner), helped)
        self._embedder = None if chosen.embedder is None else built(chosen.embedder)
        self._maskers = {p.name: built(p) for p in chosen.maskers}
        self._made_by = {
            "detect": chosen.detector.made_by,
            "align": chosen.aligner.made_by,
            "mask": " ".join(p.made_by for p in chosen.maskers),
        }
        if chosen.embedder is not None:
            self._made_by["embed"] = chosen.embedder.made_by
        if not options.every_frame:
            self._made_by["track"] = "follow@2"
            if options.smooth:
                self._made_by["smooth"] = "two-way@1"
        self.same_person_below = (
            _ANYBODY if self._embedder is None else float(self._embedder.same_person_below)
        )
        self._references = References()
        if options.wanted or options.unwanted:
            self._references = self._look_at_photos()

    def detect(self, frames: Sequence[Frame]) -> list[Faces]:
        """Faces of allowed size and certainty, the most certain first."""
        views, indices = [self._view(f) for f in frames], [f.at.index for f in frames]
        found = detect_all(self._detector, views, indices)
        return [sized(f, self._options.min_face_px, self._options.max_face_px) for f in found]

    def detect_near(self, frame: Frame, landmarks: Float64) -> Faces:
        """What the detector finds where a face should be, enlarged and turned upright."""
        if isinstance(self._detector, LocatedDetector):
            return Faces.none()
        square = squares_from_landmarks(landmarks[None])[0]
        square[2] *= _CLOSER_ROOM
        size = int(np.clip(square[2], _CLOSER_PX // 2, 2 * _CLOSER_PX))
        (found,) = self._detector.detect([cut_square(self._view(frame), square, size)])
        return placed(found, square, size)

    def align(self, frame: Frame, faces: Faces) -> Faces:
        """Landmarks of the faces of one frame; those that bring none are turned upright first."""
        view = self._view(frame)
        if faces.landmarks is None:
            return aligned_upright(self._unturned, self._aligner, view, faces)
        found: Faces = self._aligner.align(view, faces)
        return found

    def embed(self, frame: Frame, landmarks: Sequence[Float64]) -> NDArray[np.float32] | None:
        """(n, d) identity vectors, or None where none are wanted."""
        if self._embedder is None:
            return None
        alignments = [Alignment.fit(points, frame.space) for points in landmarks]
        vectors: NDArray[np.float32] = self._embedder.embed(self._view(frame), alignments)
        return vectors

    def look(self, frames: Sequence[Frame]) -> list[list[Seen]]:
        """All faces of frames that are looked at for themselves, the most certain first."""
        pixels = [self._view(f) for f in frames]
        found = [
            aligned_upright(self._unturned, self._aligner, view, faces)
            for view, faces in zip(pixels, self.detect(frames), strict=True)
        ]
        return [self._seen(f, faces) for f, faces in zip(frames, found, strict=True)]

    def finish(self, frame: Frame, seen: Sequence[Seen]) -> list[Face]:
        """The faces of one frame with fit, masks and quality; those filtered out are not there."""
        kept: list[tuple[Seen, Alignment]] = []
        for one in seen:
            alignment = self._fit(frame, one)
            if not self._references.welcome(one.identity):
                continue
            if passes(alignment, _side(one.sighting.box_xyxy), frame, self._options):
                kept.append((one, alignment))
        alignments = [alignment for _, alignment in kept]
        masks = {
            name: mask_all(masker, [self._view(frame)] * len(kept), alignments)
            for name, masker in self._maskers.items()
        }
        return [
            self._face(frame, number, one, alignment, {k: m[number] for k, m in masks.items()})
            for number, (one, alignment) in enumerate(kept)
        ]

    def _fit(self, frame: Frame, seen: Seen) -> Alignment:
        template = self._options.template
        if template == "mesh" and seen.square is not None:
            return Alignment(seen.landmarks, Warp(seen.square, frame.space, UNIT))
        mesh = (seen.extras or seen.sighting.extras).get("mesh")
        return Alignment.fit(seen.landmarks, frame.space, template, mesh)

    def _view(self, frame: Frame) -> NDArray[np.uint8]:
        """A frame as networks see it; of deep ones the 8-bit views of the last few are kept."""
        if frame.pixels.dtype == np.uint8:
            return frame.pixels
        with self._lock:
            known = self._views.get(id(frame))
        if known is None or known[0] is not frame:
            known = (frame, eight_bit(frame.pixels))
            with self._lock:
                self._views[id(frame)] = known
                while len(self._views) > _VIEWS:
                    self._views.pop(next(iter(self._views)))
        return known[1]

    def _seen(self, frame: Frame, faces: Faces) -> list[Seen]:
        found = [s for s in sightings_of(frame, faces, "detected") if s is not None]
        vectors = self.embed(frame, [s.landmarks for s in found]) if found else None
        return [
            Seen(None, s, s.landmarks, None if vectors is None else vectors[n])
            for n, s in enumerate(found)
        ]

    def _face(
        self, frame: Frame, number: int, seen: Seen, alignment: Alignment, masks: dict[str, Any]
    ) -> Face:
        sighting = seen.sighting
        box = box_around(alignment.landmarks)
        quality = {
            "average_distance": alignment.distance,
            "size_px": _side(box),
            "presence": sighting.presence,
            **filmed(self._view(frame), alignment.landmarks),
        }
        if sighting.how == "bridged":
            quality["bridged"] = 1.0
        embedding = seen.identity if seen.track is None else sighting.embedding
        return Face(
            id=f"{frame.at.index}_{number}",
            at=frame.at,
            box_xyxy=box,
            score=sighting.score,
            alignment=alignment,
            masks=masks,
            embedding=embedding,
            quality=quality,
            track=seen.track,
            made_by=dict(self._made_by),
            extras=seen.extras or sighting.extras,
        )

    def _look_at_photos(self) -> References:
        if self._embedder is None:
            raise ValueRefused(
                "wanted, unwanted: telling persons apart needs an --embedder; none was chosen"
            )
        limit = self._options.reference_distance or _PHOTO * self.same_person_below
        wanted, unwanted = (
            stacked(self._vectors_of(Path(p)) if p else [])
            for p in (self._options.wanted, self._options.unwanted)
        )
        return References(wanted, unwanted, limit)

    def _vectors_of(self, photos: Path) -> list[NDArray[Any]]:
        """Identity of the largest face in each photo.

        Raises:
            NoFaces: none of the photos shows a face.
        """
        vectors = []
        files = probe(photos).files
        for file in files:
            for frame in FilmReader.open(file).frames():
                (seen,) = self.look([frame])
                known = [s for s in seen if s.identity is not None]
                if known:
                    largest = max(known, key=lambda s: _side(s.sighting.box_xyxy))
                    vectors.append(np.asarray(largest.identity))
        if not vectors:
            raise NoFaces(
                f"{photos}: no face was found in {counted(len(files), 'photo')}; try another photo"
            )
        return vectors


def placed(found: Faces, square: Float64, size_px: int) -> Faces:
    """Boxes of a turned square's picture in frame pixels, as large as they were found."""
    corners = found.boxes_xyxy.reshape(-1, 2, 2)
    middle = into_frame(corners.mean(1), square, size_px)
    half = (corners[:, 1] - corners[:, 0]) / 2 * (square[2] / size_px)
    boxes = np.concatenate([middle - half, middle + half], 1)
    own = np.ravel(found.extras.get("roll_deg", np.zeros(len(found))))
    roll = (own + np.degrees(square[3]) + 180) % 360 - 180
    return Faces(boxes, found.scores, extras={"roll_deg": roll})


def one_thread_each() -> AbstractContextManager[int]:
    """Frames run in parallel here, so each network runs on one core: no threads that spin."""
    from understudy.nn.device import threads

    return threads(1)


def _side(box_xyxy: Float64) -> float:
    """Square root of a box's area, pixels."""
    return float(np.sqrt(max(0.0, float(np.prod(box_xyxy[2:] - box_xyxy[:2])))))
