"""Anybody's file: what it says of itself."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path, PurePath
from typing import Any

from fastapi import APIRouter, UploadFile

from understudy.provenance.verify import verify as read
from understudy.studio.state import Studio


def router(studio: Studio) -> APIRouter:
    """The one call."""
    calls = APIRouter(tags=["verify"])

    @calls.post("/verify", summary="Read the Content Credentials of a file that is sent")
    def verify(file: UploadFile) -> dict[str, Any]:
        # The reader looks into the file, not at its ending; the name is never used as a path.
        with tempfile.TemporaryDirectory(prefix="understudy-verify-") as folder:
            place = Path(folder) / f"file{_ending(file.filename or '')}"
            with place.open("wb") as out:
                shutil.copyfileobj(file.file, out)
            return read(place).to_plain()

    return calls


def _ending(name: str) -> str:
    ending = PurePath(name).suffix.lower()
    return ending if ending[1:].isalnum() and len(ending) <= 6 else ""
