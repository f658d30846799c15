"""What every verb has: -q and -v, and help whose paragraphs fill the terminal's width.

Typer makes a command's class of its own where none is named; `loud` exchanges it, so that a verb
that is added tomorrow takes them as well.
"""

from __future__ import annotations

import inspect
import platform
import time
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from understudy.errors import ValueRefused
from understudy.files import refuse_long_path

QUIET, VERBOSE = "quiet", "verbose"
HELP = {
    QUIET: "Say only what was asked for, warnings and errors: no bars, no remarks.",
    VERBOSE: "Say more: the time of each line, codes of warnings, pictures that are written, what "
    "it took; of errors where in the program they arose.",
}
_said: set[str] = set()
_begun_s = time.monotonic()


def is_quiet() -> bool:
    """Whether -q was said."""
    return QUIET in _said


def is_verbose() -> bool:
    """Whether -v was said."""
    return VERBOSE in _said


def begin() -> None:
    """Nothing was said yet; a command begins."""
    global _begun_s
    _said.clear()
    _begun_s = time.monotonic()


class LoudCommand(TyperCommand):
    """A verb that takes -q and -v."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, these two before the help's."""
        *mine, last = super().get_params(ctx)
        ours = [] if any(p.name in HELP for p in mine) else _flags()
        return [*mine, *ours, last] if last.name == "help" else [*mine, last, *ours]

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; names that no file can have are refused before it looks one up."""
        for value in ctx.params.values():
            for each in value if isinstance(value, list | tuple) else (value,):
                if isinstance(each, Path):
                    refuse_long_path(each)
        return super().invoke(ctx)


def loud(app: typer.Typer) -> None:
    """Have every verb of an app and of those in it take -q and -v, and reflow its help."""
    for command in app.registered_commands:
        if command.cls is TyperCommand:
            command.cls = LoudCommand
        command.help = flowing(command.help or inspect.getdoc(command.callback) or "")
    for group in app.registered_groups:
        if group.typer_instance is not None:
            loud(group.typer_instance)


def flowing(text: str) -> str:
    """A text whose paragraphs are one line each: Typer would keep the breaks of the source."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def ended() -> str:
    """What -v says at the end: of what, and what it took."""
    from understudy.flow.progress import clock
    from understudy.version import VERSION

    took = clock(time.monotonic() - _begun_s)
    return (
        f"understudy {VERSION}, Python {platform.python_version()} on {platform.platform()}: took "
        f"{took}{_memory()}"
    )


def _memory() -> str:
    try:
        import resource
    except ImportError:  # Windows
        return ""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if platform.system() == "Darwin" else 1024
    return f", at most {most * unit / 2**20:.0f} MiB of memory"


@cache
def _flags() -> list[Any]:
    from understudy.cli.flags.plugins import built

    flags = {
        name: Annotated[
            bool,
            typer.Option(
                f"--{name}",
                f"-{name[0]}",
                help=HELP[name],
                expose_value=False,
                callback=_keep(name),
            ),
        ]
        for name in HELP
    }
    return built(flags, False)


def _keep(name: str) -> Any:
    def keep(asked: bool) -> None:
        if asked:
            _said.add(name)
        if len(_said) == len(HELP):
            raise ValueRefused("-q asks for less and -v for more; say one of them")

    return keep
