"""Drawing what is known of faces onto their frames: boxes, landmarks, masks, ids and tracks.

To a video with the film's own times and sound, to a folder of PNGs, or to one contact sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import NoFaces, StoreError, ValueRefused
from understudy.files import make_folder, refuse_sources, remove_folder
from understudy.flow import Progress, ahead
from understudy.flow.progress import stop_if_cancelled
from understudy.geometry import Space, Warp
from understudy.imaging.drawing import Drawing, drawn
from understudy.imaging.png import encode_png
from understudy.imaging.resample import resize
from understudy.imaging.sheets import fit
from understudy.media import FilmReader
from understudy.plugin import Registry
from understudy.stages.faces.source import reader_of, visited
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query
from understudy.store.atomic import commit_bytes
from understudy.types import Alignment, Face, Frame

_SEGMENT = 120
_SUFFIXES = (".mp4", ".mov", ".png", "")


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
        ValueRefused: another suffix, or no face has such a mask.
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
        film = reader_of(store, media, "8")
        refuse_sources(output, [path, film.info.path])
        masks = store.summary().masks
        if drawing.mask is not None and not masks.get(drawing.mask):
            raise ValueRefused(
                f"no face has a mask {drawing.mask!r}; there are: {', '.join(masks) or 'none'}"
            )
        if output.suffix.lower() in (".mp4", ".mov"):
            return _video(store, film, output, drawing, registry, progress)
        if output.suffix == "":
            return _folder(store, film, output, drawing, progress)
        return _sheet(store, film, output, drawing, progress)


def _video(
    store: Alignments,
    film: FilmReader,
    output: Path,
    drawing: Drawing,
    registry: Registry,
    progress: Progress,
) -> int:
    plugin = registry.get("write", "h264")
    cls = plugin.load_options()
    writer = plugin.load()(film.info, cls(container=output.suffix.lower().lstrip("."), crf=20))
    work = output.with_name(f".{output.name}.drawing.part")
    remove_folder(work)
    make_folder(work)
    n = 0

    def all_drawn() -> Iterator[Frame]:
        nonlocal n
        name = f"drawing on {film.name}"
        with progress.task(name, film.info.n_frames_guess, "frames") as bar:
            for frame in ahead(film.frames()):
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
        remove_folder(work)
    return n


def _some(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    """A segment's worth of frames."""
    yield first
    for _, frame in zip(range(_SEGMENT - 1), rest, strict=False):
        yield frame


def _folder(
    store: Alignments, film: FilmReader, output: Path, drawing: Drawing, progress: Progress
) -> int:
    indices = _chosen(store, drawing)
    make_folder(output)
    for frame, faces in visited(store, film, indices, "drawing", progress):
        data = encode_png(drawn(frame.pixels, faces, drawing))
        commit_bytes(output / f"{frame.at.index:06d}.png", data, durable=False)
        stop_if_cancelled(progress, f"pictures up to frame {frame.at.index} are drawn")
    return len(indices)


def _sheet(
    store: Alignments, film: FilmReader, output: Path, drawing: Drawing, progress: Progress
) -> int:
    indices = _chosen(store, drawing)
    count = min(drawing.cells, len(indices))
    spread = np.linspace(0, len(indices) - 1, count).round().astype(int)
    chosen = [indices[i] for i in spread.tolist()]
    width = drawing.cell_px
    cell = (width, max(1, round(width * film.info.height / film.info.width)))
    cells = []
    for frame, faces in visited(store, film, chosen, "drawing", progress):
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
    picture = resize(frame.pixels, small.size_wh)
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
