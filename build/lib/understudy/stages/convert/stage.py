"""Conversion: put the new face into every frame, then label the file and give it its name.

Frames are written in segments that are complete or absent, in a folder named after everything
the result depends on; an interrupted run goes on at the first missing segment. The finished file
is signed into a `.part` and renamed last, so a file with its final name is complete and labelled.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np

from understudy.errors import MediaError, NoFaces, StoreError, ValueRefused
from understudy.flow import Progress, ahead, mapped
from understudy.flow.progress import Task, stop_if_cancelled
from understudy.geometry import Warp
from understudy.imaging.composite import Patch, crop_image, feathered, paste, warp_image
from understudy.media import AssumeColour, MediaInfo, ReadReport, check_writable, frames, probe
from understudy.options import fields_of, to_mapping
from understudy.plugin import Registry
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.faces.masks import stale_masks
from understudy.stages.faces.source import warn_of_damage
from understudy.stages.release.place import Receipt, check_place, refuse_existing
from understudy.stages.release.stage import Label, confirm, release
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset, read_record
from understudy.swap.loading import Swapper, load_swapper
from understudy.types import Face, Frame

SEGMENT = 120
"""Frames a segment; a kill loses at most these."""


@dataclass(frozen=True, slots=True)
class ConvertInputs:
    """What conversion works on.

    Attributes:
        media: the footage whose faces are replaced.
        alignments: its alignments file.
        faces: its face pictures, for the choice "faceset".
        model: the model folder.
        output: a `.mp4`/`.mov` file, or a folder for PNGs (a name without suffix).
        work: folder for the segments.
        label: consent and donor, for the Content Credentials.
    """

    media: Path
    alignments: Path
    faces: Path
    model: Path
    output: Path
    work: Path
    label: Label


@dataclass(frozen=True, slots=True)
class ConvertReport:
    """What conversion made."""

    output: Path
    frames: int
    swapped_faces: int
    model_step: int
    seconds: float
    read: str


def convert(
    inputs: ConvertInputs, options: ConvertOptions, registry: Registry, progress: Progress
) -> ConvertReport:
    """Convert a film, or go on where an earlier run with the same choices stopped.

    Raises:
        ConsentMissing: a person in the output has no valid declaration.
        MediaError, StoreError, NoFaces: footage, alignments or faces are missing or foreign.
        DiskFull: segments written so far stay.
        Cancelled: between two segments; they are kept.
    """
    started = time.monotonic()
    inputs.label.require()
    check_place(inputs.output, options.overwrite, inputs.work, [inputs.media])
    info = probe(inputs.media)
    check_writable(info, _assumed(inputs.alignments))
    chosen = _chosen_faces(inputs, info, options)
    _warn_of_stale(chosen, options, inputs.alignments, progress)
    swapper = load_swapper(inputs.model, options.device, registry)
    progress.say(f"model {swapper.name}, step {swapper.step}, on {swapper.device_reason}")
    writer = writer_for(registry, info, inputs.output, options)
    work = inputs.work / _key(info, chosen, swapper, options, inputs.output)
    kept = work.with_suffix(".json")
    earlier = None if options.overwrite else Receipt.read_from(kept)
    if earlier is not None and earlier.fits(inputs.output):
        progress.say(f"{inputs.output} was made with the same choices and is complete")
        confirm(inputs.label, inputs.output, info)
        n_frames, words = earlier.frames, earlier.read
    else:
        refuse_existing(inputs.output, options.overwrite)
        job = _Job(options, registry, swapper, chosen, "a" if options.swap else "b")
        work.mkdir(parents=True, exist_ok=True)
        read = ReadReport()
        segments = _write_segments(inputs, info, job, writer, work, read, progress)
        n_frames, words = read.decoded, str(read)
        progress.say("joining and signing")
        about = {"model": swapper.name, "model_step": swapper.step, "mask": options.mask}
        release(
            writer,
            work,
            segments,
            info,
            inputs.output,
            inputs.label,
            about,
            lambda part: Receipt.of(part, inputs.output, n_frames, words).keep(kept),
        )
    _discard(work)
    n_faces = sum(len(faces) for faces in chosen.values())
    seconds = time.monotonic() - started
    return ConvertReport(inputs.output, n_frames, n_faces, swapper.step, seconds, words)


def _write_segments(
    inputs: ConvertInputs,
    info: MediaInfo,
    job: _Job,
    writer: Any,
    work: Path,
    read: ReadReport,
    progress: Progress,
) -> int:
    first = 0
    while writer.has_segment(work, first):
        first += 1
    with Alignments.open(inputs.alignments, read_only=True) as store:
        start = store.timestamps().get(first * SEGMENT) if first else None
    assumed = _assumed(inputs.alignments)
    if first:
        progress.say(f"going on after {first} finished segments of {SEGMENT} frames")
    source = ahead(frames(info, start=start, report=read, assume_colour=assumed), 2 * SEGMENT // 10)
    number = first
    name = f"converting {info.path.name}"
    with progress.task(name, info.n_frames_guess, "frames", done=first * SEGMENT) as bar:
        for number, group in groupby(source, key=lambda f: f.at.index // SEGMENT):
            if number < first or writer.has_segment(work, number):
                continue
            writer.write_segment(work, number, job.converted(group, bar))
            stop_if_cancelled(progress, f"{number + 1} segments are converted and kept")
    warn_of_damage(info, read, progress)
    segments = number + 1
    if not writer.has_segment(work, segments - 1):
        raise MediaError(f"no frame of {info.path.name} could be read; nothing was converted")
    return segments


class _Job:
    """Turns source frames into converted ones; the same frames give the same result."""

    def __init__(
        self,
        options: ConvertOptions,
        registry: Registry,
        swapper: Swapper,
        chosen: dict[int, list[Face]],
        to: str,
    ) -> None:
        self.options = options
        self.swapper = swapper
        self.chosen = chosen
        self.to = to
        self.matcher = registry.create("colour", options.match_colour)
        self.workers = os.cpu_count() or 1

    def converted(self, source: Iterable[Frame], bar: Task) -> Iterator[Frame]:
        """Frames in the same order; those without a chosen face are passed on untouched."""
        source = iter(source)
        while batch := list(islice(source, self.options.faces_at_once)):
            faces = [(f, face) for f in batch for face in self.chosen.get(f.at.index, [])]
            swapped = self._swapped(faces)
            todo: dict[int, list[tuple[Face, Any]]] = {}
            for (frame, face), crop in zip(faces, swapped, strict=True):
                todo.setdefault(frame.at.index, []).append((face, crop))
            pairs = [(frame, todo.get(frame.at.index, [])) for frame in batch]
            yield from mapped(self._composed, pairs, self.workers)
            bar.advance(len(batch), f"{len(faces)} faces in the last {len(batch)}")

    def _swapped(self, faces: Sequence[tuple[Frame, Face]]) -> list[Any]:
        if not faces:
            return []
        s = self.swapper
        crops = list(
            mapped(
                lambda pair: crop_image(
                    pair[0].pixels, pair[1].alignment.crop(s.input_px, s.coverage, s.centering)
                ),
                faces,
                self.workers,
            )
        )
        results: list[Any] = []
        for i in range(0, len(crops), self.options.faces_at_once):
            shown = s.convert(np.stack(crops[i : i + self.options.faces_at_once]), self.to)
            results.extend(shown.rgb)
        return results

    def _composed(self, pair: tuple[Frame, list[tuple[Face, Any]]]) -> Frame:
        frame, faces = pair
        pixels = frame.pixels
        for face, swapped in faces:
            crop_from_frame = self.crop(face)
            mask = face.masks[self.options.mask]
            on_crop = np.clip(
                warp_image(mask.alpha, crop_from_frame @ mask.grid_from_frame.inverse()), 0, 1
            )
            original = crop_image(frame.pixels, crop_from_frame).astype(np.float32) / 255
            matched = self.matcher.match(swapped, original, on_crop)
            pixels = paste(pixels, matched, crop_from_frame, self.patch(frame, face))
        return frame if pixels is frame.pixels else Frame(frame.at, pixels, frame.source)

    def crop(self, face: Face) -> Warp:
        """Where the model's output lies in the frame."""
        s = self.swapper
        return face.alignment.crop(s.output_px, s.coverage, s.centering)

    def patch(self, frame: Frame, face: Face) -> Patch:
        """The feathered mask of one face on its frame."""
        o = self.options
        return feathered(face.masks[o.mask], self.crop(face), frame.space, o.feather, o.erode)


