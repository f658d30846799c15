"""The pages, as NiceGUI serves them: one shell, and the views that it shows by the address.

A view is an ES module in `static` that talks to `/api/v1` as any program does. So page and program
cannot do different things, nothing of a page lives in the server, and what two people see of one
project is what the store holds. NiceGUI brings Vue and Quasar from this machine, and the page.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from nicegui import ui
from nicegui.element import Element
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parents[1] / "static"
ADDRESSES = ("/", "/new", "/jobs", "/verify", "/welcome", "/p/{rest:path}")
"""Of pages; all others are not there, so that a mistyped call is no page."""


class Shell(Element, component="shell.js"):
    """What every page is: `static/shell.js` fills it."""


class _Static(StaticFiles):
    """Files that a browser asks for again when they have changed, as after an update."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["cache-control"] = "no-cache"
        return answer


def add_pages(app: FastAPI) -> None:
    """Put the pages into an application; once in a process."""
    app.mount("/static", _Static(directory=STATIC))
    for address in ADDRESSES:
        ui.page(address)(_page)
    ui.run_with(
        app,
        title="Understudy",
        favicon=STATIC / "understudy.svg",
        dark=None,
        tailwind=False,
        # Packed pages would pass by the gate, which puts the nonce on their scripts.
        gzip_middleware_factory=None,
        show_welcome_message=False,
    )


def _page() -> None:
    ui.add_head_html('<link rel="stylesheet" href="/static/style.css">')
    Shell()
