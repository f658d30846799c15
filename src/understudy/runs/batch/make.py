"""Many renders of a project in one go: one that fails does not stop the others.

What is to be made is said by the project (`--all`) or by a file of renders, and is settled for all
of them before the first begins: what one was made with is no setting of the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from understudy.errors import Cancelled, UnderstudyError, ValueRefused
from understudy.events import failure
from understudy.flow import Reporter, Silent
from understudy.options import to_mapping
from understudy.options.toml_file import checked_table, read_tables
from understudy.plugin import default_registry
from understudy.runs.models import chosen_model, trained_persons
from understudy.runs.rendering.casting import usual_casting
from understudy.runs.rendering.renders import (
    RenderReport,
    Wanted,
    make_render,
    output_of,
    planned,
    render_options,
)
from understudy.runs.settings import KEY, Said, lasting, whole_tree
from understudy.runs.spec import JobSpec
from understudy.shell import quoted
from understudy.stages.convert.options import ConvertOptions
from understudy.store.project import Project, Render
from understudy.words import counted

FILM = "{film}"
USUAL_OUTPUTS = f"{FILM}_swap.mp4"
"""Where the outputs of all films go unless it is said; `FILM` becomes each film's id."""
_MOST = 1000
_WORDS = {"output": str, "source": str, "cast": list, "model": str, "name": str}


