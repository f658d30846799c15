"""What a declaration of consent is about: films and pictures that somebody said to show a person.

Consent is declared for a person, and the project says which films show that person. A model keeps
from which films it learnt each person; where that is another film than those, nobody agreed to it,
whatever the person is called in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from understudy.errors import ConsentMissing, StoreError
from understudy.flow import Progress
from understudy.media import probe
from understudy.nn import checkpoint
from understudy.provenance.audit import AuditLog
from understudy.shell import quoted
from understudy.store.faceset import list_faceset, read_record
from understudy.store.project import Project, Source


def note_shown(project: Project, source: Source, persons: Mapping[str, str | None]) -> None:
    """Write down that somebody said who is seen in a film; what was said before is not repeated.

    So the log tells which films a declaration was about when an output was made: another film that
    is put in the place of one, under the same person, leaves a line that every later output names.

    Args:
        project: has the log.
        source: the film or folder.
        persons: number of a found person as text, or `ALL`, to a person's id, or None.
    """
    audit = AuditLog(project.audit)
    said: dict[tuple[str, str], str | None] = {}
    for entry in audit.entries():
        if entry.event == "shows":
            key = str(entry.facts.get("source")), str(entry.facts.get("number"))
            said[key] = entry.facts.get("person")
    mark = source.fingerprint or f"folder {source.id}"
    for number, person in persons.items():
        if said.get((mark, number)) != person:
            audit.append("shows", source=mark, number=number, person=person)


def refuse_strange_model(
    project: Project, model: str, persons: Iterable[str], progress: Progress | None = None
) -> None:
    """Refuse a model that learnt a person from what was not declared to show them.

    Args:
        project: says who is seen in which films.
        model: its name.
        persons: whom the model is to show, or to learn.
        progress: told where a model is too old to say from which films it learnt; None is told
            nothing, because somebody asks again.

    Raises:
        ConsentMissing: says whom, and what to do.
    """
    folder = project.model(model)
    found = checkpoint.newest(folder) if folder.is_dir() else None
    if found is None:
        return
    known = found.state.origins or {}
    unsaid = []
    for person in dict.fromkeys(persons):
        origins = set(known.get(person, ("",)))
        if "" in origins:
            unsaid.append(person)
        strange = _strange(project, person, origins - {""})
        if strange:
            raise ConsentMissing(
                f"the model {model} learnt {person} from {_counted(strange)} that nobody declared "
                f"to show {person} in this project; where it is {person}, say so: understudy add "
                f"{quoted(project.folder)} FILM --person {person} (or a folder of its face "
                "pictures); else train a model here, under another --model-name"
            )
    if unsaid and progress is not None:
        progress.warn(
            f"the model {model} was trained by an earlier Understudy, and does not say from which "
            f"films it learnt {', '.join(unsaid)}; see that it was trained in this project",
            code="unknown-origin",
            model=model,
            persons=unsaid,
        )


def refuse_other_film(project: Project, source: Source) -> None:
    """Refuse a file that is not the film of which was declared who is in it.

    Raises:
        ConsentMissing: it is another film.
    """
    place = project.place(source.id)
    if source.fingerprint and probe(place).fingerprint != source.fingerprint:
        raise ConsentMissing(
            f"{place}: is not the film that was added as {source.id}, or it changed since, so "
            "nobody declared who is in it; put that one back, or add this one under another name"
        )


def _strange(project: Project, person: str, origins: set[str]) -> set[str]:
    """Origins that no film and no folder of face pictures of a person accounts for."""
    sources = project.sources_of(person)
    left = origins - {source.fingerprint for source in sources}
    for source in sources:
        if left and source.kind == "faces":
            for path in list_faceset(project.faces(source.id)):
                with suppress(StoreError):  # damaged pictures account for nothing
                    left.discard(read_record(path).source_fingerprint)
                if not left:
                    break
    return left


def _counted(strange: set[str]) -> str:
    return "a film" if len(strange) == 1 else f"{len(strange)} films"
