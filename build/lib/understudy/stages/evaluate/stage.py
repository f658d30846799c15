"""Evaluation: whose face is it now, how near is it to the truth where there is one, and a picture.

The output is read back as anybody would read it; nothing is taken over from the conversion but
where the source's faces were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError, PluginError, StoreError, WeightsError
from understudy.flow import Progress, ahead
from understudy.imaging.composite import feathered
from understudy.imaging.png import encode_png
from understudy.imaging.sheets import contact_sheet, show_mask
from understudy.media import frames, probe
from understudy.plugin import Registry
from understudy.stages.evaluate.metrics import psnr, ssim
from understudy.stages.faces.plugins import PREFERRED
from understudy.store.alignments import Alignments
from understudy.store.atomic import commit_bytes
from understudy.types import Alignment, Face, Faces, Frame

CELL = 240


@dataclass(frozen=True, slots=True)
class EvaluateInputs:
    """What is compared.

    Attributes:
        source: the footage before.
        output: the footage after; a video or a folder of images.
        alignments: of the source.
        donor: alignments of the donor's material, for identity; None leaves identity out.
        truth: footage that shows what a perfect swap looks like, where somebody has it.
        sheet: where the contact sheet PNG goes.
        mask: which of the faces' masks counts as "inside"...
        feather, erode: ...softened as the conversion softened it.
        rows: pictures on the sheet.
        identity_samples: at most so many frames are looked at for identity, evenly spread.
    """

    source: Path
    output: Path
    alignments: Path
    donor: Path | None
    sheet: Path
    truth: Path | None = None
    mask: str = "extended"
    feather: float = 0.0
    erode: float = 0.0
    rows: int = 8
    identity_samples: int = 120


@dataclass(slots=True)
class EvaluateReport:
    """What was measured, filled frame by frame; lists hold one number a frame.

    Attributes:
        frames: frames compared.
        frames_with_face: of these, how many have a face in the source.
        to_donor, to_original: distances of the output's face to the mean embedding of each.
        psnr_swap, psnr_unswapped: dB against the truth inside the mask.
        ssim_swap, ssim_unswapped: the same as SSIM.
    """

    frames: int = 0
    frames_with_face: int = 0
    to_donor: list[float] = field(default_factory=list)
    to_original: list[float] = field(default_factory=list)
    psnr_swap: list[float] = field(default_factory=list)
    psnr_unswapped: list[float] = field(default_factory=list)
    ssim_swap: list[float] = field(default_factory=list)
    ssim_unswapped: list[float] = field(default_factory=list)

    @property
    def nearer_to_donor(self) -> float:
        """Share of looked-at frames whose face is nearer to the donor than to the original."""
        pairs = zip(self.to_donor, self.to_original, strict=True)
        return float(np.mean([d < o for d, o in pairs])) if self.to_donor else float("nan")

    def metrics(self) -> dict[str, float]:
        """The result in few numbers, by name."""
        found = {}
        if self.to_donor:
            found["identity/nearer_to_donor"] = self.nearer_to_donor
        if self.psnr_swap:
            found["psnr_gain_db"] = float(np.mean(self.psnr_swap) - np.mean(self.psnr_unswapped))
        return found

    def lines(self) -> list[str]:
        """The result in plain words."""
        said = [f"frames with a face: {self.frames_with_face} of {self.frames}"]
        if self.to_donor:
            said.append(
                f"identity: {self.nearer_to_donor:.0%} of {len(self.to_donor)} frames are nearer "
                f"to the donor (mean distance {np.mean(self.to_donor):.2f}) than to the original "
                f"({np.mean(self.to_original):.2f})"
            )
        if self.psnr_swap:
            swap, plain = float(np.mean(self.psnr_swap)), float(np.mean(self.psnr_unswapped))
            said.append(
                f"against the true swap, inside the mask: PSNR {swap:.1f} dB, unswapped "
                f"{plain:.1f} dB: {swap - plain:+.1f} dB"
            )
            said.append(
                f"against the true swap, inside the mask: SSIM {np.mean(self.ssim_swap):.3f}, "
                f"unswapped {np.mean(self.ssim_unswapped):.3f}"
            )
        return said


def evaluate(inputs: EvaluateInputs, registry: Registry, progress: Progress) -> EvaluateReport:
    """Compare an output with its source, and with the truth where there is one.

    Raises:
        MediaError: the files do not show the same number of frames.
        StoreError: the alignments are missing.
    """
    with Alignments.open(inputs.alignments, read_only=True) as store:
        faces = {at.index: _main_face(found) for at, found in store.by_frame() if found}
        n_frames = store.counts()[0]
    picked = _spread(sorted(faces), inputs.rows)
    judged = set(_spread(sorted(faces), inputs.identity_samples))
    identity = _Identity(inputs, faces, registry)
    report = EvaluateReport()
    rows: list[list[NDArray[Any]]] = []
    with progress.task("looking at the result", n_frames, "frames") as bar:
        for source, output, truth in _in_step(inputs):
            bar.advance(1)
            report.frames += 1
            face = faces.get(source.at.index)
            if face is None:
                continue
            report.frames_with_face += 1
            alpha = _on_frame(face, inputs, source)
            if truth is not None and alpha.any():
                report.psnr_swap.append(psnr(output.pixels, truth.pixels, alpha))
                report.psnr_unswapped.append(psnr(source.pixels, truth.pixels, alpha))
                report.ssim_swap.append(ssim(output.pixels, truth.pixels, alpha))
                report.ssim_unswapped.append(ssim(source.pixels, truth.pixels, alpha))
            if identity.possible and source.at.index in judged:
                identity.judge(output, face, report)
            if source.at.index in picked:
                rows.append(_row(source, output, truth, face, alpha))
    _write_sheet(inputs, picked, rows)
    progress.picture("contact-sheet", inputs.sheet)
    for name, value in report.metrics().items():
        progress.metric(name, value, step=report.frames)
    return report


class _Identity:
    """Distances of a face to two people's mean embeddings."""

    def __init__(self, inputs: EvaluateInputs, faces: dict[int, Face], registry: Registry) -> None:
        own = [f.embedding for f in faces.values() if f.embedding is not None]
        donor = [] if inputs.donor is None else _embeddings(inputs.donor)
        self.possible = bool(own and donor)
        if not self.possible:
            return
        made_by = next(iter(faces.values())).made_by
        self._original, self._donor = np.mean(own, 0), np.mean(donor, 0)
        aligner = _aligner(made_by["align"].partition("@")[0], registry)
        self.possible = aligner is not None
        self._aligner = aligner
        self._embedder = registry.create("embed", made_by["embed"].partition("@")[0])

    def judge(self, output: Frame, face: Face, report: EvaluateReport) -> None:
        boxes = Faces(face.box_xyxy[None], np.array([face.score]))
        found = self._aligner.align(output.pixels, boxes)
        alignment = Alignment.fit(found.landmarks[0], output.space)
        vector = self._embedder.embed(output.pixels, [alignment])[0]
        report.to_donor.append(float(np.linalg.norm(vector - self._donor)))
        report.to_original.append(float(np.linalg.norm(vector - self._original)))


