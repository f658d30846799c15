"""Finding what may be wrong: missing frames, frames without or with several faces, misalignment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from understudy.errors import StoreError, ValueRefused
from understudy.files import make_folder, read_file, remove_file
from understudy.flow import Progress
from understudy.imaging.focus import SHARPNESS
from understudy.media import FilmReader
from understudy.shell import quoted
from understudy.stages.faces.source import frame_words
from understudy.stages.repair.pictures import state_of
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import FaceRow, Query
from understudy.store.atomic import commit_bytes
from understudy.store.faceset import MAX_FILE_BYTES
from understudy.words import counted

Job = Literal["missing-frames", "no-faces", "multi-faces", "misaligned", "blurred", "review"]
MISALIGNED = 0.10
"""The field's threshold for the mean distance to the mean face, in the unit square."""
BLURRED = 0.5
"""Of a film's usual sharpness: a blur with a sigma of 2 % of the width of the eyes."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        job: which search.
        frames: indices of the frames it found, in order.
        faces: the faces it found, in order; empty where it looks for frames.
        said: one line for people.
        reasons: why a face was found, by its id, where a search has several.
    """

    job: Job
    frames: tuple[int, ...]
    faces: tuple[FaceRow, ...]
    said: str
    reasons: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Ids of the faces found, or numbers of the frames, one a line."""
        return [row.id for row in self.faces] if self.faces else [str(i) for i in self.frames]


def missing_frames(
    store: Alignments, film: FilmReader | None, progress: Progress, count: bool = False
) -> Found:
    """Frames of the film that have no row: they were never looked at, or were lost.

    Args:
        store: the alignments.
        film: the film, or None where it is not at hand; its own word is then taken from the file.
        progress: told what is done.
        count: count the film's frames by decoding it, instead of believing the container.

    Raises:
        ValueRefused: nobody knows how many frames the film has.
    """
    every = int(store.source.setting("every", 1))
    if count and film is not None:
        name = f"counting frames of {film.name}"
        with progress.task(name, film.info.n_frames_guess) as bar:
            expected = []
            for frame in film.frames():
                expected.append(frame.at.index)
                bar.advance(1)
        how = "counted"
    else:
        n = store.source.n_frames if film is None else film.info.n_frames
        if n is None:
            raise ValueRefused(
                f"{store.source.name} does not say how many frames it has; give --count with the "
                "film at hand, and they are counted"
            )
        expected, how = list(range(n)), "declared"
    wanted = [i for i in expected if i % every == 0]
    seen = store.seen()
    missing = tuple(i for i in wanted if i not in seen)
    said = f"{len(missing)} of {counted(len(wanted), 'frame')} ({how}) have no row"
    return Found("missing-frames", missing, (), _with(said, missing))


def no_faces(store: Alignments) -> Found:
    """Frames that were looked at and hold no face."""
    with_faces = {row.frame for row in store.select(Query())}
    empty = tuple(i for i in store.timestamps() if i not in with_faces)
    return Found(
        "no-faces",
        empty,
        (),
        _with(f"{counted(len(empty), 'frame has', 'frames have')} no face", empty),
    )


def multi_faces(store: Alignments) -> Found:
    """Frames that hold more than one face, with these faces."""
    rows = tuple(store.select(Query(faces_in_frame=(2, None))))
    indices = tuple(dict.fromkeys(row.frame for row in rows))
    said = f"{counted(len(indices), 'frame has', 'frames have')} several faces, {len(rows)} in all"
    return Found("multi-faces", indices, rows, _with(said, indices))


def misaligned(store: Alignments, threshold: float = MISALIGNED) -> Found:
    """Faces whose aligned landmarks lie far from the mean face: most often landmarks that failed.

    Args:
        store: the alignments.
        threshold: mean distance to the mean face, per coordinate, in its unit square.
    """
    found = store.select(Query(average_distance=(threshold, None)))
    measured = {row.id for row in store.select(Query(average_distance=(0.0, None)))}
    if len(measured) < store.summary().faces:  # imported before such numbers were kept
        far = {
            face.id
            for _, faces in store.by_frame()
            for face in faces
            if face.id not in measured and face.alignment.distance >= threshold
        }
        far |= {row.id for row in found}
        found = [row for row in store.select(Query()) if row.id in far]
    rows = tuple(found)
    indices = tuple(dict.fromkeys(row.frame for row in rows))
    said = (
        f"{counted(len(rows), 'face lies', 'faces lie')} {threshold:g} or more from the mean face"
    )
    return Found("misaligned", indices, rows, _with(said, indices))


def blurred(store: Alignments, below: float = BLURRED) -> Found:
    """Faces that were filmed less sharply than most of the film's, the most blurred first.

    Args:
        store: the alignments.
        below: share of the film's usual sharpness, its median.

    Raises:
        StoreError: no face has the number, as in files made before it was measured.
    """
    usual = store.summary().quality.get(SHARPNESS)
    if usual is None:
        raise StoreError(
            f"{store.path.name}: sharpness was not measured; measure it with: understudy "
            f"alignments redo {quoted(store.path)} --sharpness"
        )
    limit = below * usual[1]
    measured = {
        face.id: face.quality[SHARPNESS]
        for row in dict.fromkeys(r.frame for r in store.select(Query(sharpness=(0.0, limit))))
        for face in store.faces(row)
        if face.quality.get(SHARPNESS, limit) < limit
    }
    rows = [row for row in store.select(Query()) if row.id in measured]
    rows.sort(key=lambda row: measured[row.id])
    frames = tuple(sorted({row.frame for row in rows}))
    said = (
        f"{counted(len(rows), 'face was', 'faces were')} filmed less sharply than {below:g} of "
        "what is usual in this film"
    )
    return Found("blurred", frames, tuple(rows), _with(said, frames))


def write_list(found: Found, path: Path, source: Path) -> None:
    """Write what was found: `.json` with all that is known, anything else one a line.

    A text list of faces can be given to `remove --list`.

    Raises:
        StoreError: something is there already.
    """
    if os.path.lexists(path):
        raise StoreError(f"{path} is there already; move it away, or name another with --to")
    text = "".join(f"{line}\n" for line in found.lines())
    if path.suffix.lower() == ".json":
        plain = {
            "job": found.job,
            "alignments": source.name,
            "frames": list(found.frames),
            "faces": [
                {"id": r.id, "frame": r.frame, "score": r.score, "track": r.track}
                | ({"why": found.reasons[r.id]} if r.id in found.reasons else {})
                for r in found.faces
            ],
        }
        text = json.dumps(plain, indent=1) + "\n"
    commit_bytes(path, text.encode())


def take_pictures(
    store: Alignments, ids: Sequence[str], faces: Path, target: Path, move: bool
) -> int:
    """Copy or move the pictures of faces into another folder, to be looked at; returns how many.

    Moving takes them out of the faceset; `remove --faces` then carries that to the alignments.

    Raises:
        StoreError: the folder holds no picture of this film, or a name is taken in the target.
    """
    picture_of = state_of(faces, store).by_face()
    if not picture_of:
        raise StoreError(f"{faces}: holds no picture of {store.source.name}")
    make_folder(target)
    chosen = [picture_of[i].path for i in ids if i in picture_of]
    taken = [p.name for p in chosen if (target / p.name).exists()]
    if taken:
        raise StoreError(f"{target / taken[0]} is there already; choose another folder")
    for path in chosen:
        commit_bytes(target / path.name, read_file(path, MAX_FILE_BYTES))
    if move:
        for path in chosen:
            remove_file(path)
    return len(chosen)


def _with(said: str, indices: Sequence[int]) -> str:
    words = frame_words(indices)
    short = words if len(words) <= 200 else f"{words[:200].rpartition(',')[0]}, ..."
    return f"{said}: {short}" if indices else said
