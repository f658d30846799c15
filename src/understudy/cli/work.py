"""Verbs that work: their flags become a `JobSpec`, which is carried out here or put in the queue.

A function under `@verb()` says what is to be done and returns it as data; `runs.verbs` has the
function that does it. Each such verb takes `--json`, and where the work is long `--queue`.
"""

from __future__ import annotations

import functools
import inspect
import sys
import typing
from collections.abc import Callable
from contextlib import nullcontext, redirect_stdout
from typing import Annotated, Any

import typer

from understudy.cli import loud
from understudy.cli.say import echo
from understudy.runs.spec import JobSpec

JSON = "--json"
AsJson = Annotated[
    bool,
    typer.Option(
        JSON,
        help="Write events as lines of JSON for programs, the last one a result or an error.",
        rich_help_panel="How it is done",
    ),
]
Queued = Annotated[
    bool,
    typer.Option(
        "--queue",
        help="Only add it to the queue; `understudy jobs run` carries it out.",
        rich_help_panel="How it is done",
    ),
]


def verb(*, queue: bool = True) -> Callable[[Callable[..., JobSpec]], Callable[..., None]]:
    """Make a command of a function that returns what is to be done.

    Args:
        queue: whether it may be put into the queue.
    """

    def decorated(function: Callable[..., JobSpec]) -> Callable[..., None]:
        hints = typing.get_type_hints(function, include_extras=True)
        signature = inspect.signature(function)

        @functools.wraps(function)
        def command(**values: Any) -> None:
            as_json, later = values.pop("as_json"), values.pop("queued", False)
            # Questions and remarks before the work must not come between the lines either.
            with redirect_stdout(sys.stderr) if as_json else nullcontext():
                spec = function(**values)
            if later:
                add(spec, as_json)
            else:
                carry_out(spec, as_json)

        known = [
            p.replace(annotation=hints.get(n, p.annotation), kind=inspect.Parameter.KEYWORD_ONLY)
            for n, p in signature.parameters.items()
        ]
        known.append(_flag("as_json", AsJson))
        if queue:
            known.append(_flag("queued", Queued))
        command.__signature__ = signature.replace(parameters=known)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in known}
        return command

    return decorated


def carry_out(spec: JobSpec, as_json: bool) -> None:
    """Do it here and now, drawn in the terminal or as lines of JSON.

    Raises:
        UnderstudyError: what the work raises.
        typer.Exit: with the work's exit code where that is not 0.
    """
    from understudy.cli.show import Terminal
    from understudy.flow import JsonLines, Reporter, Throttled
    from understudy.flow.signals import stoppable
    from understudy.flow.sinks import Quiet
    from understudy.runs.perform import perform

    if as_json:
        each = Throttled(JsonLines(sys.stdout))
        lines = Reporter(Quiet(each) if loud.is_quiet() else each)
        # Whatever a library prints must not come between the lines.
        with redirect_stdout(sys.stderr), stoppable(lines, _to_stderr):
            exit_code = perform(spec, lines)
    else:
        terminal = Terminal()
        with stoppable(terminal, terminal.drawn.console.print):
            exit_code = perform(spec, terminal)
    if exit_code:
        raise typer.Exit(exit_code)


def add(spec: JobSpec, as_json: bool) -> None:
    """Put it into the queue, and say how it goes on."""
    from understudy.events import Event
    from understudy.runs.perform import check
    from understudy.runs.queue.store import Queue
    from understudy.runs.verbs.project import several, undeclared

    check(spec)
    specs = several(spec)
    if words := undeclared(spec):
        echo(f"it will fail as it stands: {words}", err=True)
    with Queue() as queue:
        numbers = [queue.add(one) for one in specs]
    if as_json:
        for number in numbers:
            data: dict[str, Any] = {"verb": spec.verb, "exit_code": 0, "job": number}
            sys.stdout.write(Event("result", code="queued", data=data).to_json() + "\n")
    else:
        wait = "job {} waits" if len(numbers) == 1 else "jobs {} wait"
        which = ", ".join(map(str, numbers))
        echo(f"{wait.format(which)}; to carry out the queue: understudy jobs run --detach")


def _flag(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation
    )


def _to_stderr(words: str) -> None:
    echo(words, err=True)
