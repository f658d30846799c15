"""The project folder: everything one swap knows and makes, in a place that can be inspected.

    project.json  consent.toml  audit.jsonl  report.md  contact_sheet.png  log.txt
    a/faces/  b/faces/  model/  work/

Nothing in it is hidden or binary without need; a folder that is not a project is never touched.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from understudy.errors import StoreError, ValueRefused
from understudy.store import codec
from understudy.store.alignments import alignments_path
from understudy.store.atomic import commit_bytes, explain, sweep_parts
from understudy.store.lock import FolderLock

Side = Literal["a", "b"]
FORMAT_VERSION = 1
_FILE = "project.json"
_MAX_BYTES = 16 << 20


class Project:
    """An open, locked project folder; a context manager. Made with `Project.open`."""

    def __init__(self, folder: Path, lock: FolderLock) -> None:
        self.folder = folder
        self._lock = lock
        self._plain = _read(folder / _FILE)

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> Project:
        """Open a project, or make one where nothing is.

        Args:
            path: the project folder.
            create: make it when it is absent or empty.

        Raises:
            StoreError: no project, a folder with other things in it, damaged, made by a newer
                Understudy, in use by another process, or not writable.
        """
        path = Path(path).absolute()
        if not (path / _FILE).is_file():
            _check_free(path, create)
        try:
            path.mkdir(exist_ok=True)
            lock = FolderLock(path)
        except OSError as error:
            raise explain(error, path) from error
        try:
            if not (path / _FILE).exists():
                _write(path / _FILE, _new())
            project = cls(path, lock)
            for folder in (project.faces("a"), project.faces("b"), project.model, project.work):
                _make(folder)
            for folder in (path, *(p for p in path.glob("*/**") if p.is_dir())):
                sweep_parts(folder)
        except BaseException:
            lock.release()
            raise
        return project

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another process have it."""
        self._lock.release()

    def set_source(self, side: Side, path: Path, fingerprint: str) -> None:
        """Remember which film or folder is which side; one that moved is found again.

        Raises:
            StoreError: the project has another film on that side.
        """
        have = self._plain["sources"].get(side)
        if have is not None and have["fingerprint"] != fingerprint:
            raise StoreError(
                f"{self.folder}: side {side.upper()} is {have['path']}, not {path} (or it changed "
                "since); use another --project folder, or give the same file"
            )
        absolute = Path(path).absolute()
        source = {
            "path": os.fspath(absolute),
            "relative": _relative(absolute, self.folder),
            "fingerprint": fingerprint,
        }
        if source != have:
            self._change("sources", {**self._plain["sources"], side: source})

    def source(self, side: Side) -> Path:
        """The film or folder of one side: where it was, or beside the project as it was.

        Raises:
            StoreError: the side has none yet, or it is not there any more.
        """
        have = self._plain["sources"].get(side)
        if have is None:
            raise StoreError(
                f"{self.folder}: side {side.upper()} has no film yet; "
                f"run understudy extract with --side {side}, or understudy swap"
            )
        places = (Path(have["path"]), Path(os.path.normpath(self.folder / have["relative"])))
        for place in places:
            if place.exists():
                return place
        raise StoreError(f"{have['path']}: is not there any more; put it back, or give its place")

    def has_source(self, side: Side) -> bool:
        """Whether the side has been given a film or folder."""
        return side in self._plain["sources"]

    def alignments(self, side: Side) -> Path:
        """The alignments file of one side: beside the film, or here when that may not be written.

        Raises:
            StoreError: the side has no film.
        """
        beside = alignments_path(self.source(side))
        here = self.folder / side / beside.name
        if here.exists() or not (beside.exists() or os.access(beside.parent, os.W_OK)):
            return here
        return beside

    @property
    def created(self) -> str:
        """When it was made, ISO 8601 in UTC."""
        return str(self._plain["created"])

    @property
    def settings(self) -> Mapping[str, Any]:
        """Plain data that stages remembered."""
        return dict(self._plain["settings"])

    def remember(self, **settings: Any) -> None:
        """Keep plain data under names, replacing what these names held."""
        self._change("settings", {**self._plain["settings"], **settings})

    def faces(self, side: Side) -> Path:
        """Folder of one side's face pictures."""
        return self.folder / side / "faces"

    @property
    def model(self) -> Path:
        """Folder of checkpoints and previews."""
        return self.folder / "model"

    @property
    def work(self) -> Path:
        """Folder of conversion segments; may be deleted when nothing is being converted."""
        return self.folder / "work"

    @property
    def consent(self) -> Path:
        """Declarations of consent, TOML."""
        return self.folder / "consent.toml"

    @property
    def audit(self) -> Path:
        """What was declared, converted and refused; a hash chain, one JSON object a line."""
        return self.folder / "audit.jsonl"

    @property
    def report(self) -> Path:
        """The report of the last run, Markdown."""
        return self.folder / "report.md"

    @property
    def contact_sheet(self) -> Path:
        """Source, swap and mask side by side."""
        return self.folder / "contact_sheet.png"

    @property
    def log(self) -> Path:
        """What was said while working."""
        return self.folder / "log.txt"

    def _change(self, key: str, value: Any) -> None:
        plain = {**self._plain, key: value}
        _write(self.folder / _FILE, plain)
        self._plain = plain


def _new() -> dict[str, Any]:
    return {
        "format": "understudy-project",
        "version": FORMAT_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "sources": {},
        "settings": {},
    }


def _check_free(path: Path, create: bool) -> None:
    """Refuse to make a project where something else is."""
    if path.exists() and not path.is_dir():
        raise StoreError(f"{path}: expected a project folder, found a file; choose another name")
    if not create:
        raise StoreError(
            f"{path}: is no project (it has no {_FILE}); check the name, or make one with "
            "understudy swap"
        )
    if not path.is_dir():
        return
    sweep_parts(path)
    with suppress(OSError):
        strange = sorted(p.name for p in path.iterdir() if p.name != FolderLock.NAME)
        if strange:
            raise StoreError(
                f"{path}: holds {strange[0]!r} and is no project; nothing in it was touched; "
                "choose another --project folder"
            )


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueRefused(f"larger than {_MAX_BYTES} bytes")
        plain = json.loads(path.read_bytes())
        if not isinstance(plain, dict) or plain.get("format") != "understudy-project":
            raise ValueRefused("its format is not understudy-project")
        version = codec.whole("version", plain["version"])
        if version <= FORMAT_VERSION:
            codec.string("created", plain["created"])
            codec.mapping("settings", plain["settings"])
            for side, source in codec.mapping("sources", plain["sources"]):
                for key in ("path", "relative", "fingerprint"):
                    codec.string(f"{side}.{key}", source[key])
            return plain
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            f"{path}: is damaged ({error}); put a copy of it back, or move the folder away and "
            "start a new project"
        ) from error
    raise StoreError(
        f"{path}: was made by a newer Understudy (format {version}); update Understudy"
    )


def _write(path: Path, plain: Mapping[str, Any]) -> None:
    commit_bytes(path, json.dumps(plain, indent=2).encode("ascii") + b"\n")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, folder) from error


def _relative(path: Path, folder: Path) -> str:
    try:
        return os.path.relpath(path, folder)
    except ValueError:  # another drive on Windows
        return os.fspath(path)
