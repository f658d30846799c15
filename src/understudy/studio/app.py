"""The studio as one ASGI application: calls, and around them the gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from understudy.errors import (
    ConsentMissing,
    DiskFull,
    FileAway,
    InUse,
    UnderstudyError,
    ValueRefused,
)
from understudy.events import error_code, failure
from understudy.studio.api import PREFIX, router
from understudy.studio.gate import Gate
from understudy.studio.state import Studio
from understudy.version import VERSION

_STATUS: tuple[tuple[type[UnderstudyError], int], ...] = (
    (FileAway, 404),
    (InUse, 409),
    (ConsentMissing, 403),
    (DiskFull, 507),
    (ValueRefused, 422),
)

_MOST_WRONG = 8


def build(
    roots: Sequence[Path],
    *,
    token: str,
    names: Sequence[str],
    secure: bool = False,
    pages: bool = False,
) -> ASGIApp:
    """The whole application.

    Args:
        roots: folders that may be touched.
        token: the secret of the printed address.
        names: what `Host` may say, see `gate.local_names`.
        secure: whether it is reached by TLS.
        pages: with the pages; of one application in a process, since NiceGUI has one for all.

    Raises:
        ValueRefused: a root is no folder.
    """
    studio = Studio(roots)
    app = FastAPI(
        title="Understudy studio",
        version=VERSION,
        description="The calls behind the studio's pages. Send the token of the printed address "
        "as `Authorization: Bearer TOKEN`.",
        openapi_url=f"{PREFIX}/openapi.json",
        # The pages that show it fetch their scripts from the network.
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(router(studio))
    app.add_exception_handler(UnderstudyError, _told)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _of_the_call)
    app.add_exception_handler(OSError, _of_the_disk)
    if pages:
        from understudy.studio.pages import add_pages

        add_pages(app)
    return cast(ASGIApp, Gate(app, token=token, names=names, secure=secure))


def _told(_: Request, error: Exception) -> JSONResponse:
    """What went wrong, as the command line says it."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 400)
    return JSONResponse({"code": error_code(error), "message": str(error)}, status)


def _unfit(_: Request, error: Exception) -> JSONResponse:
    """What is wrong with a call's values, without these: they may be what no JSON can say."""
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    said = []
    for each in wrong[:_MOST_WRONG]:
        place = ".".join(str(part) for part in each["loc"])
        said.append(f"{place:.80}: {str(each['msg']).lower():.160}")
    return JSONResponse({"code": "value-refused", "message": "; ".join(said)}, 422)


def _of_the_call(_: Request, error: Exception) -> JSONResponse:
    """No such address, no such method, or a body that cannot be read."""
    status, words = getattr(error, "status_code", 400), getattr(error, "detail", "")
    code = error_code(FileAway()) if status == 404 else error_code(ValueRefused())
    headers = getattr(error, "headers", None)
    return JSONResponse({"code": code, "message": str(words)}, status, headers)


def _of_the_disk(_: Request, error: Exception) -> JSONResponse:
    """A disk or network drive that failed under a call, as the command line says it."""
    return JSONResponse({"code": error_code(error), "message": failure(error, "studio").text}, 500)
