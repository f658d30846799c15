"""`understudy models`: the trained models of a project."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from understudy.cli.about import weights
from understudy.cli.say import echo
from understudy.cli.work import AsJson
from understudy.options import fields_of
from understudy.shell import quoted
from understudy.stages.train.options import TrainOptions

if TYPE_CHECKING:
    from understudy.runs.models import TrainedModel

_WEIGHTS: dict[str, Callable[..., None]] = {
    "list": weights.list_,
    "fetch": weights.fetch_,
    "verify": weights.verify_,
}
"""What these verbs were called under `models` before models were what people train."""


def _help(name: str) -> str:
    """What an option of training says of itself."""
    return next(one.help for one in fields_of(TrainOptions) if one.name == name)


class _ShownByItself(TyperGroup):
    """`understudy models PROJECT` is `understudy models show PROJECT`; old verbs are announced."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in _WEIGHTS:
            echo(
                f"understudy models {args[0]} is called understudy weights {args[0]} now", err=True
            )
        elif args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["show", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_ShownByItself,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="The trained models of a project: [bold]understudy models PROJECT[/].\n\n"
    "The files of learned numbers that plug-ins need are under [bold]understudy weights[/].",
)
for _name, _verb in _WEIGHTS.items():
    app.command(_name, hidden=True)(_verb)


@app.command("show")
def show(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="The project folder.")],
    as_json: AsJson = False,
) -> None:
    """Show each model: whom it knows, how far it is trained, its size on disk and where it lies.

    A model that is being trained meanwhile is shown as it was saved last.
    """
    from understudy.cli.report import write
    from understudy.plugin import default_registry
    from understudy.runs.models import knobs_of, trained_models
    from understudy.store.project import Project

    with Project.open(project, read_only=True) as opened:
        models = trained_models(opened)
    if as_json:
        write("models show", "models", {"models": models})
        return
    if not models:
        echo(f"{project}: holds no model; train one: understudy train {quoted(project)}")
        return
    _print(models)
    for plugin in dict.fromkeys(model.plugin for model in models if model.plugin):
        knobs = knobs_of(plugin, default_registry())
        if knobs:
            echo(f"\nchosen at a conversion of {plugin}, convert --knob:")
        for name, knob in knobs.items():
            echo(f"  {name}, {knob.range_words()}: {knob.help}")


Folder = Annotated[Path, typer.Argument(metavar="PROJECT", help="The project folder.")]
Name = Annotated[str | None, typer.Option("--model-name", help="Which model.")]


@app.command("sheet")
def sheet(project: Folder, model_name: Name = None) -> None:
    """Have a model that is being trained now draw its faces at once, not at its next save.

    Example: understudy models sheet project
    """
    from understudy.runs.models import ask_training

    folder = ask_training(project, model_name, {}, sheet=True)
    echo(f"asked for; it comes as {folder / 'preview.png'}")


@app.command("change")
def change(
    project: Folder,
    model_name: Name = None,
    learning_rate: Annotated[
        float | None, typer.Option(help=_help("learning_rate"), min=1e-7, max=0.1)
    ] = None,
    warp: Annotated[bool | None, typer.Option(help=_help("warp"))] = None,
    flip: Annotated[bool | None, typer.Option(help=_help("flip"))] = None,
    transform: Annotated[bool | None, typer.Option(help=_help("transform"))] = None,
    colour: Annotated[bool | None, typer.Option(help=_help("colour"))] = None,
    masked: Annotated[bool | None, typer.Option(help=_help("masked"))] = None,
) -> None:
    """Change how a model is trained while it is; what it said before holds again with its flags.

    It holds for later runs too, until training is begun with another value of that option.

    Example: understudy models change project --learning-rate 0.00005 --no-warp
    """
    from understudy.runs.models import ask_training

    said = {
        "learning_rate": learning_rate,
        "warp": warp,
        "flip": flip,
        "transform": transform,
        "colour": colour,
        "masked": masked,
    }
    ask_training(project, model_name, {k: v for k, v in said.items() if v is not None})
    echo("asked for; training says when it goes on so")


def _print(models: Sequence[TrainedModel]) -> None:
    from understudy.cli.rows import Cell, Styled, show
    from understudy.weights.fetch import size_words

    rows: list[list[Cell]] = [
        [
            model.name,
            ", ".join(model.persons) or "-",
            model.plugin or "-",
            str(model.step) if model.plugin else "-",
            ", ".join(f"{p} {loss:.4f}" for p, loss in model.losses.items()) or "-",
            f"{model.best.combined:.0f} at {model.best.step}" if model.best else "-",
            size_words(model.n_bytes),
            Styled(model.trouble, "bold red") if model.trouble else str(model.folder),
        ]
        for model in models
    ]
    heads = ["model", "persons", "plug-in", "step", "last loss", "best score", "size", "where"]
    show(heads, rows)
