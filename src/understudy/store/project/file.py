"""`project.json`: read with every value checked, written whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from understudy.errors import StoreError, ValueRefused
from understudy.files import PROJECT_FILE, PROJECT_FORMAT, read_json
from understudy.shell import quoted
from understudy.store import codec
from understudy.store.atomic import commit_bytes
from understudy.store.project.values import Person, Render, Source

NAME = PROJECT_FILE
FORMAT = PROJECT_FORMAT
VERSION = 2
_MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Content:
    """All that the file holds, by id and in the order in which it was added."""

    created: str
    sources: Mapping[str, Source]
    persons: Mapping[str, Person]
    renders: Mapping[str, Render]
    settings: Mapping[str, Any]

    @classmethod
    def new(cls) -> Content:
        """Of a project that knows nothing yet."""
        return cls(datetime.now(UTC).isoformat(timespec="seconds"), {}, {}, {}, {})

    def to_plain(self) -> dict[str, Any]:
        """As data that JSON holds."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "created": self.created,
            "sources": {id_: source.to_plain() for id_, source in self.sources.items()},
            "persons": {id_: person.to_plain() for id_, person in self.persons.items()},
            "renders": {id_: render.to_plain() for id_, render in self.renders.items()},
            "settings": dict(self.settings),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Content:
        """What a file of this version holds.

        Raises:
            ValueRefused, KeyError, TypeError: it is no such data.
        """

        def table(name: str, make: Any) -> dict[str, Any]:
            return {id_: make(id_, each) for id_, each in codec.mapping(name, plain[name])}

        sources = table("sources", Source.from_plain)
        persons = table("persons", Person.from_plain)
        for source in sources.values():
            for person in source.persons.values():
                if person not in persons:
                    raise ValueRefused(f"{source.id}: there is no person {person!r}")
        return cls(
            created=codec.string("created", plain["created"]),
            sources=sources,
            persons=persons,
            renders=table("renders", Render.from_plain),
            settings=dict(codec.mapping("settings", plain["settings"])),
        )


def read_plain(path: Path) -> dict[str, Any]:
    """The file's data, of version 1 or 2; version 2 is checked when it is made into `Content`.

    Raises:
        StoreError: it cannot be read, is damaged, no project's, or a newer Understudy's.
    """
    try:
        plain = read_json(path, _MAX_BYTES)
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise ValueRefused(f"its format is not {FORMAT}")
        version = codec.whole("version", plain["version"])
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise damaged(path, error) from error
    if version > VERSION:
        raise StoreError(
            f"{path}: was made by a newer Understudy (format {version}); update Understudy"
        )
    return plain


def read(path: Path) -> Content:
    """The content of a file of this version.

    Raises:
        StoreError: as `read_plain`, or it was made by an earlier Understudy.
    """
    plain = read_plain(path)
    if plain["version"] != VERSION:
        raise StoreError(
            f"{path}: was made by an earlier Understudy (format {plain['version']}) and is "
            "brought up when it is first opened for writing, as by: understudy cast "
            f"{quoted(path.parent)}"
        )
    try:
        return Content.from_plain(plain)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise damaged(path, error) from error


def write(path: Path, content: Content) -> None:
    """Replace the file as a whole.

    Raises:
        DiskFull, StoreError: it could not be written; the old one stays.
    """
    commit_bytes(path, json.dumps(content.to_plain(), indent=2).encode("ascii") + b"\n")


def damaged(path: Path, error: Exception) -> StoreError:
    """The error for a file that holds something else."""
    return StoreError(
        f"{path}: is damaged ({error}); put a copy of it back, or move the folder away and "
        "start a new project"
    )