def _assumed(alignments: Path) -> AssumeColour:
    """How the extraction read the footage's colour; conversion must read it the same way."""
    with Alignments.open(alignments, read_only=True) as store:
        return "rec709" if store.source.settings.get("assume_colour") == "rec709" else "tags"


def _chosen_faces(
    inputs: ConvertInputs, info: MediaInfo, options: ConvertOptions
) -> dict[int, list[Face]]:
    """The faces to replace, by frame index."""
    with Alignments.open(inputs.alignments, read_only=True) as store:
        if store.source.fingerprint != info.fingerprint:
            raise StoreError(
                f"{inputs.alignments} belongs to another film ({store.source.name}); extract "
                f"{info.path.name} first"
            )
        if not store.finished:
            raise StoreError(
                f"the extraction of {info.path.name} is not finished; run it again to go on"
            )
        rows = [(at.index, faces) for at, faces in store.by_frame() if faces]
    if options.faces == "faceset":
        kept = {
            record.face.id
            for record in map(read_record, list_faceset(inputs.faces))
            if record.source_fingerprint == info.fingerprint
        }
        rows = [(i, [f for f in faces if f.id in kept]) for i, faces in rows]
    elif options.faces == "largest":
        rows = [(i, [max(faces, key=lambda f: f.quality["size_px"])]) for i, faces in rows]
    chosen = {i: faces for i, faces in rows if faces}
    if not chosen:
        raise NoFaces(
            f"no face of {info.path.name} is left to replace; put pictures back into "
            f"{inputs.faces}, or use --faces all"
        )
    for faces in chosen.values():
        for face in faces:
            if options.mask not in face.masks:
                known = ", ".join(face.masks) or "none"
                raise ValueRefused(f"there is no mask {options.mask!r}; there are: {known}")
    return chosen


