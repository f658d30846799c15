"""Who becomes whom: from what people say to numbers of found persons and ids of trained ones."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.errors import ConsentMissing, ValueRefused
from understudy.shell import quoted
from understudy.store.alignments import Alignments
from understudy.store.ids import LEAVE
from understudy.store.project import ALL, Casting, Project, Source


def found_numbers(project: Project, source: Source) -> tuple[int, ...]:
    """Numbers of the persons that extraction found in a film, the one seen longest first."""
    path = project.alignments(source.id)
    if not path.exists():
        return ()
    with Alignments.open(path, read_only=True) as store:
        return tuple(sorted({t.person for t in store.tracks() if t.person is not None}))


def read_casting(
    project: Project, source: Source, words: Sequence[str], trained: Sequence[str]
) -> dict[str, str | None]:
    """What people say, as numbers and ids.

    Args:
        project: knows the persons' names.
        source: the film.
        words: each "WHO=WHOM" or "WHOM" for everybody; WHO is a number found in the film or a
            person named in it, WHOM a trained person or "leave".
        trained: the model's persons.

    Raises:
        ValueRefused: nobody of that number or name is in the film, WHOM is not one of the model's
            persons, one person is cast twice, or nobody is replaced.
    """
    casting: dict[str, str | None] = {}
    for word in words:
        who, equals, whom = word.partition("=")
        if not equals:
            who, whom = ALL, word
        who, whom = (_id_of(project, said.strip()) for said in (who, whom))
        for number in _numbers(project, source, who):
            if number in casting:
                raise ValueRefused(f"--cast {word}: {who} is cast twice; say it once")
            casting[number] = _trained(whom, trained, word)
            same = whom if who == whom else ""
            if equals and casting[number] == source.persons.get(number, same):
                raise ValueRefused(
                    f"--cast {word}: {who} would become the same person; name another, or "
                    f"leave the face: --cast {who}={LEAVE}"
                )
    if not any(casting.values()):
        raise ValueRefused(
            f"{source.id}: nobody is replaced; say who becomes whom, such as --cast "
            f"0={trained[0]} or --cast {trained[0]} for everybody"
        )
    return casting


def usual_casting(source: Source, trained: Sequence[str]) -> dict[str, str | None] | None:
    """Where a model knows two persons and a film shows one of them: the other one; else None."""
    shown = set(source.persons.values())
    if len(trained) != 2 or len(shown) != 1 or not shown <= set(trained):
        return None
    (other,) = set(trained) - shown
    return dict.fromkeys(source.persons, other)


def people_of(project: Project, source: Source, casting: Casting) -> tuple[list[str], list[str]]:
    """Ids of the persons whose faces are replaced, and of those whose faces go in.

    Raises:
        ConsentMissing: somebody who is replaced has no name in the project, so that nobody can have
            declared their consent.
    """
    replaced = {n for n, donor in casting.items() if donor is not None and n != ALL}
    if casting.get(ALL) is not None:
        replaced |= {str(n) for n in found_numbers(project, source)} - set(casting)
    names = {number: source.person_of(int(number)) for number in sorted(replaced, key=int)}
    plates = [name for name in names.values() if name is not None]
    if casting.get(ALL) is not None and ALL in source.persons:
        plates.append(source.persons[ALL])  # faces that belong to no found person
    nameless = [number for number, name in names.items() if name is None]
    if nameless or not plates:
        example = nameless[0] if nameless else "0"
        raise ConsentMissing(
            f"{source.id}: nobody said who {_counted(nameless)} in it, so that consent cannot be "
            f"declared; name them, as in: understudy cast name {quoted(project.folder)} "
            f"{source.id}:{example}=NAME, or leave them: --cast {example}={LEAVE}"
        )
    donors = [donor for donor in casting.values() if donor is not None]
    return list(dict.fromkeys(plates)), list(dict.fromkeys(donors))


def _id_of(project: Project, word: str) -> str:
    """The id of the person whose name somebody typed; other words as they are."""
    return next((person.id for person in project.persons if person.name == word), word)


def _numbers(project: Project, source: Source, who: str) -> tuple[str, ...]:
    if who == ALL:
        return (ALL,)
    found = found_numbers(project, source)
    if who.isdecimal():
        if int(who) not in found:
            raise ValueRefused(
                f"{source.id}: there is no person {who} in it; found: "
                f"{', '.join(map(str, found)) or 'nobody; extract it first'}"
            )
        return (str(int(who)),)
    there = {ALL, *map(str, found)}
    numbers = tuple(number for number in source.numbers_of(who) if number in there)
    if not numbers:
        named = ", ".join(dict.fromkeys(source.persons.values())) or "nobody"
        raise ValueRefused(
            f"{source.id}: {who!r} is not named in it (named: {named}; found: "
            f"{', '.join(map(str, found)) or 'nobody'})"
        )
    return numbers


def _trained(whom: str, trained: Sequence[str], word: str) -> str | None:
    if whom == LEAVE:
        return None
    if whom not in trained:
        raise ValueRefused(
            f"--cast {word}: the model does not know {whom!r}; it was trained on "
            f"{', '.join(trained)}; {LEAVE} leaves a face as it is"
        )
    return whom


def _counted(numbers: Sequence[str]) -> str:
    if not numbers:
        return "is seen"
    return f"person {numbers[0]} is" if len(numbers) == 1 else f"persons {', '.join(numbers)} are"


def casting_of(
    project: Project, source: Source, said: Sequence[str], model: str, trained: Sequence[str]
) -> dict[str, str | None]:
    """Who becomes whom, as it was said or as it is plain.

    Raises:
        ValueRefused: it has to be said, or was said of somebody who is not there.
    """
    if said:
        return dict(read_casting(project, source, said, trained))
    usual = usual_casting(source, trained)
    if usual is None:
        found = ", ".join(map(str, found_numbers(project, source))) or "nobody yet"
        raise ValueRefused(
            f"{source.id}: say who becomes whom, such as --cast 0={trained[0]}; found in it: "
            f"{found}; the model {model} knows {', '.join(trained)}"
        )
    return dict(usual)
