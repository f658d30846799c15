"""The studio as one ASGI application: calls, and around them the gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp

from understudy.errors import (
    ConsentMissing,
    DiskFull,
    FileAway,
    InUse,
    UnderstudyError,
    ValueRefused,
)
from understudy.events import error_code
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


def build(
    roots: Sequence[Path], *, token: str, names: Sequence[str], secure: bool = False
) -> ASGIApp:
    """The whole application.

    Args:
        roots: folders that may be touched.
        token: the secret of the printed address.
        names: what `Host` may say, see `gate.local_names`.
        secure: whether it is reached by TLS.

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
    return cast(ASGIApp, Gate(app, token=token, names=names, secure=secure))


def _told(_: Request, error: Exception) -> JSONResponse:
    """What went wrong, as the command line says it."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 400)
    return JSONResponse({"code": error_code(error), "message": str(error)}, status)
