"""Scores of a project's renders, and of two films without a project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.errors import MediaError, PluginError, StoreError, ValueRefused
from understudy.files import refuse_sources, same_file
from understudy.flow import Progress
from understudy.media import probe
from understudy.nn import checkpoint
from understudy.options import from_mapping
from understudy.plugin import Registry
from understudy.runs.rendering.reports import keep_report, settings_line, write_report
from understudy.shell import quoted
from understudy.stages.convert.look.bounds import edge_of
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.output import chosen_writer
from understudy.stages.evaluate.donors import Resolution
from understudy.stages.evaluate.options import ScoreOptions
from understudy.stages.evaluate.stage import Donor, EvaluateInputs, EvaluateReport, evaluate
from understudy.store.project import ALL, Project, Render, Source
from understudy.swap.loading import new_model


def score_render(
    project: Project,
    name: str | None,
    scoring: ScoreOptions,
    registry: Registry,
    progress: Progress,
    truth: Path | None = None,
) -> tuple[Render, EvaluateReport]:
    """Score a finished render again, and write its report anew.

    Args:
        project: that has it.
        name: of the render; None takes the only one.
        scoring: how to look.
        registry: of plug-ins.
        progress: told what is done.
        truth: footage that shows the perfect swap, where somebody has it.

    Raises:
        StoreError: there is no such render; lists those that there are.
        MediaError: its output is not there any more.
        ValueRefused: see `unscorable`.
    """
    render = _render(project, name)
    if not render.output.exists():
        raise MediaError(
            f"{render.output}: is not there; make it again: understudy convert "
            f"{quoted(project.folder)} --render-name {render.id}"
        )
    options = from_mapping(ConvertOptions, render.settings, "convert")
    if why := unscorable(render, options, registry):
        raise ValueRefused(f"{render.id}: {why}, so it cannot be scored; name another --render")
    # The model may have been trained on since, so how far it was then is not known.
    scores = evaluate_render(project, render, options, registry, progress, truth, scoring)
    parts = [f"{n} -> {donor or 'left'}" for n, donor in render.casting.items()]
    line = f"film {render.source}, model {render.model}: {', '.join(parts)}; scored again"
    said = settings_line(options, render.output, registry)
    keep_report(project, render, scores, [line, said], truth)
    return render, scores


def unscorable(render: Render, options: ConvertOptions, registry: Registry) -> str:
    """Why an output made with these options shows no film to be scored, for people, or ""."""
    if not options.whole:
        said = "frames" if options.frames else "layer" if options.layer else "matte"
        return f"was made with --{said} and is not all of the film with its new faces"
    writer = chosen_writer(registry, render.output, options)
    like = getattr(writer.load(), "like_source", True)
    return "" if like else f"was written by {writer.name} and is no film that is read"


def score_films(
    source: Path,
    output: Path,
    donors: Sequence[Path],
    into: Path,
    scoring: ScoreOptions,
    registry: Registry,
    progress: Progress,
    truth: Path | None = None,
    through_px: int = 0,
) -> EvaluateReport:
    """Score a film against what it was made from, wherever it was made.

    Args:
        source: the film before.
        output: the film after.
        donors: films that show the person whose face went in.
        into: folder for report, contact sheet and curves; made where it is not there.
        scoring: how to look.
        registry: of plug-ins.
        progress: told what is done.
        truth: footage that shows the perfect swap, where somebody has it.
        through_px: side of what the model showed, in pixels, for the ceiling; 0 for unknown.
    """
    sources = [source, output, *donors, *([] if truth is None else [truth])]
    for film in sources:
        probe(film)  # not only when its turn comes
        if same_file(into, film):
            raise ValueRefused(f"{into}: holds pictures that are scored; choose another --output")
    names = ("report.md", "report.json", "contact_sheet.png", "curves.png")
    for name in names:
        refuse_sources(into / name, sources)
    if into.exists() and not into.is_dir():
        raise ValueRefused(f"{into}: is no folder; choose another --output")
    inputs = EvaluateInputs(
        source=source,
        output=output,
        sheet=into / "contact_sheet.png",
        curves=into / "curves.png",
        donors={"donor": [Donor(film=film) for film in donors]},
        resolution=Resolution(through_px, 1.0, "face") if through_px else None,
        foot=[f"{output.name} beside {source.name}"],
        truth=truth,
        options=scoring,
    )
    scores = evaluate(inputs, registry, progress)
    line = f"{output.name} beside {source.name}; the largest face of each frame"
    write_report(into / "report.md", into / "report.json", output.name, scores, [line])
    return scores


def evaluate_render(
    project: Project,
    render: Render,
    options: ConvertOptions,
    registry: Registry,
    progress: Progress,
    truth: Path | None = None,
    scoring: ScoreOptions | None = None,
    step: int | None = None,
) -> EvaluateReport:
    """Score a render's output and draw its contact sheet and its curves.

    Args:
        project: that has it.
        render: which one.
        options: it was converted with.
        registry: of plug-ins.
        progress: told what is done.
        truth: footage that shows the perfect swap, where somebody has it.
        scoring: how to look; None for the usual.
        step: iterations of the model, or None where that is not known.
    """
    donors = {to for to in render.casting.values() if to is not None}
    inputs = EvaluateInputs(
        source=project.place(render.source),
        output=render.output,
        sheet=project.contact_sheet(render.id),
        alignments=project.alignments(render.source),
        casting=render.casting,
        donors={donor: footage_of(project, donor) for donor in donors},
        curves=project.curves(render.id),
        faces=project.faces(render.source),
        which=options.faces,
        truth=truth,
        mask=options.mask,
        edge=edge_of(options),
        resolution=shown_by(project, render.model, registry),
        step=step,
        foot=[_about(render, step), settings_line(options, render.output, registry)],
        options=scoring or ScoreOptions(),
    )
    return evaluate(inputs, registry, progress)


def shown_by(project: Project, model: str, registry: Registry) -> Resolution | None:
    """What a model shows of a frame, and in how many pixels; None where it cannot be had."""
    try:
        found = checkpoint.newest(project.model(model))
        if found is None:
            return None
        state = found.state
        plugin = registry.get("swap", state.model)
        crop = new_model(plugin, state.seed, state.persons, state.model_options).crop
    except (StoreError, PluginError, ValueRefused):
        return None  # a model that was deleted, or is another version's, takes no score away
    return Resolution(crop.output_px, crop.coverage, crop.centering)


def films_of(project: Project, person: str) -> list[Source]:
    """A person's films; none of a person whom only a model from elsewhere knows."""
    if all(person != known.id for known in project.persons):
        return []
    return [source for source in project.sources_of(person) if source.kind == "film"]


