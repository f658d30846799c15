"""Letting a person go: taking the consent back, and erasing what a project holds of them.

What Understudy made of a person is erased: pictures, alignments, models, sheets and unfinished
work, copies included. What people made or brought, as films and finished outputs, is named and
stays, since only they know what else hangs on it. The declaration stays too, as taken back: it
keeps anybody from making such things again, and tells why nothing is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from understudy.errors import StoreError
from understudy.files import make_folder, remove_file, remove_folder
from understudy.flow import Progress
from understudy.nn import checkpoint
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import keep_declarations, read_declarations
from understudy.runs.sharing import named, others_of
from understudy.stages.release.place import Receipt
from understudy.stages.train.folder import writing
from understudy.store.alignments import alignments_path, writer_lock
from understudy.store.atomic import commit_bytes
from understudy.store.faceset import read_record
from understudy.store.lock import WriterLock
from understudy.store.project import Person, Project, Render, Source

_BESIDE = re.compile(r"(-wal|-shm|-journal|(\.v\d+)?\.bak(-\d+)?)?")
"""Endings of an alignments file's side files and copies."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that holds a person.

    Attributes:
        path: a file or folder.
        what: for people.
        files: how many files it has.
        n_bytes: of all of them.
    """

    path: str
    what: str
    files: int
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """What holds a person.

    Attributes:
        person: id.
        erased: what is, or will be, erased.
        stays: what is not Understudy's to erase, in words.
    """

    person: str
    erased: tuple[Holding, ...]
    stays: tuple[str, ...]


def holdings(project: Project, word: str) -> Holdings:
    """What a project holds of a person; nothing is changed.

    Args:
        project: the project.
        word: the person's id or name.

    Raises:
        StoreError: there is no such person.
    """
    person = project.person(word)
    sources = project.sources_of(person.id)
    found = [*_of_films(project, person, sources), *_of_models(project, person)]
    found += [
        (project.folder / "renders" / render.id, f"reports and sheets of render {render.id}")
        for render in _renders(project, person, sources)
    ]
    found += [(folder, "unfinished work") for folder in _work(project)]
    found += [(path, "the receipt of a conversion") for path in _receipts(project, person, sources)]
    found += _set_aside(project, sources)
    erased = tuple(_measured(path, what) for path, what in found if path.exists())
    return Holdings(person.id, erased, tuple(_stays(project, person, sources)))


def revoke(project: Project, persons: Sequence[str]) -> list[str]:
    """Take the consent of persons back from today on; what is declared otherwise stays.

    Returns:
        Ids of those whose declarations were changed.

    Raises:
        StoreError: there is no such person, or the declarations cannot be read or written.
    """
    ids = [project.person(word).id for word in persons]
    audit = AuditLog(project.audit)
    today = audit.today()
    mine = [d for d in read_declarations(project.consent) if d.person in ids]
    new = [replace(d, revoked_at=today) for d in mine if d.revoked_at is None]
    if new:
        keep_declarations(project.consent, new)
    for declaration in new:
        audit.append("revoked", person=declaration.person)
    return list(dict.fromkeys(d.person for d in new))


def forget(project: Project, word: str, progress: Progress) -> Path:
    """Take a person's consent back, erase what holds them, and write a receipt.

    Killed on the way, it is run again: what is left is found again.

    Args:
        project: the project.
        word: the person's id or name.
        progress: told what was erased.

    Returns:
        The receipt, JSON, in `PROJECT/forgotten`.

    Raises:
        InUse: something of it is being written; nothing was erased.
        StoreError: there is no such person, or something could not be erased; says what.
    """
    person = project.person(word)
    with ExitStack() as locks:
        for lock in _locks(project, person):
            locks.enter_context(lock)
        found = holdings(project, person.id)
        renders = _renders(project, person, project.sources_of(person.id))
        revoke(project, [person.id])
        for holding in found.erased:
            _erase(Path(holding.path))
            progress.say(f"erased: {holding.path} ({holding.what})")
        for render in renders:
            project.remove_render(render.id)
    at = datetime.now(UTC)
    plain = {"at": at.isoformat(timespec="seconds"), **asdict(found)}
    data = json.dumps(plain, indent=1).encode() + b"\n"
    folder = project.folder / "forgotten"
    make_folder(folder)
    receipt = folder / f"{person.id}-{at:%Y%m%dT%H%M%SZ}.json"
    commit_bytes(receipt, data)
    digest = hashlib.sha256(data).hexdigest()
    AuditLog(project.audit).append("forgotten", person=person.id, receipt_sha256=digest)
    return receipt


def _of_films(
    project: Project, person: Person, sources: Sequence[Source]
) -> Iterator[tuple[Path, str]]:
    """Alignments and pictures; whole, also of films that show others, whose faces are cut anew."""
    for source in sources:
        others = sorted(set(source.persons.values()) - {person.id})
        also = f"; also of {', '.join(others)}: extract it again for them" if others else ""
        yield project.folder / "sources" / source.id, f"pictures of {source.id}{also}"
        for place in dict.fromkeys(project.places(source.id)):
            used = _used(project, alignments_path(place))
            yield from ((p, f"alignments of {source.id}{also}{used}") for p in _alignments(place))


def _used(project: Project, path: Path) -> str:
    """That other projects use a film's alignments, in words; they have to extract it again."""
    with suppress(StoreError):
        if others := others_of(path, project.folder):
            return f"; used by {named(others)} as well: extract it again there"
    return ""


