"""The whole job in one project folder: extract both sides, train, convert, look, report.

Every part can be run alone on the same project, any number of times; each goes on where it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.flow import Progress
from understudy.media import probe
from understudy.media.health import colour_differences
from understudy.plugin import Registry
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import read_declarations
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.stage import ConvertInputs, ConvertReport, convert, writer_for
from understudy.stages.evaluate.stage import EvaluateInputs, EvaluateReport, evaluate
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, ExtractReport, extract
from understudy.stages.release.place import check_place
from understudy.stages.release.stage import Label
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.stage import TrainInputs, TrainReport, train
from understudy.store.atomic import commit_bytes
from understudy.store.faceset import FaceFolder, list_faceset
from understudy.store.project import Project, Side


@dataclass(frozen=True, slots=True)
class JobReport:
    """What the whole job made and measured."""

    converted: ConvertReport
    scores: EvaluateReport
    sheet: Path
    text: Path


def run_job(
    project: Project,
    media: dict[Side, Path],
    output: Path,
    extracting: ExtractOptions,
    training: TrainOptions,
    converting: ConvertOptions,
    registry: Registry,
    progress: Progress,
    truth: Path | None = None,
) -> JobReport:
    """Do everything that is still to be done for this output.

    Everything that can be refused is looked at first, so that nobody waits an hour for a refusal.
    """
    label_of(project, converting).require()
    for side in ("a", "b"):
        register(project, side, media[side])
    _check_ahead(project, output, training, converting, registry)
    for remark in colour_differences([probe(project.source(side)) for side in ("a", "b")]):
        progress.warn(remark.words, code=remark.kind)
    reports = {s: extract_side(project, s, extracting, registry, progress) for s in ("a", "b")}
    trained = train_project(project, training, registry, progress)
    converted = convert_project(project, output, converting, registry, progress)
    scores = evaluate_project(project, output, converting, registry, progress, truth)
    text = _report(reports, trained, converted, scores, project)
    commit_bytes(project.report, text.encode())
    return JobReport(converted, scores, project.contact_sheet, project.report)


def _check_ahead(
    project: Project,
    output: Path,
    training: TrainOptions,
    converting: ConvertOptions,
    registry: Registry,
) -> None:
    """What later stages would refuse."""
    registry.get("swap", training.model)
    registry.get("colour", converting.match_colour)
    films = [project.source("a"), project.source("b")]
    check_place(output, converting.overwrite, project.work, films)
    plate, _ = _sides(converting)
    writer_for(registry, probe(project.source(plate)), output, converting)


def register(project: Project, side: Side, media: Path) -> None:
    """Remember which film is which side.

    Raises:
        MediaError: it cannot be read.
        StoreError: the project already has another film on that side.
    """
    info = probe(media)
    project.set_source(side, info.path, info.fingerprint)


def extract_side(
    project: Project,
    side: Side,
    options: ExtractOptions,
    registry: Registry,
    progress: Progress,
) -> ExtractReport:
    """Extract one side of the project."""
    inputs = ExtractInputs(project.source(side), project.faces(side), project.alignments(side))
    return extract(inputs, options, registry, progress)


def train_project(
    project: Project, options: TrainOptions, registry: Registry, progress: Progress
) -> TrainReport:
    """Train the project's model on both sides' face pictures."""
    facesets = {
        "a": (FaceFolder(project.faces("a")),),
        "b": (FaceFolder(project.faces("b")),),
    }
    inputs = TrainInputs(facesets, project.model)
    return train(inputs, options, progress, registry)


def convert_project(
    project: Project,
    output: Path,
    options: ConvertOptions,
    registry: Registry,
    progress: Progress,
) -> ConvertReport:
    """Convert the footage of side A, or of side B with `swap`."""
    plate: Side = "b" if options.swap else "a"
    inputs = ConvertInputs(
        media=project.source(plate),
        alignments=project.alignments(plate),
        faces=project.faces(plate),
        model=project.model,
        output=output,
        work=project.work,
        label=label_of(project, options),
    )
    return convert(inputs, options, registry, progress)


def evaluate_project(
    project: Project,
    output: Path,
    options: ConvertOptions,
    registry: Registry,
    progress: Progress,
    truth: Path | None = None,
) -> EvaluateReport:
    """Score an output of the project and draw its contact sheet."""
    plate, donor = _sides(options)
    inputs = EvaluateInputs(
        source=project.source(plate),
        output=output,
        alignments=project.alignments(plate),
        donor=_alignments_if_any(project, donor),
        sheet=project.contact_sheet,
        truth=truth,
        mask=options.mask,
        feather=options.feather,
        erode=options.erode,
    )
    return evaluate(inputs, registry, progress)


def _alignments_if_any(project: Project, side: Side) -> Path | None:
    """A donor's alignments; a model that was trained elsewhere has none here."""
    path = project.alignments(side) if project.has_source(side) else None
    return path if path is not None and path.exists() else None


def label_of(project: Project, options: ConvertOptions) -> Label:
    """What an output of this project will say about itself."""
    plate, donor = _sides(options)
    pictures = list_faceset(project.faces(donor)) if project.faces(donor).is_dir() else []
    return Label(
        declarations=read_declarations(project.consent),
        plates=(plate,),
        donors=(donor,),
        audit=AuditLog(project.audit),
        donor_pictures=tuple(pictures[:1]),
        project=str(project.folder),
    )


def _sides(options: ConvertOptions) -> tuple[Side, Side]:
    return ("b", "a") if options.swap else ("a", "b")


def _report(
    extracted: dict[Any, ExtractReport],
    trained: TrainReport,
    converted: ConvertReport,
    scores: EvaluateReport,
    project: Project,
) -> str:
    lines = [f"# {converted.output.name}", "", time.strftime("Made %Y-%m-%d %H:%M."), ""]
    for side, r in extracted.items():
        lines.append(
            f"- {side.upper()}: {project.source(side).name}: {r.faces} faces in "
            f"{r.frames_with_faces} of {r.frames} frames; {r.read}; {r.seconds:.0f} s"
        )
    lines.append(
        f"- model {trained.model}: step {trained.step}, loss "
        f"{trained.loss_words()}; {trained.iterations} iterations and {trained.seconds:.0f} s "
        f"in this run"
    )
    lines.append(
        f"- conversion: {converted.swapped_faces} faces in {converted.frames} frames; "
        f"{converted.seconds:.0f} s"
    )
    lines += [f"- {line}" for line in scores.lines()]
    lines += ["", f"Contact sheet: {project.contact_sheet.name}", ""]
    return "\n".join(lines)