def footage_of(project: Project, donor: str) -> tuple[Donor, ...]:
    """A donor's films; a model that was trained elsewhere has none here."""
    found = []
    for source in films_of(project, donor):
        path = project.alignments(source.id)
        if path.exists():
            numbers = {n for n, person in source.persons.items() if person == donor}
            theirs = None if ALL in numbers else frozenset(map(int, numbers))
            found.append(Donor(path, theirs, project.faces(source.id)))
    return tuple(found)


def _about(render: Render, step: int | None) -> str:
    """What a contact sheet shows; it is looked at and passed on without its report.

    When it was drawn is not said: the same job gives the same sheet, killed in between or not.
    """
    parts = ", ".join(f"{n} -> {donor or 'left'}" for n, donor in render.casting.items())
    trained = "" if step is None else f" at step {step}"
    return f"{render.output.name}: film {render.source}, model {render.model}{trained}: {parts}"


def _render(project: Project, name: str | None) -> Render:
    renders = {render.id: render for render in project.renders}
    if name in renders:
        return renders[str(name)]
    there = ", ".join(renders) or "none; make one: understudy convert"
    if name is not None:
        raise StoreError(f"{project.folder}: has no render {name!r}; there are: {there}")
    if len(renders) != 1:
        raise StoreError(f"{project.folder}: say which render with --render; there are: {there}")
    return next(iter(renders.values()))
