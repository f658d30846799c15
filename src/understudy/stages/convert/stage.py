"""Conversion: put the new faces into every frame, then label the file and give it its name.

Frames are written in segments that are complete or absent, in a folder named after everything
the result depends on; an interrupted run goes on at the first missing segment. The finished file
is signed into a `.part` and renamed last, so a file with its final name is complete and labelled.

Nothing is held that grows with the film: who becomes whom is asked frame by frame, and faces with
their masks are read as their frames come.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from understudy.errors import StoreError, ValueRefused
from understudy.files import make_folder
from understudy.flow import Progress
from understudy.media import FilmReader, MediaInfo, ReadReport, check_writable, probe
from understudy.media.colour.light import curve_kept
from understudy.media.colour.plate import Ground, ground_of
from understudy.media.held import Held
from understudy.nn.device import half_the_threads
from understudy.options import results
from understudy.plugin import Registry
from understudy.shell import quoted
from understudy.stages.convert.composer import composer_for
from understudy.stages.convert.look.bounds import idle_flags
from understudy.stages.convert.look.enhancing import enhancers_ready
from understudy.stages.convert.look.matching import matchers_of
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.output import (
    chosen_writer,
    is_still,
    say_if_tight,
    say_what_is_lost,
    writer_for,
)
from understudy.stages.convert.part import Chosen, chosen_frames, info_of_part
from understudy.stages.convert.part.size import info_of_size
from understudy.stages.convert.stream.job import Job
from understudy.stages.convert.stream.kept import discard, refuse_changed, refuse_exchanged
from understudy.stages.convert.stream.segments import write_segments
from understudy.stages.convert.stream.spared import FAILURES, Spared
from understudy.stages.faces.casting import Casting, Census
from understudy.stages.faces.source import assumed_colour
from understudy.stages.faces.surfaces import builds_in
from understudy.stages.release.place import (
    Receipt,
    Room,
    check_place,
    known_output,
    refuse_existing,
)
from understudy.stages.release.stage import Label, confirm, release, vouched
from understudy.store.alignments import Alignments
from understudy.store.atomic import sweep_parts
from understudy.store.lock import WriterLock
from understudy.swap import read_knobs
from understudy.swap.loading import Swapper, load_swapper
from understudy.words import counted

SEGMENT = 120
"""Frames a segment; a kill loses at most these."""
VERSION = 8
"""Raise it when the same choices give other pictures, so that no film is joined from both."""


@dataclass(frozen=True, slots=True)
class ConvertInputs:
    """What conversion works on.

    Attributes:
        media: the footage whose faces are replaced.
        alignments: its alignments file.
        faces: its face pictures, for the choice "faceset".
        model: the model folder.
        output: a file whose ending says its kind, or a folder for pictures (a name without one).
        work: folder for the segments.
        label: consent and donors, for the Content Credentials.
        casting: number of a person in the film as text, or "all" for everybody who is not named,
            to the id of a person that the model can show, or to None to leave them as they are.
        knobs: values for what the model lets one choose, such as a morph.
        sources: what else the output must not replace, such as the donors' films.
        anew: whether an output that this project made, and nobody changed, gives way to a new one.
    """

    media: Path
    alignments: Path
    faces: Path
    model: Path
    output: Path
    work: Path
    label: Label
    casting: Mapping[str, str | None]
    knobs: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[Path, ...] = ()
    anew: bool = False


@dataclass(frozen=True, slots=True)
class ConvertReport:
    """What conversion made.

    Attributes:
        output: where it lies.
        frames: how many it has.
        swapped_faces: how many faces were replaced.
        model_step: iterations the model was trained.
        seconds: how long it took.
        read: how much of the source could be read, for people.
        parts: faces replaced by "person in the film -> trained person".
    """

    output: Path
    frames: int
    swapped_faces: int
    model_step: int
    seconds: float
    read: str
    parts: Mapping[str, int] = field(default_factory=dict)


def convert(
    inputs: ConvertInputs, options: ConvertOptions, registry: Registry, progress: Progress
) -> ConvertReport:
    """Convert a film, or go on where an earlier run with the same choices stopped.

    Raises:
        ConsentMissing: a person in the output has no valid declaration.
        MediaError, StoreError, NoFaces: footage, alignments or faces are missing or foreign, or
            the footage was exchanged meanwhile.
        ValueRefused: the casting names somebody who is not in the film or not in the model, or a
            knob that the model does not have or a value that it does not take.
        InUse: another process makes the same render; says which.
        DiskFull: segments written so far stay.
        Cancelled: between two segments; they are kept.
    """
    started = time.monotonic()
    inputs.label.check()
    sources = [inputs.media, inputs.alignments, inputs.faces, inputs.model, *inputs.sources]
    check_place(inputs.output, options.overwrite, inputs.work, sources)
    held = Held.now(inputs.media)
    info = probe(inputs.media)
    partly = info_of_part(info) if options.frames else info
    partly = info_of_size(partly, options.output_scale)
    with Alignments.open(inputs.alignments, read_only=True) as store:
        curve = curve_kept(info, assumed_colour(store))
        writer = writer_for(registry, partly, inputs.output, options, curve=curve)
        film = _film(store, info, writer.bits)
        swapper = load_swapper(inputs.model, options.device, registry, options.checkpoint)
        _check_persons(inputs.casting, swapper)
        part = _part(store, info, inputs.output, options)
        # before the first frame is read, and what stands here names the segments
        inputs = replace(inputs, knobs=read_knobs(swapper, options.knob, inputs.knobs))
        finer = enhancers_ready(registry, options, progress)
        casting = Casting(store, inputs.casting, options.faces, inputs.faces)
        census = casting.census(options.mask)
        _say(swapper, census, inputs, options, progress)
        n_frames = info.n_frames_guess if part is None else part.count
        say_if_tight(writer, n_frames, inputs.output, inputs.work, progress)
        say_what_is_lost(writer, info, inputs.output, progress, partly=part is not None)
        frames, words = _made_or_there(
            film,
            held,
            casting,
            census,
            swapper,
            writer,
            part,
            inputs,
            options,
            finer,
            registry,
            progress,
        )
    parts = {str(part): n for part, n in census.parts.items()}
    seconds = time.monotonic() - started
    return ConvertReport(inputs.output, frames, census.faces, swapper.step, seconds, words, parts)


def _made_or_there(
    film: FilmReader,
    held: Held,
    casting: Casting,
    census: Census,
    swapper: Swapper,
    writer: Any,
    part: Chosen | None,
    inputs: ConvertInputs,
    options: ConvertOptions,
    finer: list[list[Any]],
    registry: Registry,
    progress: Progress,
) -> tuple[int, str]:
    """Frames of the output and how much of the source could be read."""
    info, output = film.info, inputs.output
    ground = ground_of(info, assumed_colour(casting.store))
    work = inputs.work / _key(info, census, swapper, inputs, options, finer, registry, ground)
    make_folder(inputs.work)
    with WriterLock(work, "render's work folder"):
        kept = work.with_suffix(".json")
        earlier = None if options.overwrite else Receipt.read_from(kept)
        if earlier is not None and earlier.fits(output) and vouched(output, progress):
            progress.say(f"{output} was made with the same choices and is complete")
            confirm(inputs.label, output, info)
            discard(work)
            return earlier.frames, earlier.read
        if inputs.anew and known_output(output, inputs.work):
            progress.say(f"{output} was made before with another model or other choices: once more")
        else:
            refuse_existing(output, options.overwrite)
        composer = composer_for(
            options,
            swapper,
            registry,
            lambda: builds_in(casting, options.mask),
            inputs.knobs,
            ground,
            casting.store.shots,
        )
        apart = getattr(writer, "takes_cutouts", False)
        spared = Spared(progress, work / "left.json")
        job = Job(options, composer, casting, census, spared, apart=apart)
        make_folder(work)
        sweep_parts(work)
        room = Room(work, output)

        a_pass = swapper.faces_a_pass

        def keep() -> None:
            refuse_exchanged(held, work, film)
            refuse_changed(job, work, film)
            spared.keep()
            room.check()
            nonlocal a_pass
            if swapper.faces_a_pass < a_pass:
                a_pass = swapper.faces_a_pass
                progress.warn(
                    f"memory ran out: {swapper.name} takes {counted(a_pass, 'face')} a pass now, "
                    "which is slower and may differ in the last place",
                    code="smaller-passes",
                    faces=a_pass,
                )

        keep()
        read = ReadReport()
        with half_the_threads():
            size = info_of_size(info, options.output_scale)
            segments = write_segments(
                film, job, writer, work, SEGMENT, part, keep, read, progress, size
            )
        try:
            spared.settle()
        except (*FAILURES, StoreError):
            discard(work)  # its frames show nobody new, and shall not be found finished
            raise
        frames, words = read.decoded, str(read)
        if part is not None:
            frames = part.count
            words = f"frames {options.frames} of {info.path.name}: {counted(frames, 'frame')}"
        progress.say("joining and signing")
        about = {"model": swapper.name, "model_step": swapper.step, "mask": options.mask}
        release(
            writer,
            work,
            segments,
            info,
            output,
            inputs.label,
            about,
            lambda part: Receipt.of(part, output, frames, words).keep(kept),
            held,
        )
        discard(work)
        return frames, words


def _film(store: Alignments, info: MediaInfo, bits: int) -> FilmReader:
    """The footage in its own code values, as deep as the output holds it.

    Raises:
        StoreError: the alignments are another film's, or not finished.
        MediaError: what is read so cannot be written.
    """
    if store.source.fingerprint != info.fingerprint:
        raise StoreError(
            f"{store.path} belongs to another film ({store.source.name}); extract "
            f"{info.path.name} first"
        )
    if not store.finished:
        raise StoreError(
            f"the extraction of {info.path.name} is not finished; run it again to go on"
        )
    assumed = assumed_colour(store)
    check_writable(info, assumed)
    # whatever light it has, it is converted in its own code values, see `plate.Ground`
    return FilmReader(info, "native" if bits > 8 else "8", "rec709")


def _part(
    store: Alignments, info: MediaInfo, output: Path, options: ConvertOptions
) -> Chosen | None:
    """The frames that were asked for; None is all of them.

    Raises:
        ValueRefused: none of them is in the film, or one picture shall be made of several.
    """
    part = None
    if options.frames:
        last = store.last_timestamp()
        part = chosen_frames(options.frames, last, store.timestamp, info.path.name)
    if is_still(output) and (part is None or part.count != 1):
        raise ValueRefused(
            f"{output.name}: is one picture; say which frame it shows, as in --frames 120, or take "
            "a folder name without ending"
        )
    return part


def _check_persons(casting: Mapping[str, str | None], swapper: Swapper) -> None:
    unknown = sorted({to for to in casting.values() if to is not None} - set(swapper.persons))
    if unknown:
        raise ValueRefused(
            f"casting: the model was trained on {', '.join(swapper.persons)}, not on "
            f"{', '.join(unknown)}; choose one of these, or train a model with {unknown[0]}"
        )


def _say(
    swapper: Swapper,
    census: Census,
    inputs: ConvertInputs,
    options: ConvertOptions,
    progress: Progress,
) -> None:
    """The model and where it runs, and what will cost quality."""
    best = ", the best one" if options.checkpoint == "best" else ""
    progress.say(f"model {swapper.name}, step {swapper.step}{best}, on {swapper.device_reason}")
    if swapper.warning:
        progress.warn(swapper.warning, code="older-checkpoint", step=swapper.step)
    if census.stale:
        progress.warn(
            f"the mask {options.mask!r} of {counted(census.stale, 'face')} is older than their "
            "landmarks; "
            f"make it again with: understudy alignments redo {quoted(inputs.alignments)}",
            code="stale-masks",
            mask=options.mask,
            faces=census.stale,
        )
    if idle := idle_flags(options, swapper):
        progress.warn(
            f"{' and '.join(idle)} changes nothing: {swapper.name} draws a surface that knows "
            "where it ends; to have the mask bound it as well, add --bounds both",
            code="mask-unused",
            flags=idle,
        )


def _key(
    info: MediaInfo,
    census: Census,
    swapper: Swapper,
    inputs: ConvertInputs,
    options: ConvertOptions,
    finer: list[list[Any]],
    registry: Registry,
    ground: Ground,
) -> str:
    """A name for everything that the segments depend on."""
    colours = matchers_of(registry, options)
    writer = chosen_writer(registry, inputs.output, options, curve=ground.curve)
    made_by = [p.made_by for p in (registry.get("swap", swapper.name), *colours, writer)]
    plain = [
        results(options),
        *(colour.settings(options.colour.of(colour.name)) for colour in colours),
        writer.settings(options.write.of(writer.name)),
    ]
    what = [VERSION, SEGMENT, made_by, plain, dict(inputs.knobs), ground.name, *finer]
    digest = hashlib.sha256()
    digest.update(info.fingerprint.encode())
    digest.update(swapper.fingerprint.encode())
    digest.update(json.dumps(what, sort_keys=True).encode())
    digest.update(census.digest)
    return digest.hexdigest()[:16]
