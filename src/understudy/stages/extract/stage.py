"""Extraction: from a film to an alignments file and a folder of face pictures.

Every frame that was looked at gets a row, also when it holds no face; rows are committed a window
at a time after the window's pictures are on disk, together with what following must remember. So
an interrupted run goes on at the first frame without a row and ends with the same content.

Three things overlap: decoding, following faces, and all that is made of a face that is final
(masks, pictures, rows). Queues between them are short, so memory does not grow with the film.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from understudy.errors import NoFaces, OtherSettings, StoreError
from understudy.flow import Progress, ahead, mapped
from understudy.flow.progress import stop_if_cancelled
from understudy.follow.follower import Follower, Seen, Window
from understudy.follow.persons import join_persons
from understudy.follow.sightings import State
from understudy.media import FilmReader, MediaInfo, ReadReport, probe
from understudy.media.colour.cube import Cube
from understudy.media.health import remarks
from understudy.media.held import Held
from understudy.plugin import Registry
from understudy.stages.extract.analyse import Tools, one_thread_each
from understudy.stages.extract.aside import set_aside
from understudy.stages.extract.choose import choose, resolved, step_settings
from understudy.stages.extract.colour import colour_of, with_table
from understudy.stages.extract.cutting.pictures import Pictures
from understudy.stages.extract.debug import write_debug_image
from understudy.stages.extract.gaps import unsure, warn_of_gaps, warn_of_unsure
from understudy.stages.extract.nobody import what_was_seen
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.faces.colour.table import SETTING, keep_cube
from understudy.stages.faces.plugins import say_devices
from understudy.stages.faces.source import as_found, warn_of_damage, whose
from understudy.store.alignments import Alignments, SourceRecord, alignments_path, writer_lock
from understudy.store.alignments.settings import differences
from understudy.types import Face, Frame
from understudy.words import counted

T = TypeVar("T")

WINDOW = 12
"""Frames a transaction. A kill costs what was not committed: a window, two that are followed ahead,
and the few frames that smoothing and decoding look ahead, together at most 64."""

_MEANS_ARE_NEARER = 0.75
"""Mean vectors lie nearer to each other than single ones: what is left out by averaging is what
tells two looks at one person apart. Over 17 clips one person's tracks lay at most 0.35 apart
(dlib128), two persons' at least 0.51."""

_FRAMES_AT_ONCE = {"cpu": 1, "mps": 8, "cuda": 16}
"""How many frames a batch has when each is looked at for itself."""
_NAMED = 5
"""So many of the faces that were left out are named."""
_LARGE_FRAME_PIXELS = 4_000_000


@dataclass(frozen=True, slots=True)
class ExtractInputs:
    """What extraction works on.

    Attributes:
        media: a video file or a folder of images.
        faces: folder for the face pictures.
        alignments: the alignments file; None puts it beside the media.
        starting_over: called before earlier alignments are set aside: what was said of their
            persons by number holds no more. Not called where everything can still be refused.
    """

    media: Path
    faces: Path
    alignments: Path | None = None
    starting_over: Callable[[], None] | None = None


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
    shots: int = 0
    tracks: int = 0
    persons: int = 0


def extract(
    inputs: ExtractInputs, options: ExtractOptions, registry: Registry, progress: Progress
) -> ExtractReport:
    """Extract all faces of a film, or go on where an earlier run stopped.

    Raises:
        MediaError: the film cannot be read, or is another file than when it was opened.
        NoFaces: no face in any frame.
        StoreError: the alignments file belongs to another film or other settings.
        PluginError, WeightsError: a plug-in is unknown, not allowed, or lacks its weights.
        Cancelled: between two windows; everything up to there is saved.
    """
    path = inputs.alignments or alignments_path(inputs.media)
    colour = colour_of(options, path)
    held = Held.now(inputs.media)
    film = FilmReader.open(inputs.media, "native", colour)
    if film.info.odd and not options.every_frame:
        progress.say(f"{film.name}: pictures of several sizes are looked at one by one")
        options = replace(options, every_frame=True)
    with writer_lock(path):
        options = _decided(path, options, registry, progress)
        film = _as_known(film, path, options)
        record = with_table(_source_record(film.info, options, registry), colour)
        tools = None
        if options.new or not path.exists():
            tools = _tools(options, registry, progress)  # refuses before anything is made or moved
        if options.new:
            if inputs.starting_over is not None:
                inputs.starting_over()
            set_aside(path, inputs.faces, progress)
        if isinstance(colour, Cube) and options.plate_lut:
            keep_cube(path, Path(options.plate_lut), colour)
        faces = inputs.faces
        return _extract(film, held, path, faces, record, options, registry, progress, tools)


