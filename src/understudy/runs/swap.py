"""The whole job in one project folder: extract two persons' films, train, convert, look, report.

Every part can be run alone on the same project, any number of times; each goes on where it was.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from understudy.errors import StoreError, ValueRefused
from understudy.files import is_project
from understudy.flow import Progress, Silent
from understudy.media import probe
from understudy.media.colour.light import curve_kept
from understudy.media.health import colour_differences
from understudy.plugin import Registry, default_registry
from understudy.runs.consent.labels import label_of
from understudy.runs.models import DEFAULT, Untrained, trained_options
from understudy.runs.project import add, extract_source, protected, train_model
from understudy.runs.rendering.judging import Found, Plate
from understudy.runs.rendering.masks import check_known, known_masks, make_missing
from understudy.runs.rendering.renders import (
    RenderReport,
    Wanted,
    look_ahead,
    make_render,
    planned,
)
from understudy.runs.settings import Said
from understudy.shell import quoted
from understudy.stages.convert.look.enhancing import enhancers_ready, named_enhancers
from understudy.stages.convert.look.matching import matchers_of
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.output import check_ending, writer_for
from understudy.stages.convert.part.size import info_of_size
from understudy.stages.extract.choose import step_settings
from understudy.stages.extract.colour import colour_of
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractReport
from understudy.stages.faces.mattes import kinds_of
from understudy.stages.release.place import check_output_name, check_place
from understudy.stages.train.learning.run import TrainReport
from understudy.stages.train.options import MODELS, TrainOptions
from understudy.store.atomic import explain
from understudy.store.project import ALL, Project, Source
from understudy.store.project.folder import check_free
from understudy.store.project.migrate import is_old
from understudy.swap import read_knobs
from understudy.words import counted

Films = Mapping[str, Sequence[Path]]
"""Two persons' ids or names to their films; the first film of the first person is the footage."""


def run_job(
    project: Project,
    films: Films,
    output: Path,
    extracting: ExtractOptions,
    training: TrainOptions,
    converting: ConvertOptions,
    registry: Registry,
    progress: Progress,
    truth: Path | None = None,
    other_way: bool = False,
) -> RenderReport:
    """Do everything that is still to be done for this output.

    Everything that can be refused is looked at first, so that nobody waits an hour for a refusal.

    Args:
        project: where everything lies.
        films: of the two persons.
        output: the file or folder to make.
        extracting: options of extraction.
        training: options of training.
        converting: options of conversion.
        registry: of plug-ins.
        progress: told what is done.
        truth: footage that shows the perfect swap, where somebody has it.
        other_way: convert the second person's first film instead, with the first one's face.
    """
    refuse_first(
        Ahead(films, output, extracting, training, converting, other_way), project, registry
    )
    enhancers_ready(registry, converting, progress)
    given = register(project, films)
    plate, donor = reversed(given) if other_way else given
    footage = given[plate][0]
    label_of(project, footage, [plate], [donor]).check()
    for mask in dict.fromkeys((*kinds_of(converting.mask), training.mask)):
        check_known(mask, project.alignments(footage.id), registry, progress)
    sources = [source for person in given for source in _films(project, person)]
    for remark in colour_differences([probe(project.place(source.id)) for source in sources]):
        progress.warn(remark.words, code=remark.kind)
    extracted = []
    for source in sources:
        # a table is of the footage's camera, and says nothing of the donor's
        how = extracting if source == footage else replace(extracting, plate_lut="")
        extracted.append((source, extract_source(project, source, how, registry, progress)))
        progress.report("extract", extracted[-1][1])
    for source in sources:
        masks = {training.mask, *(kinds_of(converting.mask) if source == footage else [])}
        for mask in sorted(masks):
            make_missing(project, source, mask, registry, progress, extracting.device)
    wanted = Wanted(output, footage.id, (donor,), DEFAULT)

    def begun(_: Path) -> None:
        render = planned(project, wanted, converting)
        look_ahead(project, render, converting, registry, progress)

    plates = [Plate(Found.of(project, footage), {ALL: donor}, converting)]
    trained = train_model(project, list(given), None, training, registry, progress, begun, plates)
    progress.report("train", trained)
    render = planned(project, wanted, converting)
    before = [_extracted(source, report) for source, report in extracted] + [_trained(trained)]
    return make_render(project, render, converting, registry, progress, truth, before, anew=True)


def look_first(
    folder: Path, films: Films, output: Path, said: tuple[Said, Said, Said], other_way: bool
) -> None:
    """Refuse what no answer and no work can make right, before anything is asked or made.

    Args:
        folder: the project's, which need not be there.
        films: as for `run_job`.
        output: as for `run_job`.
        said: what was said of extraction, training and conversion.
        other_way: as for `run_job`.

    Raises:
        ValueRefused, StoreError: the output has a name or a place that none can have, or an option
            cannot be.
        MediaError: a film is missing or cannot be read.
    """
    check_output_name(output)
    check_ending(default_registry(), output)
    for film in (film for each in films.values() for film in each):
        probe(film)
    with ExitStack() as held:
        project = None
        if not is_project(folder):
            check_free(folder, True)
            if not folder.absolute().parent.is_dir():
                raise explain(FileNotFoundError(errno.ENOENT, "no folder"), folder.absolute())
        elif is_old(folder):
            return  # cannot be read before it is brought up; `run_job` looks at it then
        else:
            project = held.enter_context(Project.open(folder, read_only=True))
        earlier = None if project is None else trained_options(project)
        extracting, training, converting = said
        job = Ahead(
            films,
            output,
            extracting.settled(ExtractOptions, project, Silent()),
            training.settled(TrainOptions, project, Silent(), earlier),
            converting.settled(ConvertOptions, project, Silent(), None, output),
            other_way,
        )
        refuse_first(job, project, default_registry())


