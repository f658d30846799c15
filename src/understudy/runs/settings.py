"""Which options a run has: what is said now, over what the project remembers, over the defaults.

Light to import: the command line makes flags and a configuration file's meaning out of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from understudy.errors import Cancelled, UnderstudyError, ValueRefused
from understudy.options import branches_of, fields_of, to_mapping
from understudy.options.layers import Layer, Settled, settle
from understudy.options.told import told
from understudy.options.toml_file import read_toml
from understudy.options.tree import Records, Tree
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.evaluate.options import ScoreOptions
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.faces.options import MasksOptions
from understudy.stages.train.options import TrainOptions

if TYPE_CHECKING:
    from understudy.flow import Progress
    from understudy.store.project import Project

STAGES: Mapping[str, type] = {
    "extract": ExtractOptions,
    "train": TrainOptions,
    "convert": ConvertOptions,
    "masks": MasksOptions,
    "evaluate": ScoreOptions,
}
"""The stages whose options a configuration file and a project hold, by their tables' names."""

T = TypeVar("T")
PROJECT, FLAGS = "the project", "the command line"
OUTPUT = "the output's name"
WRITER = "convert.writer"
KEY = "options"


def stage_of(cls: type) -> str:
    """The name of the stage that has these options."""
    return next(name for name, known in STAGES.items() if known is cls)


def whole_tree(registry: Records) -> Tree:
    """All options of all stages and their plug-ins."""
    return Tree(STAGES, registry)


def options_for(tree: Tree, stage: str) -> list[str]:
    """Paths of all that may be said for a stage: its own options, and those of its plug-ins."""
    owners = (stage, *(branch.kind for branch in branches_of(tree.stages[stage])))
    return [path for path in tree.leaves if path.partition(".")[0] in owners]


@dataclass(frozen=True, slots=True)
class Said:
    """What is said for one run.

    Attributes:
        flags: checked values by path.
        short: values of short flags of plug-ins' options by the option's name.
        config: checked values by path of a configuration file, read when it was said, so that
            work that waits is not changed by a later edit.
        config_name: what that file is called, for people.
        defaults: whether what the project remembers is left aside.
    """

    flags: Mapping[str, Any] = field(default_factory=dict)
    short: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    config_name: str = ""
    defaults: bool = False

    def __post_init__(self) -> None:
        """Lists, as JSON has them, become the tuples that options are."""
        for name in ("flags", "short", "config"):
            found = getattr(self, name).items()
            plain = {k: tuple(v) if isinstance(v, list) else v for k, v in found}
            object.__setattr__(self, name, plain)

    def device(self, stage: str) -> str:
        """Where the stage is wished to run, as far as the command line says it."""
        return str(self.flags.get(f"{stage}.device", "auto"))

    def settled(
        self,
        cls: type[T],
        project: Project | None,
        progress: Progress,
        earlier: Mapping[str, Any] | None = None,
        output: Path | None = None,
    ) -> T:
        """The options for this run; tells what was not said but remembered, and what changed.

        Args:
            cls: the stage's options dataclass.
            project: remembers each stage's last choices.
            progress: told.
            earlier: options that the very model or render was made with, plain data as
                `to_mapping` gives; they go before the project's last ones.
            output: what a conversion is to make, see `settled`.

        Raises:
            ValueRefused: something is unknown or not allowed.
        """
        from understudy.plugin import default_registry

        tree, stage = whole_tree(default_registry()), stage_of(cls)
        found = settled(stage, self, project, tree, earlier, output)
        options: T = found.of(tree, stage)
        for line in told(
            stage, found, tree, PROJECT, {OUTPUT: "which makes no output of this name"}
        ):
            progress.say(line)
        return options