def _aligner(name: str, registry: Registry) -> Any:
    """The predictor of that name, or one that is here: landmarks may be smoothed or set by hand."""
    for known in dict.fromkeys((name, *PREFERRED["aligner"])):
        try:
            return registry.get("align", known).build()
        except (PluginError, WeightsError):
            continue
    return None


def _embeddings(alignments: Path) -> list[NDArray[Any]]:
    with Alignments.open(alignments, read_only=True) as store:
        main = (_main_face(found) for _, found in store.by_frame() if found)
        return [f.embedding for f in main if f.embedding is not None]


def _main_face(faces: list[Face]) -> Face:
    return max(faces, key=lambda f: f.quality.get("size_px", 0.0))


def _in_step(inputs: EvaluateInputs) -> Iterator[tuple[Frame, Frame, Frame | None]]:
    """Frames of source, output and truth that belong together."""
    source, output = probe(inputs.source), probe(inputs.output)
    films = [source, output] + ([] if inputs.truth is None else [probe(inputs.truth)])
    # Code values are compared; an output does not carry the curve that a camera names.
    streams: list[Iterator[Frame]] = [ahead(frames(f, assume_colour="rec709"), 4) for f in films]
    try:
        for together in zip(*streams, strict=True):
            yield together[0], together[1], together[2] if len(together) == 3 else None
    except ValueError as error:
        raise MediaError(
            f"{inputs.source.name}, {inputs.output.name} and the truth do not have the same "
            f"number of frames: {error}"
        ) from error


def _on_frame(face: Face, inputs: EvaluateInputs, frame: Frame) -> NDArray[Any]:
    if inputs.mask not in face.masks:
        raise StoreError(f"face {face.id} has no mask {inputs.mask!r}; extract again with --new")
    mask = face.masks[inputs.mask]
    patch = feathered(mask, mask.grid_from_frame, frame.space, inputs.feather, inputs.erode)
    alpha = np.zeros(frame.pixels.shape[:2], np.float32)
    patch.window(alpha)[:] = patch.alpha
    return alpha


def _spread(indices: list[int], count: int) -> list[int]:
    """At most `count` of the indices, evenly spread, without the very ends."""
    if len(indices) <= count:
        return indices
    places = (np.arange(count) + 0.5) * len(indices) / count
    return [indices[int(p)] for p in places]


def _row(
    source: Frame, output: Frame, truth: Frame | None, face: Face, alpha: NDArray[Any]
) -> list[NDArray[Any]]:
    box = face.box_xyxy
    centre, side = (box[:2] + box[2:]) / 2, float(max(box[2:] - box[:2])) * 1.6
    left, top = np.maximum(centre - side / 2, 0).astype(int)
    right, bottom = (centre + side / 2).astype(int)

    def cut(pixels: NDArray[Any]) -> NDArray[Any]:
        return pixels[top:bottom, left:right]

    pictures = [source.pixels, output.pixels, show_mask(source.pixels, alpha)]
    if truth is not None:
        pictures.insert(2, truth.pixels)
    return [cut(p) for p in pictures]


def _write_sheet(inputs: EvaluateInputs, picked: list[int], rows: list[list[NDArray[Any]]]) -> None:
    columns = ["source", "swap", "mask"]
    if inputs.truth is not None:
        columns.insert(2, "true swap")
    labels = [f"frame {index}" for index in picked[: len(rows)]]
    sheet = contact_sheet(columns, rows, labels, (CELL, CELL))
    commit_bytes(inputs.sheet, encode_png(sheet))