def _alignments(film: Path) -> list[Path]:
    name = alignments_path(film).name
    with suppress(OSError):
        return sorted(
            path
            for path in film.parent.iterdir()
            if path.name.startswith(name) and _BESIDE.fullmatch(path.name[len(name) :])
        )
    return []


def _of_models(project: Project, person: Person) -> Iterator[tuple[Path, str]]:
    for folder in _model_folders(project):
        known = _persons_of(folder)
        if person.id in known:
            others = ", ".join(p for p in known if p != person.id)
            yield folder, f"model of {person.id} and {others}: checkpoints, best, previews, cache"


def _model_folders(project: Project) -> list[Path]:
    """Also those that were set aside when training started over."""
    folder = project.folder / "models"
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _persons_of(folder: Path) -> tuple[str, ...]:
    for place in (folder, folder / checkpoint.BEST):
        with suppress(StoreError):
            if (found := checkpoint.newest(place)) is not None:
                return found.state.persons
    return ()


def _renders(project: Project, person: Person, sources: Sequence[Source]) -> list[Render]:
    ids = {source.id for source in sources}
    return [r for r in project.renders if r.source in ids or person.id in r.casting.values()]


def _work(project: Project) -> list[Path]:
    if not project.work.is_dir():
        return []
    return sorted(p for p in project.work.iterdir() if p.is_dir())


def _receipts(project: Project, person: Person, sources: Sequence[Source]) -> list[Path]:
    """Of outputs that show the person, and those that nobody can read."""
    others = {
        os.fspath(r.output.absolute())
        for r in project.renders
        if r not in _renders(project, person, sources)
    }
    found = {path: Receipt.read_from(path) for path in sorted(project.work.glob("*.json"))}
    return [path for path, told in found.items() if told is None or told.output not in others]


def _set_aside(project: Project, sources: Sequence[Source]) -> Iterator[tuple[Path, str]]:
    """Folders that `remove` moved away, as far as their pictures say of whom they are."""
    films = {source.fingerprint for source in sources} - {""}
    removed = project.folder / "removed"
    for folder in sorted(removed.iterdir()) if removed.is_dir() else ():
        if folder.is_dir() and any(_film_of(p) in films for p in folder.rglob("*.png")):
            yield folder, "was taken out of the project earlier"


def _film_of(picture: Path) -> str:
    with suppress(StoreError):
        return read_record(picture).source_fingerprint
    return ""


def _stays(project: Project, person: Person, sources: Sequence[Source]) -> Iterator[str]:
    for source in sources:
        if not _within(source.path, project.folder):
            what = "film" if source.kind == "film" else "folder of face pictures"
            yield f"the {what} {source.path}: it is yours"
    for render in _renders(project, person, sources):
        if render.output.exists():
            yield f"the output {render.output}: it was made for you, and shows them"
    for folder in _model_folders(project):
        if not _persons_of(folder):
            yield f"the model {folder}: it does not say whom it knows; look at it yourself"
    removed = project.folder / "removed"
    mine = {path for path, _ in _set_aside(project, sources)}
    for folder in sorted(removed.iterdir()) if removed.is_dir() else ():
        if folder not in mine:
            yield f"{folder}: it does not say whom it shows; look at it yourself"
    yield f"what was declared, in {project.consent.name}: as taken back"
    yield f"{project.audit.name} and {project.log.name}, which name ids and files"


def _within(path: Path, folder: Path) -> bool:
    return folder.resolve() in path.resolve().parents


def _locks(project: Project, person: Person) -> Iterator[WriterLock]:
    """The right to erase: whoever extracts, trains or converts here is not disturbed."""
    for source in project.sources_of(person.id):
        for place in dict.fromkeys(project.places(source.id)):
            path = alignments_path(place)
            if path.exists():
                yield writer_lock(path)
    for folder in _model_folders(project):
        if person.id in _persons_of(folder):
            yield writing(folder)
    for folder in _work(project):
        yield WriterLock(folder, "render's work folder")


def _measured(path: Path, what: str) -> Holding:
    files = [path]
    if path.is_dir() and not path.is_symlink():
        files = [Path(root) / name for root, _, names in os.walk(path) for name in names]
    n_bytes = 0
    for file in files:
        with suppress(OSError):
            n_bytes += file.lstat().st_size
    return Holding(os.fspath(path), what, len(files), n_bytes)


def _erase(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            remove_folder(path)
        else:
            remove_file(path)
    except OSError as error:
        raise StoreError(
            f"{path}: could not be erased ({error.strerror}); erase it, and run it again"
        ) from error
    if path.exists():
        raise StoreError(f"{path}: could not be erased as a whole; check its rights, run it again")
