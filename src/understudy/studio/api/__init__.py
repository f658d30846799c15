"""`/api/v1`: what the pages do, for programs."""

from __future__ import annotations

from fastapi import APIRouter

from understudy.studio.api import jobs, pictures, projects, verify
from understudy.studio.state import Studio

PREFIX = "/api/v1"


def router(studio: Studio) -> APIRouter:
    """All calls."""
    whole = APIRouter(prefix=PREFIX)
    for part in (projects, pictures, jobs, verify):
        whole.include_router(part.router(studio))
    return whole