def _warn_of_stale(
    chosen: dict[int, list[Face]], options: ConvertOptions, alignments: Path, progress: Progress
) -> None:
    """Name masks that are older than the landmarks they were made from."""
    n = stale_masks((face for faces in chosen.values() for face in faces), options.mask)
    if n:
        progress.warn(
            f"the mask {options.mask!r} of {n} faces is older than their landmarks; make "
            f"it again with: understudy alignments redo {alignments}",
            code="stale-masks",
            mask=options.mask,
            faces=n,
            alignments=str(alignments),
        )


def _key(
    info: MediaInfo,
    chosen: dict[int, list[Face]],
    swapper: Swapper,
    options: ConvertOptions,
    output: Path,
) -> str:
    """A name for everything that the segments depend on."""
    plain = to_mapping(options)
    del plain["overwrite"]
    writer = _writer_name(output)
    digest = hashlib.sha256()
    digest.update(info.fingerprint.encode())
    digest.update(swapper.fingerprint.encode())
    digest.update(json.dumps([plain, writer, SEGMENT], sort_keys=True).encode())
    for index in sorted(chosen):
        for face in chosen[index]:
            digest.update(f"{index} {face.id}".encode() + face.alignment.landmarks.tobytes())
            digest.update(np.ascontiguousarray(face.masks[options.mask].alpha).tobytes())
    return digest.hexdigest()[:16]


def _discard(work: Path) -> None:
    """Remove finished segments; no death on the way leaves half a one under its own name."""
    doomed = work.with_suffix(".old")
    shutil.rmtree(doomed, ignore_errors=True)
    if work.exists():
        work.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def writer_for(registry: Registry, info: MediaInfo, output: Path, options: ConvertOptions) -> Any:
    """The writer for this output; it gets those of the stage's options that it declares.

    Raises:
        MediaError: the source's sound does not fit into this kind of file.
    """
    plugin = registry.get("write", _writer_name(output))
    cls = plugin.load_options()
    if cls is None:
        return plugin.load()(info)
    known = {f.name for f in fields_of(cls)}
    chosen = to_mapping(options) | {"container": output.suffix.lower().lstrip(".")}
    return plugin.load()(info, cls(**{k: v for k, v in chosen.items() if k in known}))


def _writer_name(output: Path) -> str:
    return "png" if output.suffix == "" else "h264"