@dataclass(frozen=True, slots=True)
class Item:
    """One render of a batch.

    Attributes:
        wanted: what it is to be.
        config: its own settings by path.
        config_name: of the file that says them, or "".
    """

    wanted: Wanted
    config: Mapping[str, Any] = field(default_factory=dict)
    config_name: str = ""

    def said(self, said: Said) -> Said:
        """What is said for this render: what is said for all, with its own settings over it."""
        if not self.config_name:
            return said
        config = {**said.config, **self.config}
        return replace(said, config=config, config_name=self.config_name)


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of a batch.

    Attributes:
        made: outputs, in their order.
        failed: what could not be made, each with the reason.
        left_out: films that nobody is replaced in, each with the reason.
        exit_code: 0, that of all failures where they are alike, or 1.
    """

    made: tuple[Path, ...]
    failed: tuple[tuple[str, str], ...]
    left_out: tuple[tuple[str, str], ...]
    exit_code: int

    def words(self) -> str:
        """For people."""
        lines = [f"{counted(len(self.made), 'render')} made"]
        if self.failed:
            lines[0] += f", {len(self.failed)} failed"
        lines += [f"  {path}" for path in self.made]
        lines += [f"  failed: {name}: {why}" for name, why in self.failed]
        lines += [f"  left out: {name}: {why}" for name, why in self.left_out]
        return "\n".join(lines)


def items_of(
    project: Project, given: Wanted, all_films: bool, renders: Path | None
) -> tuple[list[Item], list[tuple[str, str]]]:
    """The renders that a command names, and films that are left out, each with the reason.

    Args:
        project: where everything lies.
        given: what the command says of one render.
        all_films: whether all films are meant.
        renders: the file that names them, or None.

    Raises:
        ValueRefused: what is said of one render cannot be meant of several.
    """
    one: dict[str, Any] = {
        "--source": given.source,
        "--render-name": given.name,
        "--swap": given.other_way,
    }
    if renders is not None:
        one |= {"-o": given.output, "--cast": given.cast, "--all": all_films}
    if said := [flag for flag, value in one.items() if value]:
        several = "--all" if renders is None else "--renders"
        raise ValueRefused(f"{several} and {said[0]}: say of each render in a file: --renders FILE")
    if renders is None:
        return all_of(project, given.output, given.cast, given.model)
    model = given.model
    items = listed(renders)
    if model is not None:
        items = [replace(i, wanted=replace(i.wanted, model=i.wanted.model or model)) for i in items]
    return items, []


def all_of(
    project: Project, output: Path | None, cast: Sequence[str], model: str | None
) -> tuple[list[Item], list[tuple[str, str]]]:
    """A render for each film of a project: the one it had last, or a new one.

    Args:
        project: with a trained model.
        output: where new ones go; `FILM` in it becomes the film's id.
        cast: who becomes whom, of all films, or nothing.
        model: its name, or None.

    Returns:
        The renders, and films that are left out, each with the reason.

    Raises:
        ValueRefused: the output does not name the film.
        StoreError: there is no such model.
    """
    place = str(output or USUAL_OUTPUTS)
    if FILM not in place:
        raise ValueRefused(
            f"{place}: with --all each film has an output of its own; write {FILM} where its name "
            f"goes, as in -o {quoted(FILM + '_new.mp4')}"
        )
    trained = trained_persons(project, chosen_model(project, model))
    items, left = [], []
    for source in project.sources:
        if source.kind != "film":
            continue
        before = [render for render in project.renders if render.source == source.id]
        if before and output is None and not cast:
            items.append(Item(Wanted(name=before[-1].id, model=model)))
        elif cast or usual_casting(source, trained) is not None:
            into = Path(place.replace(FILM, source.id))
            items.append(Item(Wanted(into, source.id, tuple(cast), model)))
        else:
            shown = ", ".join(dict.fromkeys(source.persons.values())) or "nobody who has a name"
            left.append((source.id, f"shows {shown}; say who becomes whom: --cast"))
    if not items:
        raise ValueRefused(
            f"{project.folder}: no film of it shows just one of {', '.join(trained)}; say who "
            "becomes whom with --cast, or convert them one by one"
        )
    return items, left


def listed(path: Path) -> list[Item]:
    """The renders that a TOML file names.

    Raises:
        ValueRefused: it cannot be read, or says something unknown; names which render.
    """
    plain = read_tables(path)
    tables = plain.pop("render", None)
    if plain or not isinstance(tables, list) or not tables:
        found = ", ".join(plain) or "none"
        raise ValueRefused(f"{path}: expected tables [[render]] and nothing else, got {found:.100}")
    if len(tables) > _MOST:
        raise ValueRefused(f"{path}: names {len(tables)} renders; {_MOST} are taken at once")
    return [_item(path, number, table) for number, table in enumerate(tables, 1)]


def _item(path: Path, number: int, table: Any) -> Item:
    where = f"{path}: render {number}"
    if not isinstance(table, Mapping):
        raise ValueRefused(f"{where}: expected a table [[render]]")
    words = {name: table[name] for name in _WORDS if name in table}
    for name, value in words.items():
        texts = value if isinstance(value, list) else [value]
        if not isinstance(value, _WORDS[name]) or not all(isinstance(t, str) for t in texts):
            raise ValueRefused(f"{where}: {name}: expected {_WORDS[name].__name__} of text")
    if "output" not in words and "name" not in words:
        raise ValueRefused(f"{where}: say its output, or the name of a render that is known")
    rest = {name: value for name, value in table.items() if name not in _WORDS}
    try:
        config = checked_table(whole_tree(default_registry()), rest)
    except ValueRefused as error:
        raise ValueRefused(f"{where}: {error}") from None
    output = Path(words["output"]) if "output" in words else None
    wanted = Wanted(
        output,
        words.get("source"),
        tuple(words.get("cast", ())),
        words.get("model"),
        words.get("name"),
    )
    return Item(wanted, config, path.name)


def make_all(
    project: Project,
    items: Sequence[Item],
    left: Sequence[tuple[str, str]],
    said: Said,
    progress: Reporter,
) -> BatchReport:
    """Make renders one after the other.

    Everything is settled, and whatever can be refused is refused, before the first one begins.

    Args:
        project: where everything lies.
        items: what is to be made.
        left: films that are left out, with the reason.
        said: for all of them.
        progress: told what is done.

    Raises:
        ValueRefused: two of them would be one file.
        Cancelled: somebody asked to stop; what was made stays.
    """
    _refuse_twice(project, items)
    remembered = dict(project.settings.get(KEY, {}))
    made: list[Path] = []
    failed: list[tuple[str, str, int]] = []
    try:
        for name, render, options in _plans(project, items, said, progress, failed):
            progress.say(f"render {name}: {render.output}")
            try:
                report: RenderReport = make_render(
                    project, render, options, default_registry(), progress, anew=True
                )
            except Cancelled:
                raise
            except UnderstudyError as error:
                _failed(name, error, failed, progress)
                continue
            made.append(report.converted.output)
            progress.report("convert", report.converted, str(report.converted.output))
            if report.scores is not None:
                progress.report("evaluate", report.scores, "\n".join(report.scores.lines()))
    finally:
        project.remember(**{KEY: remembered})
    codes = {code for _, _, code in failed}
    exit_code = 0 if not codes else codes.pop() if len(codes) == 1 else 1
    reasons = tuple((name, why) for name, why, _ in failed)
    return BatchReport(tuple(made), reasons, tuple(left), exit_code)


def apart(project: Project, items: Sequence[Item], said: Said, spec: JobSpec) -> list[JobSpec]:
    """A job for each render, with all its settings: none goes by what another was made with.

    Args:
        project: where everything lies.
        items: what is to be made.
        said: for all of them.
        spec: the job that names them all.

    Raises:
        ValueRefused: a setting is unknown or not allowed, or two of them would be one file.
    """
    _refuse_twice(project, items)
    tree, jobs = whole_tree(default_registry()), []
    for item in items:
        w, own = item.wanted, item.said(said)
        earlier, into = render_options(project, w.name), output_of(project, w)
        options = own.settled(ConvertOptions, project, Silent(), earlier, into)
        config = tree.flat(lasting(ConvertOptions, to_mapping(options), "convert"))
        name = item.config_name or said.config_name or "the project as it was"
        own = replace(own, config=config, config_name=name, defaults=True)
        one = JobSpec.of(
            spec.verb,
            wish=spec.device,
            project=spec.values["project"],
            output=w.output,
            source=w.source,
            cast=list(w.cast),
            model_name=w.model,
            render_name=w.name,
            swap=False,
            options=own,
        )
        jobs.append(replace(one, folder=spec.folder, resource=spec.resource))
    return jobs


def _plans(
    project: Project,
    items: Sequence[Item],
    said: Said,
    progress: Reporter,
    failed: list[tuple[str, str, int]],
) -> Iterator[tuple[str, Render, ConvertOptions]]:
    """Renders with their settings, all of them settled before the first is handed out."""
    found = []
    for item in items:
        name = str(item.wanted.output or item.wanted.name)
        try:
            earlier = render_options(project, item.wanted.name)
            into = output_of(project, item.wanted)
            options = item.said(said).settled(ConvertOptions, project, progress, earlier, into)
            found.append((name, planned(project, item.wanted, options), options))
        except UnderstudyError as error:
            _failed(name, error, failed, progress)
    yield from found


def _failed(
    name: str, error: UnderstudyError, failed: list[tuple[str, str, int]], progress: Reporter
) -> None:
    last = failure(error, "convert")
    failed.append((name, last.text, error.exit_code))
    progress.warn(f"{name}: {last.text}", code="render-failed", render=name, reason=last.code)


def _refuse_twice(project: Project, items: Sequence[Item]) -> None:
    seen: set[Path] = set()
    for item in items:
        output = output_of(project, item.wanted).absolute()
        if output in seen:
            raise ValueRefused(f"{output}: two renders would make it; give each its own")
        seen.add(output)
