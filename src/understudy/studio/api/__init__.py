"""`/api/v1`: what the pages do, for programs."""

from __future__ import annotations

from fastapi import APIRouter

from understudy.studio.api import (
    consent,
    files,
    jobs,
    models,
    pictures,
    projects,
    renders,
    verify,
)
from understudy.studio.api.editing import cast, faces, frames
from understudy.studio.state import Studio

PREFIX = "/api/v1"


def router(studio: Studio) -> APIRouter:
    """All calls."""
    whole = APIRouter(prefix=PREFIX)
    parts = files, projects, consent, cast, faces, pictures, frames, models, renders, jobs, verify
    for part in parts:
        whole.include_router(part.router(studio))
    return whole
