"""Evaluation: whose face is it now, how near is it to the truth where there is one, and a picture.

The output is read back as anybody would read it; nothing is taken over from the conversion but the
casting and where the source's faces were. Faces that the casting left alone do not count. Nothing
is held that grows with the film but its numbers.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError, NoFaces, StoreError
from understudy.flow import Progress, ahead
from understudy.imaging.composite import feathered
from understudy.imaging.png import encode_png
from understudy.imaging.sheets import contact_sheet, show_mask
from understudy.media import FilmReader, probe
from understudy.plugin import Registry
from understudy.stages.evaluate.identity import Donor, Identity
from understudy.stages.evaluate.metrics import psnr, ssim
from understudy.stages.evaluate.report import EvaluateReport, PartReport
from understudy.stages.faces.casting import Casting, Part, Which
from understudy.stages.faces.plugins import say_devices
from understudy.store.alignments import Alignments
from understudy.store.atomic import commit_bytes
from understudy.types import Face, Frame

__all__ = ["Donor", "EvaluateInputs", "EvaluateReport", "evaluate"]

Together = tuple[Frame, Frame, Frame | None]
"""A frame of the source, of the output, and of the truth where there is one."""

CELL = 240
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class EvaluateInputs:
    """What is compared.

    Attributes:
        source: the footage before.
        output: the footage after; a video or a folder of images.
        alignments: of the source.
        casting: as it was converted, see `ConvertInputs`.
        sheet: where the contact sheet PNG goes.
        donors: footage of the trained persons in the casting, for identity; who is not there is
            left out, and that is said.
        faces: the source's face pictures, for the choice "faceset".
        which: which faces the conversion replaced.
        truth: footage that shows what a perfect swap looks like, where somebody has it.
        mask: which of the faces' masks counts as "inside"...
        feather, erode: ...softened as the conversion softened it.
        rows: pictures on the sheet.
        identity_samples: at most so many faces of each person are looked at for identity, evenly
            spread over the film.
    """

    source: Path
    output: Path
    alignments: Path
    casting: Mapping[str, str | None]
    sheet: Path
    donors: Mapping[str, Sequence[Donor]] = field(default_factory=dict)
    faces: Path = Path()
    which: Which = "all"
    truth: Path | None = None
    mask: str = "extended"
    feather: float = 0.0
    erode: float = 0.0
    rows: int = 8
    identity_samples: int = 120


def evaluate(inputs: EvaluateInputs, registry: Registry, progress: Progress) -> EvaluateReport:
    """Compare an output with its source, and with the truth where there is one.

    Raises:
        MediaError: the files do not show the same number of frames.
        StoreError: the alignments are missing, or the faces have no such mask.
        NoFaces, ValueRefused: the casting fits no face of the film.
    """
    with Alignments.open(inputs.alignments, read_only=True) as store:
        casting = Casting(store, inputs.casting, inputs.which, inputs.faces)
        frames_of = _frames_of(casting, inputs)
        judged = {p: set(_spread(f, inputs.identity_samples)) for p, f in frames_of.items()}
        shown = _spread_over(frames_of, inputs.rows)
        identity = Identity(casting, inputs.donors, frames_of, registry)
        say_devices(progress)
        report = EvaluateReport(
            parts={
                str(p): PartReport(identity_unknown=identity.unknown.get(p, "")) for p in frames_of
            }
        )
        rows: dict[tuple[int, Part], list[NDArray[Any]]] = {}
        with progress.task("looking at the result", store.counts()[0], "frames") as bar:
            for together, found in _with_faces(_in_step(inputs), casting):
                bar.advance(1)
                report.frames += 1
                report.frames_with_face += bool(found)
                source, output, _ = together
                for face, part in found:
                    scores = report.parts[str(part)]
                    scores.faces += 1
                    alpha = _on_frame(face, inputs, source)
                    _compare(together, alpha, scores)
                    if source.at.index in judged[part]:
                        identity.judge(output, face, part, scores)
                    if (source.at.index, part) in shown:
                        rows[source.at.index, part] = _row(together, face, alpha)
    _write_sheet(inputs, rows, len(frames_of) > 1)
    progress.picture("contact-sheet", inputs.sheet)
    _tell(report, progress)
    return report


def _tell(report: EvaluateReport, progress: Progress) -> None:
    total = report.total
    if total.to_donor:
        progress.metric("identity/nearer_to_donor", total.nearer_to_donor, step=report.frames)
    if total.psnr_swap and np.isfinite([*total.psnr_swap, *total.psnr_unswapped]).all():
        gain = np.mean(total.psnr_swap) - np.mean(total.psnr_unswapped)
        progress.metric("psnr_gain_db", float(gain), step=report.frames)


def _frames_of(casting: Casting, inputs: EvaluateInputs) -> dict[Part, Sequence[int]]:
    """In which frames each part has a face that was replaced; some bytes a face."""
    frames: dict[Part, array[int]] = {}
    for index, found in casting.in_frames(inputs.mask):
        for look, part in found:
            if not look.has_mask:
                raise StoreError(
                    f"face {look.id} has no mask {inputs.mask!r}; make it with understudy mask"
                )
            mine = frames.setdefault(part, array("q"))
            if not mine or mine[-1] != index:
                mine.append(index)
    if not frames:
        raise NoFaces(f"no face of {inputs.source.name} is replaced by this casting")
    return dict(sorted(frames.items()))


def _with_faces(
    steps: Iterator[Together], casting: Casting
) -> Iterator[tuple[Together, list[tuple[Face, Part]]]]:
    """Frames with the faces in them that were replaced, read a few frames at a time."""
    while batch := list(islice(steps, _AT_ONCE)):
        here = casting.between(batch[0][0].at.index, batch[-1][0].at.index)
        for together in batch:
            yield together, here.get(together[0].at.index, [])


def _compare(together: Together, alpha: NDArray[Any], scores: PartReport) -> None:
    """Add how near output and source are to the truth inside the mask."""
    source, output, truth = together
    if truth is None or not alpha.any():
        return
    scores.psnr_swap.append(psnr(output.pixels, truth.pixels, alpha))
    scores.psnr_unswapped.append(psnr(source.pixels, truth.pixels, alpha))
    scores.ssim_swap.append(ssim(output.pixels, truth.pixels, alpha))
    scores.ssim_unswapped.append(ssim(source.pixels, truth.pixels, alpha))


def _in_step(inputs: EvaluateInputs) -> Iterator[Together]:
    """Frames of source, output and truth that belong together."""
    paths = [inputs.source, inputs.output] + ([] if inputs.truth is None else [inputs.truth])
    # Code values are compared; an output does not carry the curve that a camera names.
    films = [FilmReader(probe(path), assume_colour="rec709") for path in paths]
    with ExitStack() as open_films:
        streams = [open_films.enter_context(closing(ahead(f.frames(), 4))) for f in films]
        try:
            for frames in zip(*streams, strict=True):
                yield frames[0], frames[1], frames[2] if len(frames) == 3 else None
        except ValueError as error:
            raise MediaError(
                f"{inputs.source.name}, {inputs.output.name} and the truth do not have the same "
                f"number of frames: {error}"
            ) from error


def _on_frame(face: Face, inputs: EvaluateInputs, frame: Frame) -> NDArray[Any]:
    mask = face.masks[inputs.mask]
    patch = feathered(mask, mask.grid_from_frame, frame.space, inputs.feather, inputs.erode)
    alpha = np.zeros(frame.pixels.shape[:2], np.float32)
    patch.window(alpha)[:] = patch.alpha
    return alpha


def _spread(indices: Sequence[int], count: int) -> list[int]:
    """At most `count` of the indices, evenly spread, without the very ends."""
    if len(indices) <= count:
        return list(indices)
    places = (np.arange(count) + 0.5) * len(indices) / count
    return [indices[int(p)] for p in places]


def _spread_over(frames_of: Mapping[Part, Sequence[int]], rows: int) -> set[tuple[int, Part]]:
    """Which faces the sheet shows: every part has its share of the rows, and one at least."""
    share = max(1, rows // len(frames_of))
    return {(i, part) for part, frames in frames_of.items() for i in _spread(frames, share)}


def _row(together: Together, face: Face, alpha: NDArray[Any]) -> list[NDArray[Any]]:
    source, output, truth = together
    box = face.box_xyxy
    centre, side = (box[:2] + box[2:]) / 2, float(max(box[2:] - box[:2])) * 1.6
    left, top = np.maximum(centre - side / 2, 0).astype(int)
    right, bottom = (centre + side / 2).astype(int)

    def cut(pixels: NDArray[Any]) -> NDArray[Any]:
        return pixels[top:bottom, left:right].copy()

    pictures = [source.pixels, output.pixels, show_mask(source.pixels, alpha)]
    if truth is not None:
        pictures.insert(2, truth.pixels)
    return [cut(p) for p in pictures]


def _write_sheet(
    inputs: EvaluateInputs, rows: Mapping[tuple[int, Part], list[NDArray[Any]]], several: bool
) -> None:
    columns = ["source", "swap", "mask"]
    if inputs.truth is not None:
        columns.insert(2, "true swap")
    order = sorted(rows, key=lambda row: (row[1], row[0]))
    labels = [f"frame {index}" + (f", {part}" if several else "") for index, part in order]
    sheet = contact_sheet(columns, [rows[row] for row in order], labels, (CELL, CELL))
    commit_bytes(inputs.sheet, encode_png(sheet))
