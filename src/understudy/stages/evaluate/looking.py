"""Eyes of the evaluation: faces found anew in any picture, by detector, readers and embedder.

What is measured of the output must not come from the source: a face that is not where it should be
is not found there, and one that turned another way is read as it turned. Plate and output go
through the same eyes, so an untouched copy is read exactly as the plate is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import PluginError, WeightsError
from understudy.flow import Progress
from understudy.geometry import UNIT, Space, Warp
from understudy.geometry.boxes import overlap
from understudy.geometry.crops import padding_px
from understudy.imaging.resample import crop_image
from understudy.options import fields_of
from understudy.plugin import Plugin, Registry
from understudy.score import Sight
from understudy.score.reading import Reading, read_landmarks, read_mesh
from understudy.stages.evaluate.options import ScoreOptions
from understudy.types import Alignment, Faces
from understudy.types.frame import frame_space
from understudy.weights.needed import is_here

CROP_PX = 192
_AROUND = 2.4
"""Side of the part of the picture in which a face is looked for, in sides of where it should be.
All of a large frame would show a detector that is made for phones a face of a few pixels."""
_NEAR_PX = 256
"""Longer side of that part as the detector sees it: the face is 100 px of it, and smaller ones need
not be searched for, which took nearly half of the time."""
_THERE = 0.2
"""Overlap with where it should be, below which a face is somebody else's."""
_FURTHER = 2
"""So often the first reader looks before its last look, each time where the one before says that
the face is: what it says hangs on its square, and a first look's square on a detector's box."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A face as it was found in one picture, in that picture's pixels.

    Attributes:
        alignment: by the first reader's landmarks.
        readings: by every reader, in their order.
        identity: (d,), or None.
        blendshapes: (52,), or None.
        detected: as the detector told it, one face.
    """

    alignment: Alignment
    readings: Mapping[str, Reading]
    identity: NDArray[Any] | None
    blendshapes: NDArray[Any] | None
    detected: Faces

    @property
    def first(self) -> Reading:
        """What the first reader says."""
        return next(iter(self.readings.values()))

    @property
    def unit_px(self) -> float:
        """Side of the mean face's unit square in the picture."""
        return 1 / self.alignment.unit_from_frame.scale


class Eyes:
    """Plug-ins set up once.

    Attributes:
        readers: names of the landmark predictors.
        embedder: name of the identity network, or "".
        detector: name of the detector.
    """

    def __init__(self, options: ScoreOptions, registry: Registry, progress: Progress) -> None:
        """Choose, build, and say what is used; nothing is fetched.

        Raises:
            PluginError, WeightsError: one that was asked for by name cannot be had, or there is no
                detector or reader at all.
        """
        detector = _chosen("detect", options.detector, registry, ("mediapipe", "yunet", "mtcnn"))
        embedder = _chosen("embed", options.embedder, registry, ("mobilefacenet", "dlib128"))
        independent = ("pfld", "dlib68")
        if options.readers == "auto":
            first = _chosen("align", "auto", registry, ("mediapipe", *independent))
            second = _chosen("align", "auto", registry, independent)
            readers = list(dict.fromkeys(p for p in (first, second) if p is not None))
        else:
            names = [name.strip() for name in options.readers.split(",") if name.strip()]
            readers = [registry.get("align", name) for name in names]
        if detector is None or not readers:
            raise WeightsError(
                "nothing on this machine finds faces or their landmarks; try: understudy weights "
                "fetch mediapipe"
            )
        self._detector: Any = detector.build()
        self._near: Any = _built(detector, max_detection_px=_NEAR_PX)
        self._readers: dict[str, Any] = {p.name: p.build() for p in readers}
        # irises move no square, and take longer than all else that is looked for
        self._settling: Any = _built(readers[0], iris=False)
        self._embedder: Any = None if embedder is None else embedder.build()
        self.readers, self.detector = tuple(self._readers), detector.name
        self.embedder = "" if embedder is None else embedder.name
        alone = "" if len(readers) > 1 else " alone (a second one would keep it honest)"
        progress.say(
            f"scoring with {self.detector}, read by {' and '.join(self.readers)}{alone}, identity "
            f"by {self.embedder or 'nothing: no network is here'}"
        )

    def find(self, pixels: NDArray[np.uint8], box_xyxy: NDArray[Any] | None = None) -> Found | None:
        """The face that lies where one should be, or None where there is none.

        Args:
            pixels: (h, w, 3) uint8 RGB.
            box_xyxy: (4,) where it should be; None takes the largest face of the picture.
        """
        there = self._detected(pixels, box_xyxy)
        return None if there is None else self._found(pixels, *there)

    def place(self, pixels: NDArray[np.uint8]) -> Alignment | None:
        """Where the largest face lies, by one look of the first reader: enough to tell its size.

        Args:
            pixels: (h, w, 3) uint8 RGB.
        """
        there = self._detected(pixels, None)
        if there is None:
            return None
        part, face, corner = there
        seen = self._settling.align(part, face)
        height, width = pixels.shape[:2]
        return Alignment.fit(seen.landmarks[0] + corner, frame_space(width, height))

    def _detected(
        self, pixels: NDArray[np.uint8], box_xyxy: NDArray[Any] | None
    ) -> tuple[NDArray[np.uint8], Faces, NDArray[Any]] | None:
        """The part of the picture that is looked at, the face in it, and the part's corner."""
        if box_xyxy is None:
            part, corner, detector = pixels, np.zeros(2), self._detector
        else:
            (part, corner), detector = _around(pixels, box_xyxy), self._near
        faces = detector.detect([part])[0]
        if not len(faces):
            return None
        boxes = faces.boxes_xyxy
        if box_xyxy is None:
            best = int(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).argmax())
        else:
            shares = overlap(boxes, (box_xyxy - np.tile(corner, 2))[None])[:, 0]
            best = int(shares.argmax())
            if shares[best] < _THERE:
                return None
        return part, faces[best], corner

    def read_again(
        self, pixels: NDArray[np.uint8], box_xyxy: NDArray[Any], where: Found
    ) -> tuple[Mapping[str, Reading], NDArray[Any] | None]:
        """A plate's readings and blendshapes, begun from where the output's face was found.

        Plate and output are begun from two boxes, and read a little apart though nothing moved.
        That much no swap can be nearer.

        Args:
            pixels: (h, w, 3) uint8 RGB.
            box_xyxy: (4,) where the face should be.
            where: the face of the output, found at the same place.
        """
        part, corner = _around(pixels, box_xyxy)
        _, readings, blendshapes = self._read(part, _moved(where.detected, -corner))
        return readings, blendshapes

    def _found(
        self, pixels: NDArray[np.uint8], part: NDArray[np.uint8], face: Faces, corner: NDArray[Any]
    ) -> Found:
        first, readings, blendshapes = self._read(part, face)
        height, width = pixels.shape[:2]
        alignment = Alignment.fit(first + corner, frame_space(width, height))
        identity = None if self._embedder is None else self._embedder.embed(pixels, [alignment])[0]
        return Found(alignment, readings, identity, blendshapes, _moved(face, corner))

    def _read(
        self, part: NDArray[np.uint8], face: Faces
    ) -> tuple[NDArray[Any], dict[str, Reading], NDArray[Any] | None]:
        """Landmarks of the first reader, everybody's readings, and blendshapes."""
        readings: dict[str, Reading] = {}
        first = blendshapes = None
        guess = face
        for name, reader in self._readers.items():
            # The others are told place and roll by the first one; they look for themselves.
            seen = reader.align(part, self._settled(part, face) if first is None else guess)
            landmarks = seen.landmarks[0]
            mesh = seen.extras.get("mesh")
            readings[name] = read_landmarks(landmarks) if mesh is None else read_mesh(_mesh(mesh))
            if "blendshapes" in seen.extras:
                blendshapes = seen.extras["blendshapes"][0]
            if first is None:
                first, guess = landmarks, _guess(face, landmarks)
        return np.asarray(first), readings, blendshapes

    def _settled(self, part: NDArray[np.uint8], face: Faces) -> Faces:
        """The detected face with landmarks from which one more look is the last."""
        for _ in range(_FURTHER):
            face = _guess(face, self._settling.align(part, face).landmarks[0])
        return face


