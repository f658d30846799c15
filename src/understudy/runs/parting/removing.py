"""Taking films, persons and renders out of a project; refused where something else needs them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from contextlib import ExitStack, suppress

from understudy.errors import StoreError, ValueRefused
from understudy.runs.models import trained_models
from understudy.runs.project import source_of
from understudy.shell import quoted
from understudy.store.alignments import writer_lock
from understudy.store.ids import NOBODY
from understudy.store.lock import WriterLock
from understudy.store.project import ALL, Person, Project, Source


def remove(
    project: Project, films: Sequence[str], persons: Sequence[str], renders: Sequence[str] = ()
) -> list[str]:
    """Take films, persons and renders out of a project; all of them or none.

    Films, the alignments beside them and outputs stay where they are; what the project made of a
    film or render is moved to `PROJECT/removed`. Models that learnt from it stay as they are.

    Args:
        project: where they are.
        films: by id or place.
        persons: by id or name.
        renders: by id.

    Returns:
        What was done, in words.

    Raises:
        ValueRefused: none is named, or something that was made is told by one of them.
        StoreError: there is no such film or person.
        InUse: a film is being extracted, or trained on.
    """
    if not films and not persons and not renders:
        raise ValueRefused("say what to remove: FILM, --person NAME or --render NAME")
    going = {project.render(name).id for name in renders}
    sources = list({s.id: s for s in (source_of(project, word) for word in films)}.values())
    cast = list({p.id: p for p in (project.person(word) for word in persons)}.values())
    for source in sources:
        _check_source(project, source, going)
    for person in cast:
        _check_person(project, person, sources, going)
    said: list[str] = []
    with ExitStack() as locks:
        for lock in _writers(project, sources):
            locks.enter_context(lock)
        for name in [render.id for render in project.renders if render.id in going]:
            said.append(f"{name}: removed; {project.render(name).output} stays, if it was made")
            project.remove_render(name)
        for source in sources:
            kept = project.remove_source(source.id)
            rest = "" if kept is None else f"; what was made of it lies in {kept}"
            said.append(f"{source.id}: removed; {source.path} stays{rest}")
    for person in cast:
        project.remove_person(person.id)
        said.append(f"{person.id}: removed; what was declared stays in {project.consent.name}")
    return said


def rename(project: Project, old: str, new: str) -> Person:
    """Call a person by another name; the id stays, as models, consent and renders hold it.

    Raises:
        StoreError: there is no such person.
        ValueRefused: somebody else is called so, or the name is empty.
    """
    person = project.person(old)
    if not new.strip():
        raise ValueRefused(f"{old}: the new name is empty")
    return project.rename_person(person.id, new.strip())


def _check_source(project: Project, source: Source, going: Container[str]) -> None:
    made = [r.id for r in project.renders if r.source == source.id and r.id not in going]
    if made:
        raise ValueRefused(
            f"{source.id}: render {', '.join(made)} was made of it, and is scored and made again "
            f"from it; to remove both: {source.id} {' '.join(f'--render {id_}' for id_ in made)}"
        )


def _check_person(
    project: Project, person: Person, leaving: Sequence[Source], going: Container[str]
) -> None:
    films = [source for source in project.sources_of(person.id) if source not in leaving]
    if films:
        numbers = films[0].numbers_of(person.id)
        place = films[0].id if numbers[0] == ALL else f"{films[0].id}:{numbers[0]}"
        raise ValueRefused(
            f"{person.id}: is seen in {', '.join(source.id for source in films)}; take the name "
            f"away first: understudy cast name {quoted(project.folder)} {place}={NOBODY}"
        )
    models = [m.name for m in trained_models(project) if person.id in m.persons]
    left = [r for r in project.renders if r.id not in going]
    renders = [r.id for r in left if person.id in r.casting.values()]
    known = [f"model {name}" for name in models] + [f"render {name}" for name in renders]
    if known:
        raise ValueRefused(f"{person.id}: {' and '.join(known)} show {person.id}; the name stays")


def _writers(project: Project, sources: Sequence[Source]) -> list[WriterLock]:
    """Locks of all who may be at work on what is moved."""
    locks = []
    for source in sources:
        with suppress(StoreError):  # the film is away, and nobody can be extracting it
            locks.append(writer_lock(project.alignments(source.id)))
    shown = {person for source in sources for person in source.persons.values()}
    for model in trained_models(project) if sources else []:
        if not model.persons or shown & set(model.persons):
            locks.append(WriterLock(model.folder, "model"))
    return locks