def settled(
    stage: str,
    said: Said,
    project: Project | None,
    tree: Tree,
    earlier: Mapping[str, Any] | None = None,
    output: Path | None = None,
) -> Settled:
    """The values of one stage, and where each comes from.

    Args:
        stage: its name.
        said: now.
        project: remembers each stage's last choices, or None.
        tree: all options.
        earlier: options of the stage that the very model or render was made with, plain data.
        output: what a conversion is to make; a writer that is remembered and cannot make it gives
            way to that of its name, since only the name was said now.

    Raises:
        ValueRefused: something said is unknown, or not allowed.
    """
    layers = []
    if project is not None and not said.defaults:
        kept = remembered(project.settings, tree)
        if earlier:
            kept = {p: v for p, v in kept.items() if not p.startswith(f"{stage}.")}
            table = {KEY: lasting(tree.stages[stage], earlier, stage)}
            kept |= remembered(table, tree)
        layers.append(Layer(PROJECT, kept))
        if output is not None:
            from understudy.stages.convert.output import makes

            if not makes(kept.get(WRITER, "auto"), output):
                layers.append(Layer(OUTPUT, {WRITER: "auto"}))
    if said.config_name:
        layers.append(Layer(said.config_name, said.config))
    own = {name for branch in branches_of(tree.stages[stage]) for name in branch.short}
    short = {k: v for k, v in said.short.items() if k in own}
    layers.append(Layer(FLAGS, said.flags, short))
    found = settle(tree, [stage], layers)
    if output is not None and _may_be_made(output):
        writing = {n for b in branches_of(tree.stages[stage]) if b.kind == "write" for n in b.short}
        mine = {name: value for name, value in short.items() if name in writing}
        _refuse_unused(said.flags, mine, tree, found, output)
    return found


def _may_be_made(output: Path) -> bool:
    """Whether nothing worse is to be said of an output than that its writer lacks an option.

    A folder that is there may be a source, and no output can have a long or a broken name.
    """
    from understudy.stages.release.place import check_name

    try:
        check_name(output.name)
        return not output.is_dir()
    except (ValueRefused, UnicodeError, OSError):
        return False


def _refuse_unused(
    flags: Mapping[str, Any],
    short: Mapping[str, Any],
    tree: Tree,
    found: Settled,
    output: Path,
) -> None:
    """Refuse what is said now of writers that do not make this output: it would do nothing."""
    from understudy.stages.convert.output import usual_writers

    named = found.values.get(WRITER, "auto")
    writers = usual_writers(output) if named == "auto" else [named]
    if not writers:
        return  # no writer makes such an output, which the stage says
    takes = {
        path for path in tree.leaves if path.split(".")[:-1] in [["write", w] for w in writers]
    }
    names = {path.rpartition(".")[2] for path in takes}
    for name in [path for path in flags if path.startswith("write.")] + list(short):
        if name not in takes | names:
            option = name.rpartition(".")[2]
            has = [w for w in tree.plugins["write"] if f"write.{w}.{option}" in tree.leaves]
            raise ValueRefused(
                f"{option}: {output.name} is made by the writer {writers[0]}, for which this does "
                f"nothing; leave it out, or take --writer {' or '.join(has)}, and an -o of its kind"
            )


def read_config(path: Path | None) -> tuple[dict[str, Any], str]:
    """What a configuration file says, by path, and what it is called; nothing without one.

    Raises:
        ValueRefused: it cannot be read, or says something unknown or not allowed.
    """
    if path is None:
        return {}, ""
    from understudy.plugin import default_registry

    return read_toml(path, whole_tree(default_registry())), path.name


def remembered(settings: Mapping[str, Any], tree: Tree) -> dict[str, Any]:
    """What a project remembers, by path; what has no meaning any more is left out.

    A plug-in may have been uninstalled since, or an option renamed; neither may stop the work. What
    holds for one run or machine is not a project's to say: it may come from a stranger, who would
    have an output replaced, a training begun anew, or weights trusted unseen.
    """
    found = {}
    table = settings.get(KEY, {})
    for path, value in tree.flat(table if isinstance(table, Mapping) else {}).items():
        if path in tree.leaves and tree.leaves[path].field.scope != "project":
            continue
        try:
            found[path] = tree.checked(path, value)
        except ValueRefused:
            continue
    return found


@contextmanager
def remembering(project: Project, stage: str, options: Any) -> Iterator[None]:
    """Keep a stage's choices in the project, unless the stage refuses them.

    They are kept from the start, so that also a run that is killed is gone on with as it was.
    """
    before = dict(project.settings.get(KEY, {}))
    now = lasting(type(options), to_mapping(options), stage)
    for kind in now.keys() - {stage}:
        now[kind] = {**before.get(kind, {}), **now[kind]}
    now = before | now
    if now != before:
        project.remember(**{KEY: now})
    try:
        yield
    except Cancelled:
        raise
    except UnderstudyError:
        if now != before:
            project.remember(**{KEY: before})
        raise


def lasting(cls: type, plain: Mapping[str, Any], stage: str) -> dict[str, Any]:
    """A stage's options as the tree has them, without those of one run or one machine."""
    own = {f.name for f in fields_of(cls) if f.scope == "project"}
    table: dict[str, Any] = {stage: {k: v for k, v in plain.items() if k in own}}
    return table | {b.kind: plain.get(b.kind, {}) for b in branches_of(cls)}
