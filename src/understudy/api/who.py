"""Who becomes whom, from what people say, to numbers of found persons and ids of trained ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from understudy.errors import ValueRefused
from understudy.stages.faces.casting import EVERYBODY
from understudy.store.ids import LEAVE

# A mapping's keys are invariant: each kind is named, so that people's variables pass type checks.
Casting: TypeAlias = (
    "str | Mapping[str, str | None] | Mapping[int, str | None] | Mapping[int | str, str | None]"
)
Persons: TypeAlias = "str | Mapping[str, str] | Mapping[int, str] | Mapping[int | str, str]"


@dataclass(frozen=True, slots=True)
class Parts:
    """A casting understood.

    Attributes:
        casting: number of a found person as text, or "all", to a trained person's id or None.
        plates: ids of those whose faces are replaced.
        donors: ids of those whose faces go in.
    """

    casting: Mapping[str, str | None]
    plates: tuple[str, ...]
    donors: tuple[str, ...]


def cast(
    casting: Casting, persons: Persons | None, found: Sequence[int], trained: Sequence[str]
) -> Parts:
    """Understand a casting; see `convert.convert`.

    Args:
        casting: what was said.
        persons: who the people in the film are, or None where the casting says it.
        found: numbers of the persons that were found in the film.
        trained: ids of the model's persons.

    Raises:
        ValueRefused: it cannot be meant, or it does not say who is in the film.
    """
    said = {EVERYBODY: casting} if isinstance(casting, str) else casting
    asked: dict[str, str | None] = {str(who): whom for who, whom in said.items()}
    names = _names(persons, asked, found)
    parts: dict[str, str | None] = {}
    for who, whom in asked.items():
        for number in _numbers(who, names, found):
            if number in parts:
                raise ValueRefused(f"casting: {who!r} is cast twice; say it once")
            parts[number] = _trained(whom, trained)
    donors = tuple(dict.fromkeys(to for to in parts.values() if to is not None))
    if not donors:
        raise ValueRefused(
            f"casting: nobody is replaced; say who becomes whom, such as {{0: {trained[0]!r}}}"
        )
    return Parts(parts, _plates(parts, names, found), donors)


def _names(
    persons: Persons | None, asked: Mapping[str, str | None], found: Sequence[int]
) -> dict[str, str]:
    """Names by number; "all" for everybody. One name that is cast names a film of one person."""
    if isinstance(persons, str):
        return {EVERYBODY: persons}
    if persons is not None:
        return {str(number): name for number, name in persons.items()}
    named = [who for who in asked if not who.isdecimal() and who != EVERYBODY]
    if not named:
        return {}
    if len(named) > 1 or len(found) > 1:
        raise ValueRefused(
            f"casting: {len(found)} persons were found in the film; say which of them is "
            f"{' and which '.join(named)}, such as persons={{{found[0] if found else 0}: "
            f"{named[0]!r}}}"
        )
    return {EVERYBODY: named[0]}


def _numbers(who: str, names: Mapping[str, str], found: Sequence[int]) -> list[str]:
    """The numbers that are meant by a number, a name or "all"."""
    if who == EVERYBODY:
        return [EVERYBODY]
    if who.isdecimal():
        if int(who) not in found:
            raise ValueRefused(
                f"casting: there is no person {who} in the film; found: "
                f"{', '.join(map(str, found)) or 'nobody'}"
            )
        return [str(int(who))]
    numbers = [
        n for n, name in names.items() if name == who and (n == EVERYBODY or int(n) in found)
    ]
    if not numbers:
        raise ValueRefused(
            f"casting: {who!r} is not named in the film (persons: "
            f"{', '.join(dict.fromkeys(names.values())) or 'not given'}; found: "
            f"{', '.join(map(str, found)) or 'nobody'})"
        )
    return numbers


def _trained(whom: str | None, trained: Sequence[str]) -> str | None:
    if whom is None or whom == LEAVE:
        return None
    if whom not in trained:
        raise ValueRefused(
            f"casting: the model does not know {whom!r}; it was trained on {', '.join(trained)}"
        )
    return whom


def _plates(
    parts: Mapping[str, str | None], names: Mapping[str, str], found: Sequence[int]
) -> tuple[str, ...]:
    """Who is replaced, by the names that the consent has."""
    replaced = [n for n, to in parts.items() if to is not None and n != EVERYBODY]
    if parts.get(EVERYBODY) is not None:
        replaced += [str(n) for n in found if str(n) not in parts]
    plates = {n: names.get(n, names.get(EVERYBODY)) for n in replaced}
    nameless = [n for n, name in plates.items() if name is None]
    known = [name for name in plates.values() if name is not None]
    if EVERYBODY in names and parts.get(EVERYBODY) is not None:
        known.append(names[EVERYBODY])  # faces that belong to no found person
    if nameless or not known:
        example = nameless[0] if nameless else "0"
        raise ValueRefused(
            f"persons: nobody said who person {example} of the film is, so that nobody's consent "
            f"can be looked up; say persons={{{example}: 'NAME'}}, NAME as the consent has it"
        )
    return tuple(dict.fromkeys(known))