def _extract(
    film: FilmReader,
    held: Held,
    path: Path,
    faces: Path,
    record: SourceRecord,
    options: ExtractOptions,
    registry: Registry,
    progress: Progress,
    tools: Tools | None,
) -> ExtractReport:
    """The rest of `extract`, once nobody else writes these alignments."""
    started, info = time.monotonic(), film.info
    pictures = Pictures(
        faces, film, size=options.size, centering=options.centering, alignments=path, held=held
    )
    read = ReadReport()
    with Alignments.open(path, create=record, locked=True) as store:
        _check_same(store, record, path)
        pictures.catch_up(store, progress)
        if not store.finished:
            for remark in remarks(info):
                if remark.kind == "log" and isinstance(film.assume_colour, Cube):
                    continue
                progress.warn(remark.words, code=remark.kind, film=info.path.name)
            with one_thread_each():
                tools = tools or _tools(options, registry, progress)
                try:
                    _Run(film, pictures, options, store, tools, progress)(read)
                finally:
                    pictures.check()  # also where it could not be read any more
                if store.counts()[2]:
                    warn_of_gaps(film, store, options, registry, progress)
        n_frames, with_faces, n_faces = store.counts()
        shots, tracks = store.shots(), store.tracks()
        times = [] if n_faces else list(store.timestamps().values())
    if n_faces == 0:
        seen, frames = what_was_seen(film, times, options, registry), counted(n_frames, "frame")
        raise NoFaces(f"no face was found in any of the {frames} of {film.name}; {seen}")
    return ExtractReport(
        alignments=path,
        faces_folder=faces,
        frames=n_frames,
        frames_with_faces=with_faces,
        faces=n_faces,
        seconds=time.monotonic() - started,
        read=str(read) if read.decoded else "extracted earlier",
        shots=len(shots),
        tracks=len(tracks),
        persons=len({t.person for t in tracks if t.person is not None}),
    )


class _Run:
    """One run over the frames that have no row yet."""

    def __init__(
        self,
        film: FilmReader,
        pictures: Pictures,
        options: ExtractOptions,
        store: Alignments,
        tools: Tools,
        progress: Progress,
    ) -> None:
        self._film, self._pictures, self._options = film, pictures, options
        self._store, self._progress = store, progress
        self._workers, self._unsure = options.workers or os.cpu_count() or 1, list[str]()
        self._tools, self._device = tools, tools.device

    def __call__(self, read: ReadReport) -> None:
        film, store, progress = self._film, self._store, self._progress
        last = store.last_timestamp()
        if last is not None:
            progress.say(f"{film.name}: going on after frame {last.index}")
        done = 0 if last is None else last.index + 1
        source = film.frames(last, read)
        wanted = (f for f in source if f.at.index >= done and f.at.index % self._options.every == 0)
        windows = ahead(self._windows(ahead(wanted)), 1)
        name = f"faces of {film.name}"
        with progress.task(name, film.info.n_frames_guess, "frames", done=done) as bar:
            for window, made in self._made(windows):
                self._commit(window, made)
                found = sum(len(faces) for faces in made)
                bar.advance(
                    len(made) * self._options.every,
                    f"{counted(found, 'face')} in the last {len(made)}",
                )
                n_frames, _, n_faces = store.counts()
                progress.metric("faces", n_faces, step=n_frames)
                stop_if_cancelled(
                    progress, f"{counted(n_frames, 'frame is', 'frames are')} extracted"
                )
        self._pictures.check()
        warn_of_damage(film.info, read, progress)
        name_left_out(film.name, store.carry, progress)
        warn_of_unsure(film.name, self._unsure, progress)
        limit = _MEANS_ARE_NEARER * self._tools.same_person_below
        store.finish(join_persons(store.tracks(), store.track_spans(), limit))

    def _windows(self, source: Iterator[Frame]) -> Iterator[Window]:
        """Frames with their faces, final, window by window."""
        size = window_size(self._film.info)
        if self._options.every_frame:
            mixed = bool(self._film.info.odd)  # nets take only pictures of one size together
            at_once = 1 if mixed else _FRAMES_AT_ONCE.get(self._device, 1)
            workers = self._workers if self._device == "cpu" else 1
            batches = in_batches(source, at_once)
            looked = mapped(lambda batch: (batch, self._tools.look(batch)), batches, workers)
            flat = (pair for batch, found in looked for pair in zip(batch, found, strict=True))
            for part in in_batches(flat, size):
                yield Window([f for f, _ in part], [s for _, s in part], [], [], None)
            return
        follower = Follower(
            self._tools,
            cut=self._options.cut_threshold,
            smooth=self._options.smooth,
            state=self._store.carry,
        )
        waiting: list[Frame] = []
        for frame in source:
            waiting.append(frame)
            if sum(f.at.index > follower.seen for f in waiting) == size:
                yield follower.take(waiting)
                waiting = []
        yield follower.take(waiting, last=True)

    def _made(self, windows: Iterator[Window]) -> Iterator[tuple[Window, list[list[Face]]]]:
        """Windows with all that is made of their faces; frames are worked on in parallel."""
        order: list[Window] = []

        def items() -> Iterator[tuple[Frame, Sequence[Seen]]]:
            for window in windows:
                order.append(window)
                yield from zip(window.frames, window.faces, strict=True)

        made: list[list[Face]] = []
        for faces in mapped(self._finish, items(), self._workers, 2 * self._workers):
            made.append(faces)
            while order and len(order[0].frames) == len(made):
                yield order.pop(0), made
                made = []
        for window in order:
            yield window, []

    def _finish(self, item: tuple[Frame, Sequence[Seen]]) -> list[Face]:
        frame, seen = item
        faces = self._tools.finish(frame, seen)
        self._pictures.write(frame, faces)
        if self._options.debug_images:
            write_debug_image(self._pictures.debug_folder, frame, faces)
        return faces

    def _commit(self, window: Window, made: list[list[Face]]) -> None:
        self._pictures.check()  # rows say that these faces are this film's
        rows = [(f.at, faces) for f, faces in zip(window.frames, made, strict=True)]
        self._unsure += unsure(made)
        self._store.put(rows, carry=window.state, shots=window.shots, tracks=window.tracks)
        if window.frames:
            self._pictures.mark(window.frames[-1].at.index)


