"""A sheet of frames as a conversion would make them, under one setting beside another.

Nothing is written but the sheet: settings are looked for in seconds, and the film is made once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import StoreError, ValueRefused
from understudy.files import open_to_read, refuse_sources
from understudy.flow import Progress
from understudy.flow.progress import stop_if_cancelled
from understudy.imaging.depth import eight_bit
from understudy.imaging.png import encode_png
from understudy.imaging.resample import crop_image
from understudy.imaging.sheets import contact_sheet
from understudy.imaging.text import MADE_COMMENT
from understudy.options import results
from understudy.options.told import word
from understudy.plugin import Registry
from understudy.runs.project import protected
from understudy.runs.rendering.renders import Wanted, tried
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.part.ranges import read_frames
from understudy.stages.convert.tuning import Shown, Tuner
from understudy.stages.release.place import check_output_name
from understudy.stages.repair.looking.review import review
from understudy.store.alignments import Alignments
from understudy.store.atomic import commit_bytes
from understudy.store.project import Project
from understudy.words import counted

USUAL_ROWS = 4
MOST_ROWS = 24
_TIMES = 4
"""How much the difference is brightened."""
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried.

    Attributes:
        wanted: film, model and casting, as for a render.
        before: settings as the project has them.
        now: settings that are tried; `frames` says which frames are shown, "" some of the film.
        cell_px: side of a picture on the sheet.
        review: show frames that somebody should look at, with the reason, in place of some.
    """

    wanted: Wanted
    before: ConvertOptions
    now: ConvertOptions
    cell_px: int
    review: bool = False


