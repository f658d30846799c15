"""Every code there is, and what it means: programs go by the code, people read the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from understudy.errors import UnderstudyError

WarningCode = Literal[
    "colour-differs",
    "cpu-instead",
    "declared-by-hand",
    "disk-may-fill",
    "face-left",
    "faces-left",
    "faces-left-out",
    "files-left-out",
    "film-damaged",
    "frames-without-faces",
    "hdr",
    "interlaced",
    "last-resort",
    "log",
    "low-bitrate",
    "mask-unused",
    "low-presence",
    "names-dropped",
    "never-shown",
    "no-commercial-use",
    "not-kept",
    "not-saved",
    "not-scored",
    "older-checkpoint",
    "older-pictures",
    "orphan-pictures",
    "render-failed",
    "seen-twice",
    "several-persons",
    "settings-unknown",
    "smaller-passes",
    "spike",
    "stale-masks",
    "stale-pictures",
    "switch-refused",
    "unknown-origin",
    "unseen-plate",
]

WARNINGS: Mapping[WarningCode, str] = {
    "colour-differs": "The films of one job differ in primaries, transfer, matrix, range or depth.",
    "cpu-instead": "A GPU was chosen, but nets of one runtime can only run on the CPU.",
    "declared-by-hand": "A consent.toml says of a person what was not declared by a command here.",
    "disk-may-fill": "An output will likely need more room than its disk has free.",
    "face-left": "A new face could not be made, so that of the film stays in this frame.",
    "faces-left": "How many new faces could not be made, said at the end of a conversion.",
    "faces-left-out": "Faces were seen, but looks at them disagree or no landmarks lie on them.",
    "files-left-out": "A folder of pictures holds files that are not read; the text names them.",
    "film-damaged": "Some frames of a film could not be read, or it ends before it should.",
    "frames-without-faces": "Frames between others of their shot that have faces have none.",
    "hdr": "A film is HDR: its faces are brought to Rec.709, and it is converted in its own light.",
    "interlaced": "A film is interlaced, so moving faces are combed.",
    "last-resort": "The preferred plug-in's weights cannot be had; another takes its place.",
    "log": "A film is log footage; --plate-lut gives it its camera's look-up table.",
    "low-bitrate": "A film has few bits a pixel, so skin may be smeared or blocky.",
    "mask-unused": "A mask, feather or erosion was chosen that bounds nothing.",
    "low-presence": "Faces were kept whose landmarks the aligner is not sure of.",
    "names-dropped": "A film is extracted anew, and persons named by number lose their names.",
    "never-shown": "A person never shows what others do, such as closed eyes or a profile.",
    "no-commercial-use": "Weights in use may not be used commercially.",
    "not-kept": "An output will not have all of its source, such as depth or subtitles: `lost`.",
    "not-saved": "A checkpoint could not be written for lack of room; training goes on.",
    "not-scored": "The model in training cannot be scored; training goes on without.",
    "older-checkpoint": "The newest checkpoint is damaged; an older one is taken.",
    "older-pictures": "Face pictures carry older masks, identity or numbers than the alignments.",
    "orphan-pictures": "Face pictures show faces that are not in the alignments any more.",
    "render-failed": "One render of a batch could not be made; the others are: `reason`, a code.",
    "seen-twice": "A person found in a film is seen twice in one frame.",
    "several-persons": "A film counts as one person's, but several were found in it.",
    "settings-unknown": "How a plug-in was set is not kept; what it made is remade by defaults.",
    "smaller-passes": "Memory ran out, so the model takes fewer faces a pass from now on.",
    "spike": "The loss rose far over the usual: a step was left out, or training went back.",
    "stale-masks": "Masks are older than the landmarks that they were made from.",
    "stale-pictures": "Face pictures were cut before the landmarks changed.",
    "switch-refused": "What was asked of a running training cannot be: the `switch` stays.",
    "unknown-origin": "A model is too old to say from which films it learnt the persons it shows.",
    "unseen-plate": "A face is replaced that the model was not trained on.",
}
"""Every code of a warning, and what it means."""

PictureCode = Literal["contact-sheet", "curves", "first-look", "preview", "tried"]

PICTURES: Mapping[PictureCode, str] = {
    "contact-sheet": "Source, swap and donor (or true swap) of a finished film, moment by moment.",
    "curves": "Eyes, mouth and yaw of plate and output over time.",
    "first-look": "Frames of a film as the model would convert them before it is trained.",
    "preview": "What the model in training shows: originals, reconstructions and swaps.",
    "tried": "Frames of a film under settings that are tried, before and after.",
}
"""Every code of a picture."""

METRICS: Mapping[str, str] = {
    "loss/PERSON": "Training loss of this person, lower is better; every tenth iteration.",
    "learning_rate": "Step of the optimizer; every tenth iteration.",
    "faces": "Faces found so far; after each window of an extraction.",
    "held_out/combined": "The score on faces that training does not see, 0..100; at saves.",
    "held_out/PART": "One part of that score, such as identity or expression, 0..1.",
    "score/combined": "The whole score of a finished film, 0..100, higher is better.",
    "score/PART": "One part of the score, such as identity or expression, 0..1.",
    "psnr_gain_db": "PSNR against the true swap, less that of the unswapped film, in dB.",
}
"""Every name of a metric; a name in capitals stands for an id."""

ReportCode = Literal[
    "batch",
    "cast",
    "cleaned",
    "convert",
    "doctor",
    "drawn",
    "evaluate",
    "exported",
    "extract",
    "found",
    "imported",
    "info",
    "interpolated",
    "jobs",
    "masked",
    "models",
    "plugins",
    "redone",
    "removed",
    "renumbered",
    "switched",
    "train",
    "weights",
]

REPORTS: Mapping[ReportCode, str] = {
    "batch": "Several renders: outputs `made`, those that `failed` and films `left_out` with why.",
    "cast": "`persons` of a project; `films` with whom each shows (`found`), their `picture`, "
    "`strays`; pairs who are `alike`.",
    "cleaned": "Landmarks were cleaned: `faces`, `groups`, `moved_px`, `furthest`, `small`.",
    "convert": "A film was converted: `output`, its `frames` and `swapped_faces`.",
    "doctor": "Whether it `works`, `findings` (`matters`: broken, slower or optional), versions, "
    "memory.",
    "drawn": "What an alignments file holds was drawn: `output`, `frames`.",
    "evaluate": "`parts`: scores, figures and curves by person, and nearness to a truth.",
    "exported": "Faces were written for another tool: `output`, `layout`, counts, what was `lost`.",
    "extract": "Faces were extracted: where they lie, how many there are.",
    "found": "A search of an alignments file: `job`, `frames`, ids of `faces`, `list`.",
    "imported": "Faces of another tool: `output`, `tool`, counts, what was `skipped` and `lost`.",
    "info": "What an alignments file holds, counted.",
    "interpolated": "Landmarks set by hand were carried on: `track`, `keys`, `faces`, `missing`.",
    "jobs": "`jobs`: each job of the queue with its `spec` and what became of it.",
    "masked": "Masks made, written or read: `process`, `kinds`, `faces`, `unknown`, `pictures`.",
    "models": "`models` of a project: whom each knows, how far it is trained, where it lies.",
    "plugins": "`plugins` with licences and what is `missing`; those `passed_over` and why.",
    "redone": "Stale parts were made again: `faces`, `parts`, what is `left`, pictures.",
    "removed": "Ids of `faces` removed, or that would be with `dry_run`.",
    "renumbered": "`ids`: new ids of faces by the old ones, or what they would be with `dry_run`.",
    "switched": "A running training goes on otherwise: `switch`, `value`, `before`, `step`.",
    "train": "A model was trained: `step`, losses, `checkpoint`, `preview`.",
    "weights": "`files` of weights: who uses each, its licence, its `path` or null, its `trouble`.",
}
"""Every code of a report, and the class whose fields are its data."""


def words_of(name: str) -> str:
    """The code of a class of errors: its name in small letters, as `no-faces` of `NoFaces`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def _tree(cls: type[UnderstudyError] = UnderstudyError) -> Iterator[type[UnderstudyError]]:
    yield cls
    for below in cls.__subclasses__():
        if below.__module__ == UnderstudyError.__module__:
            yield from _tree(below)


def _errors() -> dict[str, tuple[int, str]]:
    found = {
        words_of(cls.__name__): (cls.exit_code, (cls.__doc__ or "").splitlines()[0])
        for cls in _tree()
    }
    return found | {
        "usage": (2, "The command line itself is wrong: an unknown flag, a value out of range."),
        "disk": (1, "A disk or network drive failed, and no part of the program knew better."),
        "interrupted": (130, "Stopped at once, by a second Ctrl-C."),
        "fault": (1, "A fault of Understudy; the text has what a report of it needs."),
    }


ERRORS: Mapping[str, tuple[int, str]] = _errors()
"""Every code of an error, with its exit code and its meaning."""
