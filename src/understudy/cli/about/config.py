"""`understudy config`: which options there are, what they are set to, and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from understudy.cli.say import echo

if TYPE_CHECKING:
    from understudy.options.layers import Settled
    from understudy.options.tree import Tree

Verb = Literal["extract", "train", "convert", "mask"]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="See which options a verb would run with and where each value comes from, and write "
    "configuration files for --config.",
)


@app.command("show")
def show(
    project: Annotated[
        Path | None, typer.Argument(metavar="[PROJECT]", help="A project, for what it remembers.")
    ] = None,
    verb: Annotated[
        Verb | None, typer.Option(help="This verb's alone; without, those of all verbs.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="A TOML file, as verbs take it.")
    ] = None,
    model_name: Annotated[
        str | None,
        typer.Option(help="Which of the project's models; training goes on with its choices."),
    ] = None,
    toml: Annotated[
        bool, typer.Option("--toml", help="Print a file for --config that says the same.")
    ] = False,
) -> None:
    """Print the effective options, and who set each: the defaults, the project, or the file.

    Example: understudy config show out.understudy --verb train

    Example: understudy config show out.understudy --toml > as-before.toml
    """
    from understudy.options.toml_file import written
    from understudy.plugin import default_registry
    from understudy.runs.settings import Said, read_config, settled, whole_tree
    from understudy.store.project import Project

    tree, whole = _tree(verb), whole_tree(default_registry())
    for owner, reason in tree.broken.items():
        echo(f"left out: {owner}: {reason}", err=True)
    values, name = read_config(config)
    said = Said(config=values, config_name=name)
    if project is None:
        found = settled("train", said, None, whole)
    else:
        from understudy.runs.models import trained_options

        with Project.open(project, read_only=True) as store:
            found = settled("train", said, store, whole, trained_options(store, model_name))
    if toml:
        values = {p: found.values.get(p, leaf.field.default) for p, leaf in tree.leaves.items()}
        echo(written(tree, values), nl=False)
        return
    _print(tree, found)


@app.command("template")
def template(
    verb: Annotated[Verb, typer.Argument(help="The verb whose options are written.")],
) -> None:
    """Print a TOML file with every option of a verb, explained, for --config.

    All options are comments, so that the file changes nothing until you take a # away.

    Example: understudy config template train > train.toml
    """
    from understudy.options.toml_file import template as make

    echo(make(_tree(verb)), nl=False)


def _tree(verb: Verb | None) -> Tree:
    from understudy.options.tree import Tree
    from understudy.plugin import default_registry
    from understudy.runs.settings import STAGES

    name = "masks" if verb == "mask" else verb
    stages = {k: v for k, v in STAGES.items() if name is None or k == name}
    return Tree(stages, default_registry())


def _print(tree: Tree, found: Settled) -> None:
    from rich.table import Table

    from understudy.api.bars.console import console
    from understudy.options.told import word

    table = Table("option", "value", "from", box=None, pad_edge=False)
    for path, leaf in tree.leaves.items():
        origin = found.origins.get(path, "")
        value = word(found.values.get(path, leaf.field.default))
        unit = f" {leaf.field.unit}" if leaf.field.unit and value != "none" else ""
        table.add_row(path, f"{value}{unit}", origin or "default", style=None if origin else "dim")
    console(markup=False).print(table)
