"""The allowed folders: looking into them, and sending a film there."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from understudy.errors import DiskFull, StoreError, ValueRefused
from understudy.files import is_project, make_folder, refuse_odd_name
from understudy.media.stills import SUFFIXES
from understudy.store.atomic import commit_path
from understudy.studio.disk import free_bytes
from understudy.studio.state import Studio

FILMS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mxf", ".mpg", ".mpeg", ".ts", ".gif")
"""Endings that are listed and taken as films; whether one can be read is seen when it is added."""
SPARE_BYTES = 1 << 30
"""So much of a disk is never filled by what is sent: work that goes on needs it."""
_MOST_ENTRIES = 5000
_LOOK_EVERY = 64 << 20

Kind = Literal["folder", "project", "film", "picture"]


@dataclass(frozen=True)
class Entry:
    """Something in a folder: its name, its path as other calls take it, and its size in bytes."""

    name: str
    path: str
    kind: Kind
    n_bytes: int = 0


@dataclass(frozen=True)
class Folder:
    """What lies in a folder.

    Attributes:
        path: of it; "" for the list of allowed folders.
        above: path of the folder above, or None at an allowed one.
        entries: folders, films and pictures; nothing else is listed.
        free: bytes that may be sent here.
    """

    path: str
    above: str | None
    entries: list[Entry]
    free: int


def router(studio: Studio) -> APIRouter:
    """Calls on files."""
    calls = APIRouter(tags=["files"])

    @calls.get("/files", summary="Folders, films and pictures in an allowed folder")
    def look(path: str = ".") -> Folder:
        folder = studio.places.path(path)
        if not folder.is_dir():
            raise ValueRefused(f"{path}: there is no such folder")
        return Folder(
            str(folder),
            None if folder in studio.places.roots else str(folder.parent),
            _entries(studio, folder),
            max(0, free_bytes(folder) - SPARE_BYTES),
        )

    @calls.put("/files", status_code=201, summary="Send a film; its bytes are the request's body")
    async def send(
        request: Request,
        name: Annotated[str, Query(description="of the film, without a folder")],
        folder: Annotated[str, Query(description="to put it in; made where it is missing")] = ".",
    ) -> Entry:
        place = _target(studio, folder, name)
        declared = request.headers.get("content-length", "")
        if not declared.isdecimal():
            raise ValueRefused("content-length: say how many bytes will be sent")
        _refuse_full(place.parent, int(declared))
        n_bytes, looked = 0, 0
        with commit_path(place) as part, part.open("wb") as out:
            async for data in request.stream():
                n_bytes += len(data)
                await asyncio.to_thread(out.write, data)
                if n_bytes - looked > _LOOK_EVERY:
                    looked = n_bytes
                    _refuse_full(place.parent, int(declared) - n_bytes)
            if n_bytes != int(declared):
                raise StoreError(f"{name}: {n_bytes} of {declared} bytes came; send it again")
            if place.exists():  # while this one was on its way
                raise ValueRefused(f"{name}: is there already; nothing was replaced")
        return Entry(place.name, str(place), _kind(place) or "film", n_bytes)

    return calls


def _entries(studio: Studio, folder: Path) -> list[Entry]:
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = Path(entry.path)
                if entry.name.startswith(".") or not studio.places.holds(path):
                    continue
                kind = _kind(path)
                if kind is not None:
                    size = 0 if kind in ("folder", "project") else entry.stat().st_size
                    found.append(Entry(entry.name, str(path), kind, size))
                if len(found) >= _MOST_ENTRIES:
                    break
    except OSError as error:
        raise StoreError(f"{folder}: cannot be read ({error.strerror})") from error
    return sorted(found, key=lambda e: (e.kind not in ("folder", "project"), e.name.lower()))


def _kind(path: Path) -> Kind | None:
    if path.is_dir():
        return "project" if is_project(path) else "folder"
    ending = path.suffix.lower()
    if not path.is_file():
        return None
    return "film" if ending in FILMS else "picture" if ending in SUFFIXES else None


def _target(studio: Studio, folder: str, name: str) -> Path:
    """Where what is sent goes; its name is never taken as a path.

    Raises:
        ValueRefused: it is no plain name, no film, or there already.
    """
    plain = name.strip()
    if not plain or plain != Path(plain).name or plain.startswith(".") or "\\" in plain:
        raise ValueRefused(f"name: expected the name of a file, got {name!r:.100}")
    if any(ord(letter) < 32 for letter in plain):
        raise ValueRefused("name: holds signs that cannot be seen")
    ending = Path(plain).suffix.lower()
    if ending not in (*FILMS, *SUFFIXES):
        raise ValueRefused(
            f"{plain}: is no film by its name; expected one that ends in {', '.join(FILMS)}, "
            "or a picture"
        )
    there = studio.places.path(folder)
    if is_project(there) or any(is_project(above) for above in there.parents):
        raise ValueRefused(f"{folder}: is a project's; put films beside it, not into it")
    place = there / plain
    refuse_odd_name(place)
    if place.exists() or place.is_symlink():
        raise ValueRefused(f"{plain}: is there already; rename one of the two")
    make_folder(there)
    return place


def _refuse_full(folder: Path, wanted: int) -> None:
    free = free_bytes(folder) - SPARE_BYTES
    if wanted > free:
        raise DiskFull(
            f"{folder}: {wanted / 2**30:.1f} GiB are to come and {max(0, free) / 2**30:.1f} GiB "
            "may be written there; make room, or choose another folder"
        )
