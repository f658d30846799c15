"""Who is in a project's cast, and which of its films show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from understudy.errors import StoreError, ValueRefused
from understudy.store.ids import check_id, slug
from understudy.store.project.shared import SharedFile, in_turn
from understudy.store.project.values import Person, Source

T = TypeVar("T")


class Persons(SharedFile):
    """The part of a project that knows its persons, by id and in the order of their coming."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """All films and folders, in the order in which they were added."""
        return tuple(self._content.sources.values())

    @property
    def persons(self) -> tuple[Person, ...]:
        """Everybody in the cast, in the order in which they were added."""
        return tuple(self._content.persons.values())

    def person(self, id_: str) -> Person:
        """One person by id, or by name where nobody has that id.

        Raises:
            StoreError: there is none; names those that there are.
        """
        if id_ not in self._content.persons:
            id_ = next((person.id for person in self.persons if person.name == id_), id_)
        return self.known(self._content.persons, id_, "person", "understudy cast name")

    @in_turn
    def add_person(self, name: str) -> Person:
        """The person of this id or name, added to the cast if nobody is called so.

        Raises:
            ValueRefused: the name leaves no id.
        """
        for person in self.persons:
            if name in (person.id, person.name):
                return person
        id_ = slug("person", name, self._content.persons)
        person = Person(check_id("person", id_), "" if id_ == name else name)
        self._change(lambda c: replace(c, persons={**c.persons, id_: person}))
        return person

    @in_turn
    def rename_person(self, id_: str, name: str) -> Person:
        """Call a person by another name; the id stays.

        Raises:
            StoreError: there is no such person.
            ValueRefused: somebody else is called so.
        """
        for other in self.persons:
            if name in (other.id, other.name) and other.id != id_:
                raise ValueRefused(f"{name}: is {other.id}, somebody else in {self.folder}")
        person = replace(self.person(id_), name="" if name == id_ else name)
        self._change(lambda c: replace(c, persons={**c.persons, id_: person}))
        return person

    @in_turn
    def remove_person(self, id_: str) -> None:
        """Forget a person whom no source shows.

        Raises:
            StoreError: there is no such person, or a source shows them.
        """
        self.person(id_)
        if self.sources_of(id_):
            raise StoreError(f"{id_}: is seen in {self.sources_of(id_)[0].id}")
        left = {i: person for i, person in self._content.persons.items() if i != id_}
        self._change(lambda c: replace(c, persons=left))

    def sources_of(self, person: str) -> tuple[Source, ...]:
        """The sources that show a person."""
        return tuple(source for source in self.sources if source.numbers_of(person))

    def known(self, have: Mapping[str, T], id_: str, kind: str, made_by: str) -> T:
        """What has this id; where nothing has, the error names those that there are."""
        if id_ in have:
            return have[id_]
        known = f"there are: {', '.join(have)}" if have else f"there is none yet; see {made_by}"
        raise StoreError(f"{self.folder}: has no {kind} {id_!r}; {known}")
