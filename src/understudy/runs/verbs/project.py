"""`extract`, `train`, `convert` and `swap`: the work on a project folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from understudy.errors import ConsentMissing, FileAway, OtherSettings, StoreError, ValueRefused
from understudy.flow import Reporter
from understudy.flow.sinks import TextLog
from understudy.plugin import default_registry
from understudy.provenance.consent import bring_up, read_declarations, require
from understudy.runs.batch.make import apart, items_of, make_all
from understudy.runs.binding import bind
from understudy.runs.models import trained_options
from understudy.runs.project import (
    add,
    extract_source,
    is_extracted,
    look_at,
    source_of,
    train_model,
)
from understudy.runs.rendering.on_the_fly import extract_ahead
from understudy.runs.rendering.renders import (
    RenderReport,
    Wanted,
    make_render,
    output_of,
    planned,
    render_options,
)
from understudy.runs.rendering.writers import writer_stays
from understudy.runs.settings import Said
from understudy.runs.spec import JobSpec
from understudy.runs.swap import run_job
from understudy.shell import quoted
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractReport
from understudy.stages.train.options import TrainOptions
from understudy.store.project import Project, Source
from understudy.words import counted


def extract(project: Path, films: Sequence[str], options: Said, progress: Reporter) -> None:
    """Find the faces of films; without any, of all that the project has."""
    registry = default_registry()
    with opened(project, progress, create=True) as store:
        chosen = options.settled(ExtractOptions, store, progress)
        missing: FileAway | None = None
        for source in _to_extract(store, films):
            # "All that are not done" was asked for: a film that is away, or done otherwise, must
            # not stop the rest.
            try:
                store.place(source.id)
                report = extract_source(store, source, chosen, registry, progress)
            except FileAway as error:
                if films:
                    raise
                missing = missing or error
            except OtherSettings:
                if films or not is_extracted(store, source):
                    raise
                progress.say(
                    f"{source.id}: is done, with other settings, and stays so; to do it anew: "
                    f"understudy extract {quoted(project)} {source.id} --new"
                )
            else:
                sheet = store.cast_sheet(source.id)
                words = _extracted(source.id, report, sheet if sheet.exists() else None)
                progress.report("extract", report, words)
        if missing is not None:
            raise missing


def train(
    project: Path,
    persons: Sequence[str],
    model_name: str | None,
    options: Said,
    progress: Reporter,
) -> None:
    """Train a model of the project, or go on training it."""
    with opened(project, progress) as store:
        earlier = trained_options(store, model_name)
        chosen = options.settled(TrainOptions, store, progress, earlier)
        report = train_model(store, persons, model_name, chosen, default_registry(), progress)
        progress.report(
            "train",
            report,
            f"model {report.model} at step {report.step}: loss {report.loss_words()}"
            f"{report.score_words()}" + (f"; preview: {report.preview}" if report.preview else ""),
        )


def convert(
    project: Path,
    output: Path | None,
    source: str | None,
    cast: Sequence[str],
    model_name: str | None,
    render_name: str | None,
    swap: bool,
    options: Said,
    progress: Reporter,
    all_films: bool = False,
    renders: Path | None = None,
    on_the_fly: bool = False,
) -> int:
    """Convert a film with a model, or several."""
    if on_the_fly and (all_films or renders is not None):
        raise ValueRefused(
            f"--on-the-fly and --{'all' if all_films else 'renders'}: it is for one film; extract "
            f"all of them first: understudy extract {quoted(project)}"
        )
    if all_films or renders is not None:
        with opened(project, progress) as store:
            given = Wanted(output, source, tuple(cast), model_name, render_name, swap)
            items, left = items_of(store, given, all_films, renders)
            report = make_all(store, items, left, options, progress)
            progress.report("batch", report, report.words())
        return report.exit_code
    wanted = Wanted(output, source, tuple(cast), model_name, render_name, swap)
    with opened(project, progress) as store:
        earlier = render_options(store, render_name)
        into = output_of(store, wanted)
        chosen = options.settled(ConvertOptions, store, progress, earlier, into)
        if on_the_fly:
            extract_ahead(store, wanted, chosen, default_registry(), progress)
        render = planned(store, wanted, chosen)
        with writer_stays(store, options):
            tell(make_render(store, render, chosen, default_registry(), progress), progress)
    return 0


def swap(
    a: Path,
    b: Sequence[Path],
    output: Path,
    project: Path,
    person_a: str,
    person_b: str,
    swap: bool,
    extracting: Said,
    training: Said,
    converting: Said,
    progress: Reporter,
) -> None:
    """The whole job: extract, train, convert, look."""
    with opened(project, progress, create=True) as store, writer_stays(store, converting):
        result = run_job(
            store,
            {person_a: [a], person_b: b},
            output,
            extracting.settled(ExtractOptions, store, progress),
            training.settled(TrainOptions, store, progress, trained_options(store)),
            converting.settled(ConvertOptions, store, progress, None, output),
            default_registry(),
            progress,
            other_way=swap,
        )
        tell(result, progress)


def several(spec: JobSpec) -> list[JobSpec]:
    """A job for each render that one job names; the job itself where it is one."""
    if spec.verb != "convert":
        return [spec]
    v = bind(convert, spec.values)
    if not v.get("all_films") and v.get("renders") is None:
        return [spec]
    folder, renders = Path(spec.folder), v.get("renders")
    given = Wanted(
        v["output"], v["source"], tuple(v["cast"]), v["model_name"], v["render_name"], v["swap"]
    )
    with Project.open(folder / v["project"], read_only=True) as store:
        place = None if renders is None else folder / renders
        items, _ = items_of(store, given, bool(v.get("all_films")), place)
        return apart(store, items, v["options"], spec)


def undeclared(spec: JobSpec) -> str:
    """What to say of a queued swap that would be refused for want of consent, or ""."""
    if spec.verb != "swap":
        return ""
    values = bind(swap, spec.values)
    with Project.open(Path(spec.folder) / values["project"], read_only=True) as store:
        known = read_declarations(store.consent)
    try:
        require(known, (values["person_a"], values["person_b"]), project=str(values["project"]))
    except ConsentMissing as missing:
        return str(missing)
    return ""


@contextmanager
def opened(folder: Path, progress: Reporter, create: bool = False) -> Iterator[Project]:
    """A project whose log gets what is told; what was brought up to date is said."""
    with Project.open(folder, create=create) as project:
        log = TextLog(project.log)
        progress.sinks.append(log)
        try:
            for words in project.brought_up:
                progress.say(words)
            copy = bring_up(project.consent)
            if copy is not None:
                progress.say(f"consent is declared by person now; {copy.name} is what it was")
            yield project
        finally:
            progress.sinks.remove(log)


@contextmanager
def looked_at(folder: Path, progress: Reporter) -> Iterator[Project]:
    """A project that is only looked at; one of an older format is brought up to date first."""
    try:
        project = Project.open(folder, read_only=True)
    except StoreError:
        with opened(folder, progress) as store:
            yield store
        return
    with project:
        yield project


def _to_extract(store: Project, words: Sequence[str]) -> list[Source]:
    """Sources by id or place; films that are new are added."""
    if not words:
        found = [source for source in store.sources if source.kind == "film"]
        if not found:
            raise ValueRefused(f"{store.folder}: has no film yet; see understudy add --help")
        return found
    ids = {source.id for source in store.sources}
    if len(words) == 2 and words[0] in ("a", "b") and words[0] not in ids:
        return [add(store, Path(words[1]), words[0])]  # as sides were given once
    new = {word for word in words if word not in ids and Path(word).exists()}
    for word in words:  # a mistyped one must not leave the others added
        if word in new:
            look_at(store, Path(word))
        else:
            source_of(store, word)
    return [add(store, Path(word)) if word in new else source_of(store, word) for word in words]


def _extracted(name: str, report: ExtractReport, sheet: Path | None) -> str:
    lines = [
        f"{name}: {counted(report.faces, 'face')} in {report.frames_with_faces} of "
        f"{counted(report.frames, 'frame')}; "
        f"{report.read}"
    ]
    if report.tracks:
        lines.append(
            f"  {counted(report.shots, 'shot')}, {counted(report.tracks, 'track')} of "
            f"{counted(report.persons, 'person')}"
        )
    if sheet is not None:
        lines.append(f"  pictures of the persons: {sheet}")
    lines.append(f"  alignments: {report.alignments}; face pictures: {report.faces_folder}")
    return "\n".join(lines)


def tell(result: RenderReport, progress: Reporter) -> None:
    """What was made, how good it is, and where it lies."""
    output = result.converted.output
    progress.report("convert", result.converted, str(output))
    verify = f"what the file says of itself: understudy verify {quoted(output)}"
    if result.scores is None:
        project = result.text.parents[2]
        if result.scorable:
            progress.say(
                f"not scored; to do it: understudy score {quoted(project)} --render "
                f"{quoted(result.render)}"
            )
        progress.say(verify)
        return
    lines = [
        *result.scores.lines(),
        f"contact sheet: {result.sheet}; curves: {result.curves}",
        f"report: {result.text}",
        verify,
    ]
    progress.report("evaluate", result.scores, "\n".join(f"  {line}" for line in lines))
