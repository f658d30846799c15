"""`understudy studio`: the craft in a browser."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from understudy.cli.say import echo

_NEEDED = ("nicegui", "fastapi", "uvicorn")


def studio(
    folder: Annotated[
        Path,
        typer.Argument(metavar="[FOLDER]", help="Where your films and projects lie."),
    ] = Path(),
    allow: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="A further folder that may be touched; once for each. Nothing outside of these "
            "folders is ever opened.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. Any but this machine's own needs --certificate; through "
            "ssh none is needed: ssh -L 8765:127.0.0.1:8765 MACHINE."
        ),
    ] = "127.0.0.1",
    name: Annotated[
        list[str] | None,
        typer.Option(
            help="A name that browsers reach this machine by; once for each.", show_default=False
        ),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TLS certificate, PEM.", show_default=False)
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its private key, PEM.", show_default=False)
    ] = None,
    browser: Annotated[
        bool, typer.Option(help="Open the address in a browser, where there is one.")
    ] = True,
    headless: Annotated[
        bool, typer.Option("--headless", help="Serve the calls for programs alone, no pages.")
    ] = False,
) -> None:
    """Open the studio: projects, faces, jobs and verification, in any browser.

    It prints one address with a token; whoever has it may work in these folders. Work is put into
    the queue of `understudy jobs` and goes on when the studio ends.

    Example: understudy studio ~/films

    Example: understudy studio ~/films --no-browser --port 0
    """
    missing = [package for package in _NEEDED if importlib.util.find_spec(package) is None]
    if missing:
        from understudy.errors import PluginError

        raise PluginError(
            f"the studio needs {', '.join(missing)}; install it: pip install 'understudy[studio]'"
        )
    import os

    from understudy.studio.serve import Listening, serve

    listening = Listening(
        host, port, tuple(name or ()), certificate, key, os.environ.get("UNDERSTUDY_TOKEN", "")
    )

    def say(address: str) -> None:
        echo(f"the studio is open: {address}\nCtrl-C ends it; jobs go on by themselves")

    serve([folder, *(allow or [])], listening, say, open_browser=browser, pages=not headless)
