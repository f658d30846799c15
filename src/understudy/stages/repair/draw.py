"""Drawing what is known of faces onto their frames: boxes, landmarks, masks, ids and tracks.

To a video with the film's own times and sound, to a folder of PNGs, or to one contact sheet.
"""

from __future__ import annotations

import colorsys
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.blend.composite import warp_image
from understudy.errors import NoFaces, StoreError, ValueRefused
from understudy.flow import Progress, ahead
from understudy.flow.progress import stop_if_cancelled
from understudy.geometry import Space, Warp
from understudy.media import MediaInfo, encode_png, frames
from understudy.plugin import Registry
from understudy.stages.repair.source import media_of, visited
from understudy.stages.sheet import fit, show_mask
from understudy.store.alignments import Alignments
from understudy.store.atomic import commit_bytes
from understudy.store.query import Query
from understudy.types import Alignment, Face, Frame

_LINES = (
    (0, 17, False),
    (17, 22, False),
    (22, 27, False),
    (27, 31, False),
    (31, 36, False),
    (36, 42, True),
    (42, 48, True),
    (48, 60, True),
    (60, 68, True),
)
_SEGMENT = 120
_SUFFIXES = (".mp4", ".mov", ".png", "")


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn.

    Attributes:
        box: the detection box.
        landmarks: the 68 points and the lines between them.
        mask: kind of mask to tint, or None.
        label: id, track and person, and what is stale.
        frames: first and last frame, for PNGs and sheets.
        cells: frames on a contact sheet.
        cell_px: width of one of them.
    """

    box: bool = True
    landmarks: bool = True
    mask: str | None = None
    label: bool = True
    frames: tuple[int | None, int | None] = (None, None)
    cells: int = 12
    cell_px: int = 480


def draw(
    path: Path,
    output: Path,
    drawing: Drawing,
    registry: Registry,
    progress: Progress,
    media: Path | None = None,
    overwrite: bool = False,
) -> int:
    """Draw a film's faces; returns how many frames were drawn on.

    Args:
        path: the alignments file.
        output: `.mp4` or `.mov` for a video, `.png` for a contact sheet, no suffix for a folder.
        drawing: what is drawn.
        registry: for the writer.
        progress: told what is done.
        media: the film; None looks beside the alignments file.
        overwrite: replace an output that is there.

    Raises:
        ValueRefused: another suffix.
        StoreError: the output is there.
        NoFaces: there is no frame with a face to draw on.
    """
    if output.suffix.lower() not in _SUFFIXES:
        raise ValueRefused(
            f"{output.name}: expected .mp4 or .mov for a video, .png for a contact sheet, or a "
            f"folder name without suffix"
        )
    if output.exists() and not overwrite:
        raise StoreError(f"{output} is there already; choose another, or say --overwrite")
    with Alignments.open(path, read_only=True) as store:
        info = media_of(store, media)
        if output.suffix.lower() in (".mp4", ".mov"):
            return _video(store, info, output, drawing, registry, progress)
        if output.suffix == "":
            return _folder(store, info, output, drawing, progress)
        return _sheet(store, info, output, drawing, progress)


def drawn(pixels: NDArray[Any], faces: Sequence[Face], drawing: Drawing) -> NDArray[Any]:
    """A copy of a frame with its faces drawn on it.

    Args:
        pixels: (h, w, 3) uint8 RGB.
        faces: in pixels of this frame.
        drawing: what is drawn.
    """
    picture = pixels.copy()
    for face in faces:
        mask = face.masks.get(drawing.mask) if drawing.mask else None
        if mask is not None:
            alpha = warp_image(mask.alpha, mask.grid_from_frame.inverse())
            picture = show_mask(picture, 0.5 * alpha)
    for face in faces:
        colour = colour_of(face)
        thick = max(1, round(pixels.shape[0] / 540))
        if drawing.box:
            corners = np.rint(face.box_xyxy - 0.5).astype(int).tolist()
            cv2.rectangle(picture, tuple(corners[:2]), tuple(corners[2:]), colour, thick)
        if drawing.landmarks:
            _points(picture, face, colour, thick)
        if drawing.label:
            _label(picture, face, colour, thick)
    return picture


def colour_of(face: Face) -> tuple[int, int, int]:
    """A colour for the face's track that neighbouring numbers do not share."""
    hue = (0.13 + 0.381966 * (face.track or 0)) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.75, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _points(picture: NDArray[Any], face: Face, colour: tuple[int, int, int], thick: int) -> None:
    shift = 4
    points = np.rint((face.alignment.landmarks - 0.5) * 2**shift).astype(np.int32)
    for first, end, closed in _LINES:
        line = points[first:end, None]
        cv2.polylines(picture, [line], closed, colour, thick, cv2.LINE_AA, shift)
    radius = max(1, round(float(np.ptp(face.alignment.landmarks, axis=0).max()) / 160))
    for x, y in points.tolist():
        cv2.circle(picture, (x, y), radius << shift, (255, 255, 255), -1, cv2.LINE_AA, shift)


