"""The faces of one frame, and correcting them by hand."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from fastapi import APIRouter, Body, Query, Request
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from understudy.errors import FileAway, ValueRefused
from understudy.flow import Reporter
from understudy.imaging.depth import from_unit, to_unit
from understudy.imaging.png import encode_png
from understudy.imaging.resample import crop_image
from understudy.store.project import Project, Source
from understudy.studio.api.numbers import MOST
from understudy.studio.pictures import jpeg
from understudy.studio.state import Studio
from understudy.types import Face

_MOST_BYTES = 4 << 20
_MOST_PX = 2048
_REMOVED = 500
_REVIEWED = 8
Index = Annotated[int, InPath(ge=0, le=MOST)]
_SET_BY: dict[str, Literal["hand", "between"]] = {"hand": "hand", "between@1": "between"}
_BASE = "/projects/{key}/films/{film}"


@dataclass(frozen=True)
class FaceOf:
    """A face of a frame: its landmarks are 68 points x, y in frame pixels.

    `set_by` says whether a hand set them, or they were carried from frames that a hand set.
    """

    id: str
    box_xyxy: list[float]
    landmarks: list[list[float]]
    track: int | None
    distance: float
    stale: list[str]
    masks: list[str]
    set_by: Literal["", "hand", "between"] = ""


@dataclass(frozen=True)
class FrameOf:
    """A frame: `version` is sent with an edit."""

    index: int
    version: str
    faces: list[FaceOf]


@dataclass(frozen=True)
class ToReview:
    """A face that somebody should look at, and why."""

    frame: int
    id: str
    reasons: list[str]


@dataclass(frozen=True)
class WishOf:
    """A face as it is to be: `id` null for a new one; `landmarks` null leaves them.

    `between` says that they were carried from key frames, for taking that back and again.
    """

    id: str | None = None
    landmarks: list[tuple[float, float]] | None = None
    track: int | None = None
    between: bool = False


@dataclass(frozen=True)
class Edit:
    """All faces of a frame as they are to be; those not named are removed."""

    version: str
    faces: list[WishOf] = field(default_factory=list)


@dataclass(frozen=True)
class EditAt(Edit):
    """An edit of the frame of this index."""

    index: Annotated[int, Body(ge=0, le=MOST)] = 0


@dataclass(frozen=True)
class Edits:
    """Edits of several frames, done all or none."""

    frames: list[EditAt]


@dataclass(frozen=True)
class Key:
    """A frame in which a hand set a face of a track, and its version."""

    frame: Annotated[int, Body(ge=0, le=MOST)]
    version: str


@dataclass(frozen=True)
class Carry:
    """Carry what hands changed in two key frames of a track to those between them."""

    track: Annotated[int, Body(ge=0, le=MOST)]
    first: Key
    last: Key


@dataclass(frozen=True)
class CarriedTo:
    """A face whose landmarks were carried: all that taking it back, as an edit, needs."""

    index: int
    version: str
    id: str
    others: list[str]
    before: list[list[float]]
    after: list[list[float]]
    was_between: bool


@dataclass(frozen=True)
class Box:
    """Where a face is, in frame pixels."""

    box_xyxy: tuple[float, float, float, float]


class _Kept:
    """Faces that edits removed, so that undoing brings the whole face back."""

    def __init__(self) -> None:
        self._faces: OrderedDict[tuple[str, bytes], Face] = OrderedDict()

    def keep(self, place: str, faces: list[Face]) -> None:
        for face in faces:
            self._faces[place, face.alignment.landmarks.tobytes()] = face
        while len(self._faces) > _REMOVED:
            self._faces.popitem(last=False)

    def of(self, place: str) -> dict[bytes, Face]:
        return {points: face for (at, points), face in list(self._faces.items()) if at == place}


class _Reviewed:
    """What the last films' faces said; all masks of a film are read for it, which takes seconds."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._known: OrderedDict[Path, tuple[list[int], list[ToReview]]] = OrderedDict()

    def of(self, path: Path) -> list[ToReview]:
        from understudy.stages.repair.looking.review import review
        from understudy.store.alignments import Alignments

        with self._turn:
            files = (path, path.with_name(path.name + "-wal"))
            mark = [
                t for f in files if f.exists() for t in (f.stat().st_mtime_ns, f.stat().st_size)
            ]
            if path not in self._known or self._known[path][0] != mark:
                with Alignments.open(path, read_only=True) as store:
                    told = [ToReview(one.frame, one.id, list(one.reasons)) for one in review(store)]
                self._known[path] = mark, told
            self._known.move_to_end(path)
            while len(self._known) > _REVIEWED:
                self._known.popitem(last=False)
            return self._known[path][1]