def preview(
    project: Project, trial: Trial, sheet: Path, registry: Registry, progress: Progress
) -> None:
    """Draw frames before and after, their matte and what changed, around the first new face.

    Where the settings that are tried are not the project's, the sheet shows both.

    Args:
        project: where everything lies.
        trial: what is shown.
        sheet: where the PNG goes; one that is there gives way where it is such a sheet.
        registry: of plug-ins.
        progress: told where it is.

    Raises:
        ConsentMissing: as for the conversion: nobody is shown as somebody else without it.
        StoreError, ValueRefused, NoFaces, MediaError: as for the conversion, or the sheet is in
            the place of something else.
    """
    if trial.review and trial.now.frames:
        raise ValueRefused("--review and --frames: each says which frames are shown; give one")
    _check_place(sheet, protected(project), trial.now.overwrite)
    if trial.now.layer or trial.now.matte:
        raise ValueRefused("--layer and --matte: are for outputs; a preview shows the matte anyway")
    inputs = tried(project, trial.wanted, trial.now.mask)
    changes = _changes(trial.before, trial.now)
    columns = ["source", *(["as before"] if changes else []), "as now", "matte", "difference"]
    rows, labels = [], []
    why = _doubtful(inputs.alignments) if trial.review else {}
    if trial.review and not why:
        progress.say(f"{inputs.media.name}: no frame to review; some of the film are shown")
    with Tuner(inputs, trial.now, registry) as tuner:
        for index in spread(why, MOST_ROWS // 2) or _chosen(trial.now, tuner):
            stop_if_cancelled(progress, "no sheet is drawn")
            rows.append(_row(index, trial, tuner, beside=bool(changes)))
            labels.append(f"frame {index}")
    made = tuple(n for n, name in enumerate(columns) if name.startswith("as "))
    foot = [
        f"{inputs.media.name}; colours are measured in each frame by itself, and a film's are "
        f"smoothed over time; the difference is {_TIMES} times as bright as it is."
    ]
    if why:
        progress.say(f"{counted(len(why), 'frame')} to review in {inputs.media.name}")
        foot += [f"frame {index}: {why[index]}" for index in spread(why, MOST_ROWS // 2)]
    if changes:
        foot.append(f"as now: {', '.join(changes)}")
    side = trial.cell_px
    picture = contact_sheet(columns, rows, labels, (side, side), made=made, foot=foot)
    commit_bytes(sheet, encode_png(picture, MADE_COMMENT), durable=False)
    progress.say(f"preview: {sheet}")
    progress.picture("tried", sheet)


def _row(index: int, trial: Trial, tuner: Tuner, *, beside: bool) -> list[NDArray[np.uint8]]:
    """Pictures of one frame, the columns in order."""
    now = tuner.shown(index, trial.now)
    matte = tuner.shown(index, replace(trial.now, matte=True))
    plate, made = _cut(now, now.frame.pixels, trial), _cut(now, now.made.pixels, trial)
    apart = np.abs(made.astype(np.int16) - plate)
    pictures = [plate]
    if beside:
        pictures.append(_cut(now, tuner.shown(index, trial.before).made.pixels, trial))
    brighter = np.clip(_TIMES * apart, 0, 255).astype(np.uint8)
    return [*pictures, made, _cut(now, matte.made.pixels, trial), brighter]


def _cut(shown: Shown, pixels: NDArray[Any], trial: Trial) -> NDArray[np.uint8]:
    """The surroundings of the first new face; all of a frame that has none."""
    if not shown.faces:
        return eight_bit(pixels)
    around = shown.around(trial.cell_px)
    return eight_bit(crop_image(pixels, around))


def _chosen(options: ConvertOptions, tuner: Tuner) -> list[int]:
    """Numbers of the frames that are shown.

    Raises:
        ValueRefused: too many, or none of them is in the film.
    """
    if not options.frames:
        return tuner.spread(options, USUAL_ROWS)
    found = list(islice(_named(options.frames, tuner.last), MOST_ROWS + 1))
    if not found:
        raise ValueRefused(
            f"frames: {options.frames!r} names no frame of the film, which has {tuner.last + 1}, "
            "counted from 0"
        )
    if len(found) > MOST_ROWS:
        raise ValueRefused(
            f"frames: {options.frames!r} are more than the {MOST_ROWS} that a sheet shows; name "
            "some, as in --frames 100,250,400"
        )
    return found


def _doubtful(alignments: Path) -> dict[int, str]:
    """Frames that somebody should look at, and why."""
    with Alignments.open(alignments, read_only=True) as store:
        found: dict[int, str] = {}
        for doubt in review(store):
            words = "; ".join(doubt.reasons)
            found[doubt.frame] = "; ".join(filter(None, (found.get(doubt.frame), words)))
        return found


def spread(frames: Iterable[int], count: int) -> list[int]:
    """At most so many of some frames, spread over them, the first and the last among them."""
    known = sorted(frames)
    if len(known) <= count:
        return known
    return [known[round(n * (len(known) - 1) / (count - 1))] for n in range(count)]


def _named(words: str, last: int) -> Iterator[int]:
    for first, to in read_frames(words):
        yield from range(first, (last if to is None else min(to, last)) + 1)


def _changes(before: ConvertOptions, now: ConvertOptions) -> list[str]:
    """Settings that differ, in words: "feather 0.06 to 0.12"."""
    old, new = _flat(before), _flat(now)
    return [
        f"{name.replace('_', ' ')} {old.get(name, 'usual')} to {new.get(name, 'usual')}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _flat(options: ConvertOptions) -> dict[str, Any]:
    """What a picture depends on, by name."""
    found = {k: v for k, v in results(options).items() if k != "frames"}
    for name, values in options.colour.items():
        found |= {f"{name} {key}": value for key, value in values.items()}
    return {name: word(value) for name, value in found.items()}


def _check_place(sheet: Path, sources: tuple[Path, ...], overwrite: bool) -> None:
    """Refuse a place that no sheet can have.

    Raises:
        ValueRefused: another ending, or a source's place.
        StoreError: something else is there.
    """
    if sheet.suffix.lower() != ".png":
        raise ValueRefused(f"{sheet.name}: a preview is a .png; choose another -o")
    check_output_name(sheet)
    refuse_sources(sheet, sources)
    if not sheet.exists():
        return
    if sheet.is_file() and not overwrite:
        with open_to_read(sheet) as file:
            overwrite = MADE_COMMENT.encode() in file.read(_HEAD_BYTES)
    if not (sheet.is_file() and overwrite):
        raise StoreError(f"{sheet} is there already, and is no preview; choose another -o")
