"""Faces of other tools as the alignments of their film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from understudy.errors import NoFaces, StoreError, ValueRefused
from understudy.flow import Progress
from understudy.flow.progress import stop_if_cancelled
from understudy.interchange import checks
from understudy.interchange.carry.names import FrameNames, first_number
from understudy.interchange.carry.report import ImportReport, must_be_new, report
from understudy.interchange.values import ForeignFace, ForeignSet, Ledger
from understudy.media import FilmReader, MediaInfo
from understudy.store.alignments import Alignments, SourceRecord, alignments_path, writer_lock
from understudy.store.atomic import commit_path
from understudy.types import Face, Timestamp
from understudy.types.frame import frame_space

_BATCH = 64


def to_alignments(
    found: ForeignSet,
    info: MediaInfo,
    output: Path | None,
    first_frame: int | None,
    ledger: Ledger,
    progress: Progress,
) -> ImportReport:
    """Write the alignments file of a film from what was found.

    Args:
        found: faces by the other tool's frame names.
        info: the film or folder of images.
        output: the alignments file, None puts it beside the media.
        first_frame: which number the tool gave a film's first frame, None finds it out.
        ledger: told what was left out.
        progress: drawn while the film's times are read.

    Raises:
        StoreError: the file is there already, or most faces lie outside the frames.
        NoFaces: nothing was left.
        Cancelled: nothing has been made.
    """
    path = output or alignments_path(info.path)
    must_be_new(path)
    first = first_number(found.frames) if first_frame is None else first_frame
    if info.kind == "video":
        progress.say(f"frames of {info.path.name} are counted from {first}")
    by_index = _by_index(found, FrameNames(info, first), ledger)
    times = _times(info, by_index, progress)
    frames = _placed(by_index, times, info, found, ledger)
    n_faces = sum(len(faces) for _, faces in frames)
    if not n_faces:
        raise NoFaces(
            f"no face belongs to a frame of {info.path.name}: {'; '.join(ledger.skipped[:3])}"
        )
    record = SourceRecord(
        name=info.path.name,
        fingerprint=info.fingerprint,
        width=info.width,
        height=info.height,
        time_base=info.time_base,
        n_frames=info.n_frames,
        settings={"imported": found.tool},
        mixed=bool(info.odd),
    )
    with (
        writer_lock(path),
        commit_path(path) as temporary,
        Alignments.open(temporary, create=record, locked=True) as store,
    ):
        for start in range(0, len(frames), _BATCH):
            store.put(frames[start : start + _BATCH])
            stop_if_cancelled(progress, "nothing was imported")
        store.finish()
    return report(path, found.tool, len(frames), n_faces, ledger)


def _by_index(
    found: ForeignSet, names: FrameNames, ledger: Ledger
) -> dict[int, tuple[str, list[ForeignFace]]]:
    by_index: dict[int, tuple[str, list[ForeignFace]]] = {}
    for name, faces in found.frames.items():
        index = names.index(name)
        if index is None:
            ledger.skip(name, "no such frame in the media")
        elif index in by_index:
            ledger.skip(name, f"the same frame as {by_index[index][0]}")
        else:
            by_index[index] = (name, faces)
    return by_index


def _times(info: MediaInfo, wanted: dict[int, Any], progress: Progress) -> dict[int, Timestamp]:
    last, times = max(wanted, default=-1), {}
    with progress.task(f"times of {info.path.name}", info.n_frames_guess, "frames") as bar:
        for at in FilmReader(info).timestamps():
            if at.index > last:
                break
            if at.index in wanted:
                times[at.index] = at
            bar.advance(1)
            if at.index % _BATCH == 0:
                stop_if_cancelled(progress, "nothing was imported")
    return times


def _placed(
    by_index: dict[int, tuple[str, list[ForeignFace]]],
    times: dict[int, Timestamp],
    info: MediaInfo,
    found: ForeignSet,
    ledger: Ledger,
) -> list[tuple[Timestamp, list[Face]]]:
    frames, outside, total = [], 0, 0
    for index in sorted(by_index):
        name, foreign = by_index[index]
        if index not in times:
            ledger.skip(name, f"{info.path.name} ends before frame {index}")
            continue
        faces: list[Face] = []
        grid = frame_space(*info.size_at(index))
        for face in foreign:
            try:
                if face.frame_size not in (None, grid.size_wh):
                    raise ValueRefused(f"its frame was {face.frame_size}, not {grid.size_wh}")
                faces.append(face.to_face(f"{index}_{len(faces)}", times[index], grid))
            except checks.DAMAGED as error:
                ledger.skip(name, error)
                continue
            middle = face.landmarks.mean(0)
            total += 1
            outside += not (0 <= middle[0] <= grid.width and 0 <= middle[1] <= grid.height)
        frames.append((times[index], faces))
    if outside * 2 > total:
        raise StoreError(
            f"{outside} of {total} faces of {found.tool} lie outside the frames of "
            f"{info.path.name} ({info.width}x{info.height}); is this the film they were found in?"
        )
    return frames
