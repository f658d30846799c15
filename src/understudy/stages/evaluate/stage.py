"""Evaluation: is it the donor, does it do what the plate does, does it look filmed; and pictures.

The output is read back as anybody would read it: its faces are found anew. Taken over from the
conversion are only the casting and where the source's faces were; faces that the casting left
alone do not count. Nothing is held that grows with the film but numbers of the faces looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import NoFaces
from understudy.files import make_folder
from understudy.flow import Progress
from understudy.flow.progress import stop_if_cancelled
from understudy.imaging.curves import chart
from understudy.imaging.edges import Edge
from understudy.imaging.nearness import psnr, ssim
from understudy.imaging.png import encode_png
from understudy.imaging.text import MADE_COMMENT
from understudy.media import ReadReport, probe
from understudy.plugin import Registry
from understudy.score import Pair
from understudy.stages.evaluate.donors import PICTURES, Donor, Resolution, Shown, look_at_donor
from understudy.stages.evaluate.gather import Gathered, curves_of, scorers_of
from understudy.stages.evaluate.looking import Eyes, crop_of, sight
from understudy.stages.evaluate.options import ScoreOptions
from understudy.stages.evaluate.plates import CastPlates, Plates, SeenPlates, Target
from understudy.stages.evaluate.report import EvaluateReport, PartReport, judged_part
from understudy.stages.evaluate.sheet import Gallery, drawn_sheet
from understudy.stages.evaluate.together import Three, Together, beside, in_step, in_threes
from understudy.stages.faces.casting import Casting, Part, Which
from understudy.stages.faces.plugins import say_devices
from understudy.store.alignments import Alignments
from understudy.store.atomic import commit_bytes
from understudy.types import Alignment

__all__ = ["Donor", "EvaluateInputs", "EvaluateReport", "Resolution", "evaluate"]

_CURVES = {"eyes": ("expression", "eyes"), "mouth": ("expression", "mouth"), "yaw": ("pose", "yaw")}
_UNSCORED = "the film is complete, only its score is not"
_DONOR_PICTURES = 8
"""Of a donor at least so many pictures are looked at, else a third of what is looked at of the
film: each is looked at three times."""
_MARGIN_PX = 8
"""SSIM looks 5 pixels beyond the mask."""
_HARD = Edge(feather=0.0)


@dataclass(frozen=True, slots=True)
class EvaluateInputs:
    """What is compared.

    Attributes:
        source: the footage before.
        output: the footage after; a video or a folder of images.
        sheet: where the contact sheet PNG goes.
        alignments: of the source; None looks at the largest face of each frame.
        casting: as it was converted, see `ConvertInputs`.
        donors: footage of the trained persons in the casting; who is not there is left out of
            what needs a donor, and that is said.
        curves: where the picture of curves goes, or None.
        faces: the source's face pictures, for the choice "faceset".
        which: which faces the conversion replaced.
        truth: footage that shows what a perfect swap looks like, where somebody has it.
        mask: which of the faces' masks counts as "inside"...
        edge: ...with the edge that the conversion gave it.
        resolution: what the model shows, for the ceiling; None where it is not known.
        step: iterations of the model, or None.
        rows: moments on the sheet.
        foot: lines about what it shows and how that was made, written on it.
        options: how to score.
    """

    source: Path
    output: Path
    sheet: Path
    alignments: Path | None = None
    casting: Mapping[str, str | None] = field(default_factory=dict)
    donors: Mapping[str, Sequence[Donor]] = field(default_factory=dict)
    curves: Path | None = None
    faces: Path = Path()
    which: Which = "all"
    truth: Path | None = None
    mask: str = "extended"
    edge: Edge = _HARD
    resolution: Resolution | None = None
    step: int | None = None
    rows: int = 8
    foot: Sequence[str] = ()
    options: ScoreOptions = field(default_factory=ScoreOptions)


def evaluate(inputs: EvaluateInputs, registry: Registry, progress: Progress) -> EvaluateReport:
    """Compare an output with its source, with the donor, and with the truth where there is one.

    Raises:
        MediaError: the files do not show the same number of frames.
        StoreError: the alignments are missing, or the faces have no such mask.
        NoFaces, ValueRefused: the casting fits no face of the film.
        PluginError, WeightsError: a detector or reader cannot be had; see `Eyes`.
    """
    eyes = Eyes(inputs.options, registry, progress)
    say_devices(progress)
    with ExitStack() as held:
        if inputs.alignments is None:
            frames = probe(inputs.source).n_frames_guess or 0
            plates: Plates = SeenPlates(eyes, frames, next(iter(inputs.donors), "donor"))
        else:
            store = held.enter_context(Alignments.open(inputs.alignments, read_only=True))
            casting = Casting(store, inputs.casting, inputs.which, inputs.faces)
            plates = CastPlates(casting, inputs.mask, inputs.edge)
        work = _Work(inputs, plates, eyes, registry)
        work.look(progress)
        report = work.report(progress)
    progress.picture("contact-sheet", inputs.sheet)
    if inputs.curves is not None:
        progress.picture("curves", inputs.curves)
    for name, value in report.metrics().items():
        step = report.frames if report.step is None else report.step
        progress.metric(name, value, step=step)
    return report


class _Work:
    """One evaluation: what was gathered of each part, and what is shown of it."""

    def __init__(
        self, inputs: EvaluateInputs, plates: Plates, eyes: Eyes, registry: Registry
    ) -> None:
        self._inputs, self._plates, self._eyes = inputs, plates, eyes
        self._scorers = scorers_of(registry)
        frames_of = plates.frames_of
        count = inputs.options.count
        self._judged = {p: set(_spread(f, count(len(f)))) for p, f in frames_of.items()}
        self._rows_each = max(1, inputs.rows // len(frames_of))
        self._galleries = {
            p: Gallery(_spread(sorted(self._judged[p]), self._rows_each)) for p in frames_of
        }
        self._gathered = {p: Gathered(self._scorers) for p in frames_of}
        self._parts = {p: PartReport() for p in frames_of}
        self._unit_px: dict[Part, list[float]] = {p: [] for p in frames_of}
        self._frames = self._frames_with_face = 0

    def look(self, progress: Progress) -> None:
        """Go through the films once."""
        i = self._inputs
        total = probe(i.source).n_frames_guess
        # of flicker, those before and after tell; the others need not become pictures
        wanted = {k + by for frames in self._judged.values() for k in frames for by in (-1, 0, 1)}
        read = ReadReport()
        step = in_step(i.source, i.output, i.truth, self._plates.size_wh, wanted, read)
        with progress.task("looking at the result", total, "frames") as bar:
            done = 0
            for before, now, after in in_threes(step):
                stop_if_cancelled(progress, _UNSCORED)
                index = now[0].at.index
                bar.advance(index + 1 - done)
                done = index + 1
                there = self._plates.faces(index)
                if any(index in self._judged[part] for part in there):
                    fits = [None if t is None else self._plates.fits(t[0]) for t in (before, after)]
                    for target in self._plates.targets(now[0]):
                        if index in self._judged[target.part]:
                            self._judge(target, (before, now, after), fits)
        self._frames = read.decoded
        self._frames_with_face, faces = self._plates.counted(read.decoded)
        for part, n in faces.items():
            self._parts[part].faces = n

    def report(self, progress: Progress) -> EvaluateReport:
        """Judge, and draw the pictures.

        Raises:
            NoFaces: no face was found anew in the plate.
        """
        donors: dict[Part, tuple[Gathered, list[Shown]]] = {}
        if not any(g.frames or g.lost for g in self._gathered.values()):
            raise NoFaces(
                f"no face of {self._inputs.source.name} was found again by {self._eyes.detector}; "
                "try another --detector"
            )
        with progress.task("looking at the donor", len(self._parts), "persons") as bar:
            for part in self._parts:
                stop_if_cancelled(progress, _UNSCORED)
                donors[part] = look_at_donor(
                    self._inputs.donors.get(part.to, ()),
                    self._eyes,
                    self._scorers,
                    float(np.median(self._unit_px[part] or [1e9])),
                    self._inputs.resolution,
                    max(_DONOR_PICTURES, min(PICTURES, len(self._judged[part]) // 3)),
                )
                self._fill(part, donors[part][0])
                bar.advance(1)
        third = "donor" if self._inputs.truth is None else "true swap"
        shown = {
            str(p): (g.rows(self._rows_each), donors[p][1]) for p, g in self._galleries.items()
        }
        make_folder(self._inputs.sheet.parent)
        sheet = drawn_sheet(shown, third, self._inputs.foot)
        said = "\n".join([MADE_COMMENT, *self._inputs.foot]).encode("ascii", "replace").decode()
        commit_bytes(self._inputs.sheet, encode_png(sheet, said))
        self._draw_curves()
        return EvaluateReport(
            self._frames,
            self._frames_with_face,
            self._eyes.detector,
            self._eyes.readers,
            self._eyes.embedder,
            self._inputs.step,
            {str(p): r for p, r in self._parts.items()},
        )

    def _judge(
        self,
        target: Target,
        three: Three,
        fits: Sequence[Mapping[Part, Alignment] | None],
    ) -> None:
        """Look at one face, in the plate and in the output."""
        source, output, truth = three[1]
        plate = self._eyes.find(source.pixels, target.box_xyxy)
        if plate is None:
            return  # nothing to compare with; the output may be right or wrong there
        self._unit_px[target.part].append(plate.unit_px)
        scores, gathered = self._parts[target.part], self._gathered[target.part]
        _compare(three[1], target.matte, scores)
        swap = self._eyes.find(output.pixels, target.box_xyxy)
        if swap is None:
            gathered.lost += 1
            return
        crop = crop_of(target.alignment)
        around = [beside(three, fits, target.part, which) for which in (0, 1)]
        pair = Pair(
            sight(plate, source.pixels, crop, around[0]),
            sight(swap, output.pixels, crop, around[1]),
            target.matte_on_crop(),
        )
        readings, shapes = self._eyes.read_again(source.pixels, target.box_xyxy, swap)
        again = replace(pair.plate, readings=readings, blendshapes=shapes)
        gathered.add(pair, source.at.index, float(source.at.seconds), again)
        pictures = [source.pixels, output.pixels] + ([] if truth is None else [truth.pixels])
        self._galleries[target.part].offer(source.at.index, plate, swap, pictures)

    def _fill(self, part: Part, donor: Gathered) -> None:
        """Put into a part's report what was gathered of it."""
        mine, gathered = self._parts[part], self._gathered[part]
        judged_part(gathered, donor, self._scorers, mine)
        mine.curves = curves_of(gathered, _CURVES)

    def _draw_curves(self) -> None:
        if self._inputs.curves is None:
            return
        # of several persons the one who is seen most; the report has the numbers of all
        most = max(self._parts.values(), key=lambda p: p.looked_at)
        commit_bytes(self._inputs.curves, encode_png(chart(most.seconds, most.curves)))


def _compare(together: Together, alpha: NDArray[Any], scores: PartReport) -> None:
    """Add how near output and source are to the truth inside the mask."""
    source, output, truth = together
    if truth is None or not alpha.any():
        return
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    window = tuple(
        slice(max(0, int(k[0]) - _MARGIN_PX), int(k[-1]) + 1 + _MARGIN_PX) for k in (rows, columns)
    )
    inside, true = alpha[window], truth.pixels[window]
    scores.psnr_swap.append(psnr(output.pixels[window], true, inside))
    scores.psnr_unswapped.append(psnr(source.pixels[window], true, inside))
    scores.ssim_swap.append(ssim(output.pixels[window], true, inside))
    scores.ssim_unswapped.append(ssim(source.pixels[window], true, inside))


def _spread(indices: Sequence[int], count: int) -> list[int]:
    """At most `count` of the indices, evenly spread, without the very ends."""
    if len(indices) <= count:
        return list(indices)
    places = (np.arange(count) + 0.5) * len(indices) / count
    return [indices[int(p)] for p in places]