def router(studio: Studio) -> APIRouter:
    """Calls on frames."""
    calls = APIRouter(tags=["frames"])
    kept, reviewed = _Kept(), _Reviewed()

    @calls.get(f"{_BASE}/frames/{{index}}", summary="The faces of a frame")
    def look(key: str, film: str, index: Index) -> FrameOf:
        from understudy.runs.correcting import frames as editing

        return _plain(editing.look(*_extracted(studio, key, film), index))

    @calls.put(f"{_BASE}/frames/{{index}}", summary="Have the faces of a frame be as they are sent")
    def edit(key: str, film: str, index: Index, asked: Edit) -> FrameOf:
        from understudy.runs.correcting import frames as editing

        project, source = _extracted(studio, key, film)
        place = f"{key} {film} {index}"
        told = editing.edit(
            project, source, index, _wishes(asked), asked.version, Reporter(), kept.of(place)
        )
        kept.keep(place, list(told.removed))
        return _plain(told)

    @calls.put(f"{_BASE}/frames", summary="The same for several frames: all of them or none")
    def edit_several(key: str, film: str, asked: Edits) -> list[FrameOf]:
        from understudy.runs.correcting import frames as editing

        project, source = _extracted(studio, key, film)
        edits = [(one.index, _wishes(one), one.version) for one in asked.frames]
        told = editing.edit_frames(project, source, edits, Reporter())
        for frame in told:
            kept.keep(f"{key} {film} {frame.index}", list(frame.removed))
        return [_plain(frame) for frame in told]

    @calls.get(
        f"{_BASE}/tracks/{{track}}/keys", summary="Frames in which a hand set a track's face"
    )
    def keys(key: str, film: str, track: Index) -> list[Key]:
        from understudy.runs.correcting.carrying import keys_of

        project, source = _extracted(studio, key, film)
        return [Key(*found) for found in keys_of(project, source, track)]

    @calls.post(f"{_BASE}/carry", summary="Carry edits of two key frames to those between")
    def carry(key: str, film: str, asked: Carry) -> list[CarriedTo]:
        from understudy.runs.correcting import carrying

        project, source = _extracted(studio, key, film)
        ends = [(end.frame, end.version) for end in (asked.first, asked.last)]
        return [
            CarriedTo(
                one.index,
                one.version,
                one.id,
                list(one.others),
                one.before.tolist(),
                one.after.tolist(),
                one.was_between,
            )
            for one in carrying.carry(project, source, asked.track, ends, Reporter())
        ]

    @calls.post(f"{_BASE}/frames/{{index}}/align", summary="Landmarks of a face in a box")
    def align(key: str, film: str, index: Index, asked: Box) -> dict[str, Any]:
        from understudy.api.look import align as landmarks_of
        from understudy.types import Faces

        project, source = _extracted(studio, key, film)
        left, top, right, bottom = asked.box_xyxy
        if not (right - left >= 8 and bottom - top >= 8):
            raise ValueRefused("box: expected one of 8 pixels or more")
        pixels = studio.pictures.frame(project, source, index)
        faces = Faces(np.array([asked.box_xyxy], np.float64), np.ones(1))
        found = landmarks_of(pixels, faces).landmarks
        if found is None:
            raise FileAway("no landmarks were found in this box")
        return {"landmarks": np.round(found[0], 2).tolist()}

    @calls.get(f"{_BASE}/faces/{{face}}/crop.jpg", summary="A face as masks are painted on it")
    def crop(key: str, film: str, face: str) -> Response:
        from understudy.runs.correcting import frames as editing

        project, source = _extracted(studio, key, film)
        one = _face(project, source, face)
        pixels = studio.pictures.frame(project, source, one.at.index)
        cut = crop_image(pixels, editing.crop_of(one))
        return Response(jpeg(cut, editing.CROP_PX), media_type="image/jpeg")

    @calls.get(f"{_BASE}/faces/{{face}}/masks/{{kind}}.png", summary="A mask of a face")
    def mask(key: str, film: str, face: str, kind: str) -> Response:
        from understudy.runs.correcting import frames as editing

        one = _face(*_extracted(studio, key, film), face)
        grey = from_unit(editing.mask_of(one, kind), np.uint8)
        return Response(encode_png(np.dstack([grey] * 3)), media_type="image/png")

    @calls.put(f"{_BASE}/faces/{{face}}/masks/painted", summary="Paint a mask; the body is a PNG")
    async def paint(
        request: Request, key: str, film: str, face: str, version: Annotated[str, Query()]
    ) -> FrameOf:
        from understudy.runs.correcting import frames as editing

        alpha = _alpha(await _body(request))
        project, source = _extracted(studio, key, film)
        told = await run_in_threadpool(
            editing.paint, project, source, face, alpha, version, Reporter()
        )
        return _plain(told)

    @calls.get(f"{_BASE}/review", summary="Frames to look at before a conversion, and why")
    def to_review(key: str, film: str) -> list[ToReview]:
        project, source = _extracted(studio, key, film)
        return reviewed.of(project.alignments(source.id))

    return calls


