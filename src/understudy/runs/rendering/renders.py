"""Renders: which film, who becomes whom by which model; converted, scored and remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from understudy.errors import StoreError, ValueRefused
from understudy.flow import Progress
from understudy.nn import checkpoint
from understudy.options import to_mapping
from understudy.plugin import Registry, default_registry
from understudy.runs.consent.declared import settle
from understudy.runs.consent.declaring import refuse_gone
from understudy.runs.consent.labels import label_of
from understudy.runs.consent.origins import refuse_other_film, refuse_strange_model
from understudy.runs.models import chosen_model, refuse_unknown_knobs, trained_persons
from understudy.runs.project import protected, source_of
from understudy.runs.rendering.casting import casting_of, people_of
from understudy.runs.rendering.first_look import first_look
from understudy.runs.rendering.masks import refuse_unmade
from understudy.runs.rendering.reports import keep_report, kept_report, settings_line
from understudy.runs.rendering.scoring import evaluate_render, films_of, unscorable
from understudy.runs.settings import remembering
from understudy.shell import quoted
from understudy.stages.convert.keyed.keys import check_keys
from understudy.stages.convert.look.enhancing import named_enhancers
from understudy.stages.convert.look.matching import matchers_of
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.output import chosen_writer
from understudy.stages.convert.stage import ConvertInputs, ConvertReport, convert
from understudy.stages.evaluate.stage import EvaluateReport
from understudy.stages.faces.mattes import kinds_of
from understudy.stages.release.place import Receipt, check_place
from understudy.stages.release.stage import Label
from understudy.stages.train.learning.previews import Curves
from understudy.store.faceset import list_faceset
from understudy.store.ids import check_id
from understudy.store.project import ALL, Project, Render, Source
from understudy.words import counted

USUAL_OUTPUT = "out.mp4"
"""Where nobody says another."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a render is to be; what is not said is taken from an earlier render, or is usual.

    Attributes:
        output: the file or folder to make, or None for that of the render named.
        source: id or place of the film, or None.
        cast: who becomes whom in people's words, see `casting.read_casting`.
        model: name of the model, or None.
        name: id of the render, or None.
        other_way: with two persons, put the first one's face into the second one's film.
    """

    output: Path | None = None
    source: str | None = None
    cast: Sequence[str] = field(default_factory=tuple)
    model: str | None = None
    name: str | None = None
    other_way: bool = False


@dataclass(frozen=True, slots=True)
class RenderReport:
    """What a render made and measured, and where its pictures and reports lie.

    Attributes:
        converted: what was made.
        scores: what was measured, or None where that was left out.
        sheet, text, curves: where contact sheet, report and curves lie, or would.
        render, scorable: its id, and whether it shows the film with its new faces.
    """

    converted: ConvertReport
    scores: EvaluateReport | None
    sheet: Path
    text: Path
    curves: Path
    render: str = ""
    scorable: bool = True


def planned(
    project: Project, wanted: Wanted, options: ConvertOptions, registry: Registry | None = None
) -> Render:
    """The render that is wanted, with everything decided and its id taken; nothing else is done.

    Args:
        project: where everything lies.
        wanted: as it was said.
        options: of the conversion.
        registry: of plug-ins; None for those that are installed.

    Raises:
        StoreError: there is no such source, model or render, or it has to be said which.
        ValueRefused: the casting does not fit the film or the model, the output is a source, or the
            model has no such knob.
        ConsentMissing: a person in the output has no valid declaration.
    """
    earlier, model, trained, source = _asked(project, wanted)
    casting = _casting(project, wanted, earlier, model, trained, source)
    output = output_of(project, wanted)
    # What can be refused is refused before an id is taken, so that no render is told of unmade.
    label = label_of(project, source, *people_of(project, source, casting))
    label.check()
    refuse_strange_model(project, model, label.donors)
    refuse_other_film(project, source)
    registry = registry or default_registry()
    refuse_unknown_knobs(project, model, options.knob, registry)
    matchers_of(registry, options)
    named_enhancers(registry, options)
    check_keys(options)
    for kind in kinds_of(options.mask):
        refuse_unmade(project, source, kind, registry)
    chosen_writer(registry, output, options)
    check_place(output.absolute(), options.overwrite, project.work, protected(project))
    id_ = check_id("render", wanted.name or project.render_id(output))
    render = Render(id_, source.id, model, casting, output.absolute(), to_mapping(options))
    return render if wanted.name else project.take_render(render)


def film_of(project: Project, wanted: Wanted) -> tuple[Source, Label | None]:
    """The film that a render is of, and what its output will say where that is known by now.

    Raises:
        StoreError, ValueRefused, ConsentMissing: as `planned`.
    """
    earlier, model, trained, source = _asked(project, wanted)
    if ALL not in source.persons:
        return source, None  # who is in it is said of the persons that the extraction finds
    casting = _casting(project, wanted, earlier, model, trained, source)
    return source, label_of(project, source, *people_of(project, source, casting))


def _asked(project: Project, wanted: Wanted) -> tuple[Render | None, str, Sequence[str], Source]:
    """The render that is made again, if it is one, the model, whom it shows, and the film."""
    if wanted.other_way and wanted.cast:
        raise ValueRefused(
            f"--swap and --cast {wanted.cast[0]}: each says who becomes whom; give one of them"
        )
    if wanted.other_way and wanted.source is not None:
        raise ValueRefused(
            f"--swap and --source {wanted.source}: each says which film; give one of them, and "
            "beside --source say with --cast who becomes whom"
        )
    earlier = None
    if wanted.name is not None:
        earlier = next((r for r in project.renders if r.id == wanted.name), None)
        if earlier is None and wanted.output is None:
            # A misspelt name would make another film, under a name that nobody chose.
            there = ", ".join(r.id for r in project.renders) or "none"
            raise StoreError(
                f"{project.folder}: has no render {wanted.name!r}; there are: {there}; to make a "
                "new one of that name, say its -o"
            )
    elif wanted.output is not None and wanted.source is None:
        # the same command twice means the same film, also when the project has others by now
        made = wanted.output.absolute()
        earlier = next((r for r in project.renders if r.output == made), None)
    refuse_gone(project)
    model = chosen_model(project, wanted.model or (earlier.model if earlier else None))
    trained = trained_persons(project, model)
    source = _plate(project, wanted, earlier, trained)
    return earlier, model, trained, source


def _casting(
    project: Project,
    wanted: Wanted,
    earlier: Render | None,
    model: str,
    trained: Sequence[str],
    source: Source,
) -> Mapping[str, str | None]:
    """Who becomes whom."""
    if not wanted.cast and earlier is not None and earlier.source == source.id:
        return dict(earlier.casting)
    return casting_of(project, source, wanted.cast, model, trained)


def output_of(project: Project, wanted: Wanted) -> Path:
    """The file or folder that is wanted."""
    made = (r.output for r in project.renders if r.id == wanted.name)
    return wanted.output or next(made, Path(USUAL_OUTPUT))


def render_options(project: Project, name: str | None) -> Mapping[str, Any]:
    """The options that a render was made with, plain data; none where it is new or unnamed."""
    return next((r.settings for r in project.renders if r.id == name), {})


def _plate(
    project: Project, wanted: Wanted, earlier: Render | None, trained: Sequence[str]
) -> Source:
    """The film whose faces are replaced."""
    if wanted.source is not None:
        named = source_of(project, wanted.source)
        if named.kind == "faces":
            raise ValueRefused(f"{named.id}: is a folder of face pictures; --source is a film")
        return named
    films = [source for source in project.sources if source.kind == "film"]
    if wanted.other_way:
        first = _only(films_of(project, trained[1])) if len(trained) == 2 else None
        if first is None:
            raise ValueRefused(
                "--swap is for models of two persons with one film each; say --source and --cast"
            )
        return first
    if earlier is not None:
        return project.source(earlier.source)
    found = _only(films) or _only(films_of(project, trained[0]))
    if found is None:
        raise StoreError(
            f"{project.folder}: say which film with --source; there are: "
            f"{', '.join(source.id for source in films) or 'none; see understudy add'}"
        )
    return found


def _only(sources: Sequence[Source]) -> Source | None:
    return sources[0] if len(sources) == 1 else None


def make_render(
    project: Project,
    render: Render,
    options: ConvertOptions,
    registry: Registry,
    progress: Progress,
    truth: Path | None = None,
    before: Sequence[str] = (),
    anew: bool = False,
) -> RenderReport:
    """Convert a film as a render says, score the output, and write report and contact sheet.

    Args:
        project: where everything lies.
        render: what is to be made, see `planned`.
        options: of the conversion.
        registry: of plug-ins.
        progress: told what is done.
        truth: footage that shows the perfect swap, where somebody has it.
        before: lines for the report about what was done before.
        anew: see `ConvertInputs`.
    """
    converted = convert_render(project, render, options, registry, progress, anew=anew)
    places = project.contact_sheet(render.id), project.report(render.id), project.curves(render.id)
    kept = kept_report(project, render, truth)
    if why := unscorable(render, options, registry):
        if options.score:
            progress.say(f"{render.output} {why}, so nothing is scored")
        return RenderReport(converted, None, *places, render.id, scorable=False)
    if not options.score:
        if kept is None and project.report(render.id).exists():
            progress.say(f"{project.report(render.id)}: is of an earlier output, as its sheet is")
        return RenderReport(converted, None, *places, render.id)
    if kept is not None:
        progress.say(
            f"{render.output} was scored as it is; to score it again: understudy score "
            f"{quoted(project.folder)} --render {render.id}"
        )
        return RenderReport(converted, kept, *places, render.id)
    scores = evaluate_render(
        project, render, options, registry, progress, truth, step=converted.model_step
    )
    with Curves(project.model(render.model), 0, progress) as curves:
        curves.figures(converted.model_step, scores.metrics())
    source = project.source(render.source)
    parts = [f"{n} -> {donor or 'left'}" for n, donor in render.casting.items()]
    lines = [
        *before,
        f"film {source.id} ({source.path.name}), model {render.model} at step "
        f"{converted.model_step}: {', '.join(parts)}",
        f"conversion: {counted(converted.swapped_faces, 'face')} in "
        f"{counted(converted.frames, 'frame')}; "
        f"{converted.read}; {converted.seconds:.0f} s",
        settings_line(options, render.output, registry),
    ]
    keep_report(project, render, scores, lines, truth)
    return RenderReport(converted, scores, *places, render.id)


def convert_render(
    project: Project,
    render: Render,
    options: ConvertOptions,
    registry: Registry,
    progress: Progress,
    *,
    anew: bool = False,
) -> ConvertReport:
    """Convert a film as a render says, and remember the render."""
    inputs = replace(_inputs(project, render), anew=anew)
    refuse_strange_model(project, render.model, inputs.label.donors, progress)
    refuse_other_film(project, project.source(render.source))
    settle(project, (*inputs.label.plates, *inputs.label.donors), progress)
    kept = _made_in_format_1(project, render, options)
    if kept is not None:
        progress.say(
            f"{render.output} was made before the project had a cast and is complete; "
            "--overwrite makes it again"
        )
        return kept
    unseen = sorted(set(inputs.label.plates) - set(trained_persons(project, render.model)))
    if unseen:
        progress.warn(
            f"the model {render.model} never saw {', '.join(unseen)}; a model that was trained on "
            "their faces too follows them better",
            code="unseen-plate",
            model=render.model,
        )
    project.keep_render(render)
    with remembering(project, "convert", options):
        return convert(inputs, options, registry, progress)


def look_ahead(
    project: Project,
    render: Render,
    options: ConvertOptions,
    registry: Registry,
    progress: Progress,
) -> None:
    """Show what a render would be with the model as it is now; see `first_look`."""
    sheet = project.first_look(render.id)
    first_look(_inputs(project, render), options, sheet, registry, progress)


def tried(project: Project, wanted: Wanted, mask: str) -> ConvertInputs:
    """What a render would work on, for who looks for its settings; nothing is taken or written.

    Args:
        project: where everything lies.
        wanted: its source, model and casting.
        mask: that bounds the new face.

    Raises:
        StoreError, ValueRefused, ConsentMissing: as `planned`.
    """
    model = chosen_model(project, wanted.model)
    trained = trained_persons(project, model)
    source = _plate(project, wanted, None, trained)
    casting = casting_of(project, source, wanted.cast, model, trained)
    inputs = _inputs(project, Render("tried", source.id, model, casting, project.work / "tried"))
    refuse_strange_model(project, model, inputs.label.donors)
    refuse_other_film(project, source)
    for kind in kinds_of(mask):
        refuse_unmade(project, source, kind, default_registry())
    return inputs


def _inputs(project: Project, render: Render) -> ConvertInputs:
    source = project.source(render.source)
    return ConvertInputs(
        media=project.place(source.id),
        alignments=project.alignments(source.id),
        faces=project.faces(source.id),
        model=project.model(render.model),
        output=render.output,
        sources=protected(project),
        work=project.work,
        label=label_of(project, source, *people_of(project, source, render.casting)),
        casting=render.casting,
    )


def _made_in_format_1(
    project: Project, render: Render, options: ConvertOptions
) -> ConvertReport | None:
    """What is known of an output that the project made in format 1, if it is still as it was made.

    With which choices is not known any more; but that the model has not been trained since is.
    """
    made = {r.output for r in project.renders if r.made_by_format == 1}
    if render.output not in made or options.overwrite:
        return None
    found = checkpoint.newest(project.model(render.model))
    for path in project.work.glob("*.json"):
        receipt = Receipt.read_from(path)
        if receipt is None or found is None or not receipt.fits(render.output):
            continue
        if found.path.stat().st_mtime > path.stat().st_mtime:
            return None
        n_faces = len(list_faceset(project.faces(render.source)))
        step = found.state.step
        return ConvertReport(render.output, receipt.frames, n_faces, step, 0.0, receipt.read)
    return None
