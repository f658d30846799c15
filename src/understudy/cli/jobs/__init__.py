"""`understudy jobs`: work that is done one after another, while nobody watches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from understudy.cli.say import echo
from understudy.cli.work import AsJson
from understudy.words import counted

if TYPE_CHECKING:
    from understudy.runs.queue.job import State

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Queue work and let it run: one heavy job at a time on each device, each in a process of "
    "its own that outlives the terminal. After a crash or a power cut, the next [bold]jobs run[/] "
    "goes on where every job was.\n\n"
    "A night's work:\n\n"
    "[bold]understudy swap a.mp4 b.mp4 -o out.mp4 --minutes 240 --queue[/]\n\n"
    "[bold]understudy jobs add train other.understudy --minutes 120[/]\n\n"
    "[bold]understudy jobs run --detach[/]\n\n"
    "[bold]understudy jobs list[/], then [bold]understudy jobs log 1 --follow[/]",
)

Number = Annotated[int, typer.Argument(metavar="JOB", help="Its number, as `jobs list` has it.")]


@app.command("add", context_settings={"ignore_unknown_options": True, "help_option_names": []})
def add(
    words: Annotated[
        list[str], typer.Argument(metavar="VERB ...", help="What is to be done, as without jobs.")
    ],
) -> None:
    """Add a verb with its own arguments to the queue; the same as that verb with --queue.

    Example: understudy jobs add train film.understudy --minutes 60

    Example: understudy jobs add alignments redo clip.mp4
    """
    from understudy.cli.app import app as everything

    asked = words[0] in ("-h", "--help")
    _check_takes_time(everything, words)
    words = ["jobs", "--help"] if asked else [*words, "--queue"]
    everything(words, standalone_mode="--json" not in words)


def _check_takes_time(everything: typer.Typer, words: list[str]) -> None:
    """Refuse what is done at once, in words about it and not about a flag that nobody typed."""
    from understudy.errors import ValueRefused

    command: Any = typer.main.get_command(everything)
    named: list[str] = []
    for word in words:
        below = getattr(command, "commands", {}).get(word)
        if below is None:
            break
        command = below
        named.append(word)
    leaves = getattr(command, "commands", {"": command}).values()
    if named and not any(p.name == "queued" for leaf in leaves for p in leaf.params):
        raise ValueRefused(
            f"{' '.join(named)}: is done at once and needs no queue; type it without `jobs add`"
        )


@app.command("list")
def list_(
    state: Annotated[
        Literal["waiting", "running", "done", "failed", "cancelled"] | None,
        typer.Option(help="Only those in this state."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the jobs: what each is, where it stands, and how far it is.

    Example: understudy jobs list --state failed
    """
    from understudy.cli.jobs.table import print_jobs, write
    from understudy.runs.queue.store import Queue

    with Queue() as queue:
        queue.settle()
        jobs = queue.jobs(*([state] if state else []))
    if as_json:
        write("jobs list", jobs)
    else:
        print_jobs(jobs)


@app.command("show")
def show(job: Number, as_json: AsJson = False) -> None:
    """Everything about one job: its values, its times, why it failed.

    Example: understudy jobs show 3
    """
    from understudy.cli.jobs.table import print_job, write
    from understudy.runs.queue.store import Queue

    with Queue() as queue:
        queue.settle()
        found = queue.job(job)
    if as_json:
        write("jobs show", [found])
    else:
        print_job(found)


@app.command("log")
def log(
    job: Number,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on printing until the job is over.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What a job told: remarks, warnings, results, and the error that ended it.

    With --json every event it told, metrics and bars as well.

    Example: understudy jobs log 3 --follow
    """
    from understudy.cli.jobs.table import print_log
    from understudy.runs.queue.store import Queue

    with Queue() as queue:
        print_log(queue, job, follow, as_json)


@app.command("run")
def run(
    detach: Annotated[
        bool, typer.Option("--detach", help="Run behind; closing the terminal changes nothing.")
    ] = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="Wait for new jobs when all are over.")
    ] = False,
    most_deaths: Annotated[
        int,
        typer.Option(min=1, help="So often a job may be killed before it counts as failed."),
    ] = 3,
    as_json: AsJson = False,
) -> None:
    """Carry out what waits, in the order it was added; go on with what was interrupted.

    Ctrl-C asks the jobs to save and wait for the next run. One such run at a time; jobs may be
    added, cancelled and looked at while it lasts.

    Example: understudy jobs run --detach --stay
    """
    from understudy.cli.jobs import running

    if detach:
        running.begin_behind(stay, most_deaths)
    else:
        running.run_here(stay, most_deaths, as_json)


@app.command("work", hidden=True)
def work(folder: Path, job: int, device: str) -> None:
    """Carry out one job in this process; `jobs run` starts this."""
    import faulthandler

    from understudy.runs.queue.store import Queue
    from understudy.runs.queue.work import work as do

    faulthandler.enable()
    with Queue(folder) as queue:
        raise typer.Exit(do(job, device, queue))


@app.command("stop")
def stop() -> None:
    """Ask the run that works behind to stop: its jobs save, and wait for the next run.

    Example: understudy jobs stop
    """
    from understudy.cli.jobs import running

    echo(running.stop_behind())


@app.command("cancel")
def cancel(
    job: Number,
    grace: Annotated[
        float, typer.Option(min=0.0, help="Seconds to save in; then it is killed.")
    ] = 60.0,
) -> None:
    """Cancel a job: one that runs saves first, and can be gone on with by `jobs retry`.

    Example: understudy jobs cancel 3
    """
    from understudy.runs.queue.process import cancel as ask
    from understudy.runs.queue.store import Queue

    with Queue() as queue:
        found = ask(queue, job, grace)
    echo(f"job {job} is {found.state}: {found.message}")


@app.command("retry")
def retry(
    jobs: Annotated[list[int], typer.Argument(metavar="JOB...", help="Their numbers.")],
) -> None:
    """Let jobs that are over wait again; each goes on where it was.

    Example: understudy jobs retry 3 5
    """
    from understudy.runs.queue.store import Queue

    with Queue() as queue:
        for number in jobs:
            queue.retry(number)
            echo(f"job {number} waits again; to carry it out: understudy jobs run --detach")


@app.command("clear")
def clear(
    state: Annotated[
        Literal["done", "failed", "cancelled"] | None,
        typer.Option(help="Only those in this state; else all that are over."),
    ] = None,
) -> None:
    """Forget jobs that are over, and what they told; projects and films are not touched.

    Example: understudy jobs clear --state done
    """
    from understudy.runs.queue.store import Queue

    states: list[State] = [state] if state else []
    with Queue() as queue:
        echo(f"{counted(queue.clear(*states), 'job')} forgotten")