def _extracted(studio: Studio, key: str, film: str) -> tuple[Project, Source]:
    studio.projects.source(key, film)  # refuses what lies outside of the allowed folders
    project = Project.open(studio.projects.folder(key))
    source = project.source(film)
    if not project.alignments(source.id).exists():
        raise FileAway(f"{film}: has no faces yet; extract it first")
    return project, source


def _wishes(asked: Edit) -> list[Any]:
    from understudy.runs.correcting.frames import Wish

    return [
        Wish(
            w.id,
            None if w.landmarks is None else np.array(w.landmarks, np.float64),
            w.track,
            w.between,
        )
        for w in asked.faces
    ]


def _face(project: Project, source: Source, id_: str) -> Face:
    from understudy.runs.correcting import frames as editing

    frame = id_.partition("_")[0]
    if frame.isdecimal() and len(frame) < 10:
        for face in editing.look(project, source, int(frame)).faces:
            if face.id == id_:
                return face
    raise FileAway(f"there is no face {id_!r:.40}")


async def _body(request: Request) -> bytes:
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > _MOST_BYTES:
            raise ValueRefused(f"mask: at most {_MOST_BYTES >> 20} MiB are taken")
    return data


def _alpha(data: bytes) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A painted mask, white inside, (n, n) float32 0..1."""
    # The size stands in the first bytes; what claims more pixels than we take is not decoded.
    if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 33:
        raise ValueRefused("mask: expected a PNG")
    sides = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if not all(1 <= side <= _MOST_PX for side in sides):
        raise ValueRefused(f"mask: expected a side of 1 to {_MOST_PX} pixels, got {sides}")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise ValueRefused("mask: this PNG cannot be read")
    return to_unit(pixels).astype(np.float32)


def _plain(frame: Any) -> FrameOf:
    faces = [
        FaceOf(
            face.id,
            np.round(face.box_xyxy, 2).tolist(),
            face.alignment.landmarks.tolist(),
            face.track,
            round(face.alignment.distance, 4),
            sorted(face.stale),
            sorted(face.masks),
            _SET_BY.get(face.made_by.get("align", ""), ""),
        )
        for face in frame.faces
    ]
    return FrameOf(frame.index, frame.version, faces)