def crop_of(alignment: Alignment) -> Warp:
    """The crop that pictures of a pair are compared in.

    It is that of the centering "legacy", which does not hang on the pose, so none is fitted.
    """
    padding = padding_px(CROP_PX, 1.0, "legacy")
    scale = float(CROP_PX - 2 * padding)
    matrix = np.array([[scale, 0, padding], [0, scale, padding], [0, 0, 1]])
    return Warp(matrix, UNIT, Space("crop", CROP_PX, CROP_PX)) @ alignment.unit_from_frame


def sight(
    found: Found,
    pixels: NDArray[np.uint8],
    crop_from_frame: Warp,
    beside: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> Sight:
    """A found face on a crop."""
    return Sight(
        crop=np.asarray(crop_image(pixels, crop_from_frame), np.uint8),
        outline=crop_from_frame.points(found.alignment.landmarks),
        readings=found.readings,
        identity=found.identity,
        blendshapes=found.blendshapes,
        beside=beside,
    )


def _built(plugin: Plugin, **wanted: Any) -> Any:
    """A plug-in with those of the wanted options that it has."""
    options = plugin.load_options()
    has = set() if options is None else {f.name for f in fields_of(options)}
    return plugin.build({name: value for name, value in wanted.items() if name in has} or None)


def _chosen(kind: str, name: str, registry: Registry, auto: tuple[str, ...]) -> Plugin | None:
    """The plug-in of that name; for `auto` the first whose packages and weights are here."""
    if name != "auto":
        return registry.get(kind, name)
    for known in auto:
        try:
            plugin = registry.get(kind, known)
        except PluginError:
            continue
        if is_here(plugin):
            return plugin
    return None


def _around(
    pixels: NDArray[np.uint8], box_xyxy: NDArray[Any]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of a picture around a box, and its upper left corner."""
    middle = (box_xyxy[:2] + box_xyxy[2:]) / 2
    half = _AROUND / 2 * max(float((box_xyxy[2:] - box_xyxy[:2]).max()), 16.0)
    height, width = pixels.shape[:2]
    left, top = np.clip(np.floor(middle - half), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(middle + half), (left + 1, top + 1), (width, height)).astype(
        int
    )
    return np.ascontiguousarray(pixels[top:bottom, left:right]), np.array([left, top], float)


def _moved(face: Faces, by: NDArray[Any]) -> Faces:
    """A detected face, its picture's corner elsewhere."""
    points = None if face.landmarks is None else face.landmarks + by
    return replace(face, boxes_xyxy=face.boxes_xyxy + np.tile(by, 2), landmarks=points)


def _guess(face: Faces, landmarks: NDArray[Any]) -> Faces:
    return Faces(face.boxes_xyxy, face.scores, np.asarray(landmarks)[None])


def _mesh(values: NDArray[Any]) -> NDArray[Any]:
    """(m, 3) of one face, however its predictor lays it out."""
    return np.asarray(values[0], np.float64).reshape(-1, 3)
