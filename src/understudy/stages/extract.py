"""Extraction: from a film to an alignments file and a folder of face pictures.

Every frame that was looked at gets a row, also when it holds no face; rows are committed a batch
at a time after the batch's pictures are on disk, so an interrupted run goes on at the first frame
without a row and ends with the same content.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from understudy.errors import NoFaces, StoreError
from understudy.flow import Progress, ahead, mapped
from understudy.flow.progress import stop_if_cancelled
from understudy.media import MediaInfo, ReadReport, frames, probe
from understudy.options import to_mapping
from understudy.plugin import Registry
from understudy.stages.analyse import Analyser
from understudy.stages.extract_options import ExtractOptions
from understudy.stages.pictures import Pictures
from understudy.store.alignments import Alignments, SourceRecord, alignments_path
from understudy.types import Face, Frame

T = TypeVar("T")

BATCH = 32
"""Frames a transaction; a kill loses at most these."""

_RESULT_OPTIONS = (
    "detector",
    "max_detection_px",
    "min_face_px",
    "min_confidence",
    "every",
    "aligner",
    "template",
    "embedder",
    "size",
    "centering",
)


@dataclass(frozen=True, slots=True)
class ExtractInputs:
    """What extraction works on.

    Attributes:
        media: a video file or a folder of images.
        faces: folder for the face pictures.
        alignments: the alignments file; None puts it beside the media.
    """

    media: Path
    faces: Path
    alignments: Path | None = None


@dataclass(frozen=True, slots=True)
class ExtractReport:
    """What extraction found."""

    alignments: Path
    faces_folder: Path
    frames: int
    frames_with_faces: int
    faces: int
    seconds: float
    read: str
    """ "n of N frames could be read", for people."""


def extract(
    inputs: ExtractInputs, options: ExtractOptions, registry: Registry, progress: Progress
) -> ExtractReport:
    """Extract all faces of a film, or go on where an earlier run stopped.

    Raises:
        MediaError: the film cannot be read.
        NoFaces: no face in any frame.
        StoreError: the alignments file belongs to another film or other settings.
        Cancelled: between two batches; everything up to there is saved.
    """
    started = time.monotonic()
    info = probe(inputs.media)
    path = inputs.alignments or alignments_path(inputs.media)
    if options.new:
        _set_aside(path, inputs.faces, progress)
    record = _source_record(info, options)
    pictures = Pictures(inputs.faces, info, options)
    read = ReadReport()
    with Alignments.open(path, create=record) as store:
        _check_same(store, record, path)
        pictures.catch_up(store, progress)
        if not store.finished:
            analyser = Analyser(options, registry, info, progress)
            _run(info, pictures, options, store, analyser, read, progress)
        n_frames, with_faces, n_faces = store.counts()
    if n_faces == 0:
        raise NoFaces(
            f"no face was found in any of the {n_frames} frames of {inputs.media.name}; try a "
            f"lower --min-confidence or --min-face-px, or a higher --max-detection-px"
        )
    seconds = time.monotonic() - started
    words = str(read) if read.decoded else "extracted earlier"
    return ExtractReport(path, inputs.faces, n_frames, with_faces, n_faces, seconds, words)


def _run(
    info: MediaInfo,
    pictures: Pictures,
    options: ExtractOptions,
    store: Alignments,
    analyser: Analyser,
    read: ReadReport,
    progress: Progress,
) -> None:
    last = store.last_timestamp()
    if last is not None:
        progress.say(f"{info.path.name}: going on after frame {last.index}")
    done = 0 if last is None else last.index + 1
    source = frames(info, start=last, report=read)
    wanted = (f for f in source if f.at.index >= done and f.at.index % options.every == 0)
    name = f"faces of {info.path.name}"
    with progress.task(name, info.n_frames_guess, "frames", done=done) as bar:
        work = mapped(analyser.faces_of, ahead(wanted), analyser.workers, 2 * analyser.workers)
        for batch in batches(work, BATCH):
            for frame, faces in batch:
                pictures.write(frame, faces)
            store.put([(frame.at, faces) for frame, faces in batch])
            pictures.mark(batch[-1][0].at.index)
            found = sum(len(faces) for _, faces in batch)
            bar.advance(len(batch) * options.every, f"{found} faces in the last {len(batch)}")
            stop_if_cancelled(progress, f"{batch[-1][0].at.index + 1} frames are extracted")
    if not read.complete or read.ends_early:
        progress.say(f"{info.path.name}: {read!s}")
    store.finish()


def batches(
    items: Iterable[tuple[Frame, list[Face]]], size: int
) -> Iterator[list[tuple[Frame, list[Face]]]]:
    """Lists of up to `size` items, in order."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


def _source_record(info: MediaInfo, options: ExtractOptions) -> SourceRecord:
    chosen = to_mapping(options)
    return SourceRecord(
        name=info.path.name,
        fingerprint=info.fingerprint,
        width=info.width,
        height=info.height,
        time_base=info.time_base,
        n_frames=info.n_frames,
        settings={name: chosen[name] for name in _RESULT_OPTIONS},
    )


def _check_same(store: Alignments, record: SourceRecord, path: Path) -> None:
    have = store.source
    if have.fingerprint != record.fingerprint:
        raise StoreError(
            f"{path} belongs to another film ({have.name}, changed since or replaced); "
            f"extract again with --new, which keeps the old file as .bak"
        )
    changed = sorted(k for k, v in record.settings.items() if have.settings.get(k) != v)
    if changed:
        was = ", ".join(f"{k} {have.settings.get(k)!r}" for k in changed)
        raise StoreError(
            f"{path} was made with {was}; use the same options to go on, or --new to start over "
            f"(the old file is kept as .bak)"
        )


def _set_aside(path: Path, faces: Path, progress: Progress) -> None:
    if path.exists():
        with suppress(StoreError):  # a damaged file is kept as well, with what belongs to it
            Alignments.open(path).close()  # folds the write-ahead log into the file itself
        aside = _renamed(path)
        for end in ("-wal", "-shm"):
            rest = path.with_name(path.name + end)
            if rest.exists():
                rest.rename(aside.with_name(aside.name + end))
        progress.say(f"kept the old alignments as {aside.name}")
    if faces.is_dir() and any(faces.iterdir()):
        progress.say(f"kept the old face pictures in {_renamed(faces)}")


def _renamed(path: Path) -> Path:
    """Move away as `.bak`, or `.bak-2` and so on: an earlier one may be the better one."""
    aside, number = path.with_name(f"{path.name}.bak"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.bak-{number}")
    return path.rename(aside)
