"""All verbs in one place."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from understudy.cli import jobs, studio
from understudy.cli.about import completion, config, doctor, plugins, verify, weights
from understudy.cli.consent import declaring, forget
from understudy.cli.flags.plugins import OptionsCommand
from understudy.cli.loud import loud
from understudy.cli.verbs import (
    alignments,
    cast,
    demo,
    interchange,
    mask,
    models,
    parts,
    preview,
    score,
    swap,
)
from understudy.version import VERSION


class Interrupted(Exception):
    """Ctrl-C a second time, or at a question: the command ends here and now."""


class _PlainWords(TyperGroup):
    """Says what was typed and what is wanted, where Typer hands on a library's wording."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; what is wrong with its words is told in ours."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, typer.Abort) as stop:
            raise Interrupted from stop  # else Typer leaves without a word, or with one of its own
        except Exception as error:
            message = getattr(error, "message", None)
            if isinstance(message, str) and hasattr(error, "format_message"):
                error.message = _reworded(message, error.__cause__)  # type: ignore[attr-defined]
            raise


def _reworded(message: str, cause: BaseException | None) -> str:
    told: list[dict[str, Any]] = getattr(cause, "errors", list)()
    wanted = {"int_parsing": "a whole number", "float_parsing": "a number"}
    if len(told) == 1 and told[0]["type"] in wanted:
        return f"expected {wanted[told[0]['type']]}, got {told[0]['input']!r}"
    return message.removeprefix("Value error, ")


app = typer.Typer(
    name="understudy",
    cls=_PlainWords,
    no_args_is_help=True,
    # --install-completion of Typer's writes into the shell's own settings; `understudy completion`
    # prints the script, and whoever runs it says where it goes.
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda word: word.replace("_", "-"),
    },
    help="Replace a face in film and video with another person's who agreed to it, and say so in "
    "the file.\n\nStart with [bold]understudy swap A.mp4 B.mp4 -o out.mp4[/]: A is the footage, "
    "B shows the person whose face goes in.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"understudy {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


_MAIN, _PARTS, _ABOUT = "The whole job", "Its parts", "Trust and trouble"
app.command("swap", cls=OptionsCommand, rich_help_panel=_MAIN)(swap.swap)
app.command("demo", rich_help_panel=_MAIN)(demo.demo)
app.command("studio", rich_help_panel=_MAIN)(studio.studio)
app.command("add", rich_help_panel=_PARTS)(parts.add)
app.command("remove", rich_help_panel=_PARTS)(parts.remove)
app.command("extract", cls=OptionsCommand, rich_help_panel=_PARTS)(parts.extract)
app.add_typer(cast.app, name="cast", rich_help_panel=_PARTS)
app.add_typer(alignments.app, name="alignments", rich_help_panel=_PARTS)
app.command("mask", cls=OptionsCommand, rich_help_panel=_PARTS)(mask.mask)
app.command("train", cls=OptionsCommand, rich_help_panel=_PARTS)(parts.train)
app.add_typer(models.app, name="models", rich_help_panel=_PARTS)
app.command("preview", cls=OptionsCommand, rich_help_panel=_PARTS)(preview.preview)
app.command("convert", cls=OptionsCommand, rich_help_panel=_PARTS)(parts.convert)
app.command("score", cls=OptionsCommand, rich_help_panel=_PARTS)(score.score)
app.command("import", rich_help_panel=_PARTS)(interchange.import_)
app.command("export", rich_help_panel=_PARTS)(interchange.export)
app.add_typer(config.app, name="config", rich_help_panel=_ABOUT)
app.add_typer(jobs.app, name="jobs", rich_help_panel=_MAIN)
app.command("consent", rich_help_panel=_ABOUT)(declaring.consent)
app.command("forget", rich_help_panel=_ABOUT)(forget.forget)
app.command("verify", rich_help_panel=_ABOUT)(verify.verify)
app.command("plugins", rich_help_panel=_ABOUT)(plugins.plugins)
app.add_typer(weights.app, name="weights", rich_help_panel=_ABOUT)
app.command("doctor", rich_help_panel=_ABOUT)(doctor.doctor)
app.command("completion", rich_help_panel=_ABOUT)(completion.completion)
loud(app)


def app_for(words: Sequence[str]) -> typer.Typer:
    """The app with nothing but the verb that these words begin with, or whole.

    Typer makes the flags of every verb before it looks which one was asked for: a sixth of what a
    short command takes.
    """
    commands = [c for c in app.registered_commands if c.name == words[0]] if words else []
    groups = [g for g in app.registered_groups if g.name == words[0]] if words else []
    if not commands and not groups:
        return app
    one = copy.copy(app)
    one.registered_commands, one.registered_groups = commands, groups
    return one