def _label(picture: NDArray[Any], face: Face, colour: tuple[int, int, int], thick: int) -> None:
    words = face.id if face.track is None else f"{face.id} track {face.track}"
    if face.stale:
        words += f" stale {' '.join(sorted(face.stale))}"
    left, top = face.box_xyxy[:2].tolist()
    size = 0.5 * max(1.0, picture.shape[0] / 540)
    at = (max(2, round(left)), max(round(24 * size), round(top) - 5))
    for ink, weight in (((0, 0, 0), 3 * thick), (colour, thick)):
        cv2.putText(picture, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, ink, weight, cv2.LINE_AA)


def _video(
    store: Alignments,
    info: MediaInfo,
    output: Path,
    drawing: Drawing,
    registry: Registry,
    progress: Progress,
) -> int:
    plugin = registry.get("write", "h264")
    cls = plugin.load_options()
    writer = plugin.load()(info, cls(container=output.suffix.lower().lstrip("."), crf=20))
    work = output.with_name(f".{output.name}.drawing.part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    n = 0

    def all_drawn() -> Iterator[Frame]:
        nonlocal n
        name = f"drawing on {info.path.name}"
        with progress.task(name, info.n_frames_guess, "frames") as bar:
            for frame in ahead(frames(info)):
                faces = store.faces(frame.at.index)
                n += bool(faces)
                yield Frame(frame.at, drawn(frame.pixels, faces, drawing), frame.source)
                bar.advance(1)
                stop_if_cancelled(progress, "the drawing was not kept")

    try:
        source = all_drawn()
        segments = 0
        for first in source:
            writer.write_segment(work, segments, _some(first, source))
            segments += 1
        writer.finish(work, segments, output)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return n


def _some(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    """A segment's worth of frames."""
    yield first
    for _, frame in zip(range(_SEGMENT - 1), rest, strict=False):
        yield frame


def _folder(
    store: Alignments, info: MediaInfo, output: Path, drawing: Drawing, progress: Progress
) -> int:
    output.mkdir(parents=True, exist_ok=True)
    indices = _chosen(store, drawing)
    for frame, faces in visited(store, info, indices, "drawing", progress):
        data = encode_png(drawn(frame.pixels, faces, drawing))
        commit_bytes(output / f"{frame.at.index:06d}.png", data, durable=False)
        stop_if_cancelled(progress, f"pictures up to frame {frame.at.index} are drawn")
    return len(indices)


def _sheet(
    store: Alignments, info: MediaInfo, output: Path, drawing: Drawing, progress: Progress
) -> int:
    indices = _chosen(store, drawing)
    count = min(drawing.cells, len(indices))
    spread = np.linspace(0, len(indices) - 1, count).round().astype(int)
    chosen = [indices[i] for i in spread.tolist()]
    width = drawing.cell_px
    cell = (width, max(1, round(width * info.height / info.width)))
    cells = []
    for frame, faces in visited(store, info, chosen, "drawing", progress):
        # Drawn at the cell's size, so that lines stay thin and words can be read.
        small, warp = _shrunk(frame, width)
        picture = drawn(small, [_moved(face, warp) for face in faces], drawing)
        place = (6, picture.shape[0] - 8)
        cv2.putText(picture, f"frame {frame.at.index}", place, 0, 0.5, (255,) * 3)
        cells.append(fit(picture, cell))
    columns = max(1, round(np.sqrt(len(cells) * cell[1] / cell[0] * 1.4)))
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    blank = np.full_like(cells[0], 24)
    grid = [np.concatenate([*row, *[blank] * (columns - len(row))], 1) for row in rows]
    commit_bytes(output, encode_png(np.concatenate(grid)))
    return len(cells)


def _chosen(store: Alignments, drawing: Drawing) -> list[int]:
    rows = store.select(Query(frames=drawing.frames))
    indices = list(dict.fromkeys(row.frame for row in rows))
    if not indices:
        raise NoFaces(f"{store.path.name} has no face in these frames; there is nothing to draw")
    return indices


def _shrunk(frame: Frame, width: int) -> tuple[NDArray[Any], Warp]:
    """The frame at a cell's width, and the warp to it; never enlarged."""
    scale = min(1.0, width / frame.space.width)
    small = Space("cell", round(scale * frame.space.width), round(scale * frame.space.height))
    picture = cv2.resize(frame.pixels, small.size_wh, interpolation=cv2.INTER_AREA)
    return picture, Warp.resize(frame.space, small)


def _moved(face: Face, cell_from_frame: Warp) -> Face:
    """The face in another grid's pixels, to be drawn there."""
    frame_from_cell = cell_from_frame.inverse()
    alignment = Alignment(
        cell_from_frame.points(face.alignment.landmarks),
        face.alignment.unit_from_frame @ frame_from_cell,
    )
    masks = {
        kind: replace(mask, grid_from_frame=mask.grid_from_frame @ frame_from_cell)
        for kind, mask in face.masks.items()
    }
    box = cell_from_frame.points(face.box_xyxy.reshape(2, 2)).reshape(4)
    return replace(face, alignment=alignment, masks=masks, box_xyxy=box)
