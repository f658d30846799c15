"""What a project knows, as plain values: sources, persons and renders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from understudy.errors import ValueRefused
from understudy.store import codec
from understudy.store.ids import EVERYBODY, check_id

SourceKind = Literal["film", "faces"]
ALL: Literal["all"] = "all"
"""In place of a found person's number: everybody not named."""
assert ALL == EVERYBODY  # noqa: S101 - one word, typed twice for Literal's sake

Casting = Mapping[str, str | None]
"""Number of a found person as text, or `ALL`, to a trained person's id; None leaves the face."""


@dataclass(frozen=True, slots=True)
class Source:
    """A film or folder of images, or a folder of face pictures, that persons are seen in.

    Attributes:
        id: of the source.
        path: where it was when it was added or last given.
        relative: the same from the project folder, so that both can be moved together.
        fingerprint: tells a film from others; "" for a folder of face pictures, which people prune.
        kind: "faces" for a folder of face pictures from elsewhere.
        persons: whom the film's found persons are: number as text, or `ALL`, to a person's id.
    """

    id: str
    path: Path
    relative: str
    fingerprint: str
    kind: SourceKind = "film"
    persons: Mapping[str, str] = field(default_factory=dict)

    def person_of(self, number: int | None) -> str | None:
        """The person that a number found in this source is, or None while nobody said so."""
        named = None if number is None else self.persons.get(str(number))
        return named or self.persons.get(ALL)

    def numbers_of(self, person: str) -> tuple[str, ...]:
        """The numbers, or `ALL`, under which this source shows a person."""
        return tuple(number for number, named in self.persons.items() if named == person)

    def to_plain(self) -> dict[str, Any]:
        """As data that JSON holds; the id is its key."""
        return {
            "path": os.fspath(self.path),
            "relative": self.relative,
            "fingerprint": self.fingerprint,
            "kind": self.kind,
            "persons": dict(self.persons),
        }

    @classmethod
    def from_plain(cls, id_: str, plain: Any) -> Source:
        """A source behind `to_plain`.

        Raises:
            ValueRefused, KeyError, TypeError: it is no such data.
        """
        if plain["kind"] not in get_args(SourceKind):
            raise ValueRefused(f"{id_}: kind: expected film or faces, got {plain['kind']!r}")
        persons = {}
        for number, person in codec.mapping("persons", plain["persons"]):
            persons[_number(number)] = check_id("person", person)
        return cls(
            id=check_id("source", id_),
            path=Path(codec.string("path", plain["path"])),
            relative=codec.string("relative", plain["relative"]),
            fingerprint=codec.string("fingerprint", plain["fingerprint"]),
            kind=plain["kind"],
            persons=persons,
        )


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose face is learnt or replaced.

    Attributes:
        id: of the person.
        name: as it was given, for people; never written into an output.
    """

    id: str
    name: str = ""

    def to_plain(self) -> dict[str, Any]:
        """As data that JSON holds; the id is its key."""
        return {"name": self.name}

    @classmethod
    def from_plain(cls, id_: str, plain: Any) -> Person:
        """A person behind `to_plain`."""
        return cls(check_id("person", id_), codec.string("name", plain["name"]))


@dataclass(frozen=True, slots=True)
class Render:
    """A conversion of a source: who becomes whom, by which model, with which settings.

    Attributes:
        id: of the render.
        source: id of the source.
        model: name of the model.
        casting: who becomes whom.
        output: absolute path of the file or folder made.
        settings: plain data, the stage's options.
        made_by_format: of the project that it was made in; of format 1 only the output is known.
    """

    id: str
    source: str
    model: str
    casting: Casting
    output: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    made_by_format: int = 2

    def to_plain(self) -> dict[str, Any]:
        """As data that JSON holds; the id is its key."""
        return {
            "source": self.source,
            "model": self.model,
            "casting": dict(self.casting),
            "output": os.fspath(self.output),
            "settings": dict(self.settings),
            "made_by_format": self.made_by_format,
        }

    @classmethod
    def from_plain(cls, id_: str, plain: Any) -> Render:
        """A render behind `to_plain`."""
        casting = {}
        for number, person in codec.mapping("casting", plain["casting"]):
            casting[_number(number)] = None if person is None else check_id("person", person)
        return cls(
            id=check_id("render", id_),
            source=check_id("source", plain["source"]),
            model=check_id("model", plain["model"]),
            casting=casting,
            output=Path(codec.string("output", plain["output"])),
            settings=dict(codec.mapping("settings", plain["settings"])),
            made_by_format=codec.whole("made_by_format", plain["made_by_format"]),
        )


def _number(text: str) -> str:
    if text != ALL and not (text.isascii() and text.isdecimal() and str(int(text)) == text):
        raise ValueRefused(f"expected the number of a found person or {ALL!r}, got {text!r}")
    return text