@dataclass(frozen=True, slots=True)
class Ahead:
    """A whole job, before anything of it is begun; attributes as the arguments of `run_job`."""

    films: Films
    output: Path
    extracting: ExtractOptions
    training: TrainOptions
    converting: ConvertOptions
    other_way: bool = False


def refuse_first(job: Ahead, project: Project | None, registry: Registry) -> None:
    """Refuse what any stage of a job would, as far as that can be known; nothing is changed.

    Args:
        job: all of it.
        project: where it is to lie, or None where that is not there yet.
        registry: of plug-ins.

    Raises:
        UnderstudyError: as the stages; a mask that only the footage's alignments keep is looked
            for when these are known.
    """
    if len(job.films) != 2:
        raise ValueRefused(f"expected two persons, got {' and '.join(job.films)}")
    step_settings(job.extracting, registry)
    for photos in filter(None, (job.extracting.wanted, job.extracting.unwanted)):
        probe(Path(photos))
    choice = MODELS.chosen(job.training.model)
    models = [registry.get("swap", name) for name in choice]
    converting = job.converting
    if converting.knob:
        there = None if project is None else trained_options(project).get("model")
        model = models[choice.index(there) if there in choice else 0]
        persons = tuple(job.films) if project is None else tuple(_ids(project, job.films))
        read_knobs(Untrained(getattr(model.load(), "knobs", {}), persons), converting.knob)
    if converting.checkpoint == "best" and not job.training.score_faces:
        raise ValueRefused(
            "checkpoint: best is told by scores, and --score-faces 0 makes none; leave one of them"
        )
    matchers_of(registry, converting)
    named_enhancers(registry, converting)
    footage = list(job.films.values())[job.other_way][0]
    there_already = None if project is None else _alignments(project, footage)
    for mask in dict.fromkeys((*kinds_of(converting.mask), job.training.mask)):
        known_masks(mask, there_already, registry)
    brought = [film for films in job.films.values() for film in films]
    mine = () if project is None else protected(project)
    receipts = job.output / "none" if project is None else project.work
    check_place(job.output, converting.overwrite, receipts, [*brought, *mine])
    info = probe(footage)
    seen = colour_of(job.extracting, there_already)
    made = info_of_size(info, converting.output_scale)
    writer_for(registry, made, job.output, converting, curve=curve_kept(info, seen))


def _alignments(project: Project, film: Path) -> Path | None:
    """Those of a film that the project knows."""
    info = probe(film)
    source = project.find_source(info.path, info.fingerprint)
    return None if source is None else project.alignments(source.id)


def _ids(project: Project, names: Iterable[str]) -> list[str]:
    """Ids of persons; of those who are not there yet, the names."""
    ids = {word: person.id for person in project.persons for word in (person.name, person.id)}
    return [ids.get(name, name) for name in names]


def register(project: Project, films: Films) -> dict[str, list[Source]]:
    """The persons by id, each with the sources that their films are; added where they are new.

    Raises:
        MediaError: a film cannot be read.
        ValueRefused: a film shows the other person, or both persons are one.
        StoreError: a person of the project is seen in other films only, so that this may be
            somebody else.
    """
    found: dict[str, list[Source]] = {}
    for name, media in films.items():
        person = project.add_person(name).id
        known = project.sources_of(person)
        infos = [probe(path) for path in media]
        here = [project.find_source(info.path, info.fingerprint) for info in infos]
        if known and not any(source in known for source in here):
            raise StoreError(
                f"{project.folder}: person {person} is seen in "
                f"{', '.join(str(source.path) for source in known)}, not in {media[0]} (or it "
                "changed since); is it the same person, say so: understudy add "
                f"{quoted(project.folder)} {quoted(media[0])} --person {person}; "
                "else use another --project folder"
            )
        for path, source in zip(media, here, strict=True):
            shown = person if source is None else source.persons.get(ALL, person)
            if shown != person:
                raise ValueRefused(f"{path}: shows {shown} in this project, not {person}")
        found[person] = [add(project, path, person) for path in media]
    if len(found) != 2:
        raise ValueRefused(f"expected two persons, got {' and '.join(films)}")
    return found


def _films(project: Project, person: str) -> list[Source]:
    return [source for source in project.sources_of(person) if source.kind == "film"]


def _extracted(source: Source, report: ExtractReport) -> str:
    return (
        f"{', '.join(dict.fromkeys(source.persons.values()))}: {source.path.name}: "
        f"{counted(report.faces, 'face')} in {report.frames_with_faces} of "
        f"{counted(report.frames, 'frame')}; {report.read}; {report.seconds:.0f} s"
    )


def _trained(report: TrainReport) -> str:
    return (
        f"training {report.model}: step {report.step}, loss {report.loss_words()}"
        f"{report.score_words()}; "
        f"{counted(report.iterations, 'iteration')} and {report.seconds:.0f} s in this run"
    )