def name_left_out(film: str, carry: bytes | None, progress: Progress) -> None:
    """Say which faces were seen and not taken, the longest first."""
    left_out = [] if carry is None else State.unpacked(carry).doubts.left_out
    if not left_out:
        return
    longest = sorted(left_out, key=lambda one: (-one.frames, one.first))
    rest = len(longest) - _NAMED
    progress.warn(
        f"{film}: faces were left out in {counted(sum(one.frames for one in left_out), 'look')}: "
        + "; ".join(str(one) for one in longest[:_NAMED])
        + (f"; and {rest} more" if rest > 0 else ""),
        code="faces-left-out",
        film=film,
        left_out=[asdict(one) for one in longest],
    )


def window_size(info: MediaInfo) -> int:
    """Frames a window; fewer where frames are large, so that memory stays bounded."""
    return WINDOW if info.width * info.height <= _LARGE_FRAME_PIXELS else WINDOW // 2


def in_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items, in order."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


def _tools(options: ExtractOptions, registry: Registry, progress: Progress) -> Tools:
    """The nets, built, and the photos of who is wanted, looked at."""
    chosen = choose(options, registry, progress)
    with one_thread_each():
        tools = Tools(chosen, options, _device(options, progress))
    say_devices(progress)
    return tools


def _device(options: ExtractOptions, progress: Progress) -> str:
    from understudy.nn.device import choose_device

    chosen = choose_device(options.device)
    if chosen.device.type != "cpu" or options.device != "auto":
        progress.say(f"device: {chosen.reason}")
    return chosen.device.type


def _decided(
    path: Path, options: ExtractOptions, registry: Registry, progress: Progress
) -> ExtractOptions:
    """The options with `auto` decided, as before where there is a file already."""
    if path.exists() and not options.new:
        with Alignments.open(path, locked=True) as before:
            return resolved(options, registry, before, progress)
    return resolved(options, registry, None, progress)


def _as_known(film: FilmReader, path: Path, options: ExtractOptions) -> FilmReader:
    """The film in the pixels in which its faces were, or will be, told."""
    if path.exists() and not options.new:
        with Alignments.open(path, locked=True) as before:
            return replace(film, info=as_found(before, probe(film.path)))
    if options.detector == "file":  # whoever wrote the boxes saw the film's own pixels
        return replace(film, info=probe(film.path))
    return film


def _source_record(info: MediaInfo, options: ExtractOptions, registry: Registry) -> SourceRecord:
    return SourceRecord(
        name=info.path.name,
        fingerprint=info.fingerprint,
        width=info.width,
        height=info.height,
        time_base=info.time_base,
        n_frames=info.n_frames,
        settings=step_settings(options, registry),
        mixed=bool(info.odd),
    )


def _check_same(store: Alignments, record: SourceRecord, path: Path) -> None:
    have = store.source
    if have.fingerprint != record.fingerprint:
        raise StoreError(
            f"{path} {whose(have.name, record.name)}; extract again with --new, which keeps the "
            "old file as .bak"
        )
    if "imported" in have.settings:
        return  # another tool found these faces; there is nothing to go on with
    changed = differences(have.settings, record.settings)
    if have.setting(SETTING, "") != record.setting(SETTING, ""):
        changed[SETTING] = have.setting(SETTING, "")  # files from before it was know nothing of it
    if changed:
        was = ", ".join(f"{name} {value!r}" for name, value in changed.items())
        raise OtherSettings(
            f"{path} was made with {was}; use the same options to go on, or --new to start over "
            "(the old file is kept as .bak)"
        )
