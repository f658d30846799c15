"""Films whose alignments several projects use: no project changes another one's faces unsaid."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from understudy.errors import DiskFull, FileAway, InUse, StoreError
from understudy.events.words import printable
from understudy.files import is_project, make_folder, same_file
from understudy.flow import Progress
from understudy.shell import quoted
from understudy.stages.faces.pictures import set_alignments
from understudy.store.alignments import Alignments
from understudy.store.alignments.users import forget_users, note_user, users_of
from understudy.store.project import Project, Source
from understudy.words import counted

_NAMED = 5


def note(project: Project, source: Source) -> None:
    """Note in a film's alignments that this project uses them, where they are not its own.

    A file that may not be written, or that another one writes, is noted in by the next extraction.
    """
    path = project.alignments(source.id)
    if not path.is_relative_to(project.folder):
        with suppress(StoreError, DiskFull, InUse):
            note_user(path, project.folder)


def others_of(path: Path, own: Path | None = None) -> list[Path]:
    """Folders of the projects that use these alignments, without `own` and those that are gone."""
    if not path.is_file():
        return []
    mine = None if own is None else own.absolute()
    return [user for user in users_of(path) if user != mine and _uses(user, path)]


def keep_own(project: Project, source: Source, progress: Progress) -> Path:
    """The alignments that a project may change: a copy of its own where others use them too.

    Raises:
        StoreError, DiskFull: they cannot be copied.
    """
    path = project.alignments(source.id)
    others = others_of(path, project.folder)
    if path.is_relative_to(project.folder) or not others:
        return path
    own = project.own_alignments(source.id, project.place(source.id))
    make_folder(own.parent)
    with Alignments.open(path, read_only=True) as store:
        store.copy_to(own)
    forget_users(own)
    set_alignments(project.faces(source.id), own)
    with suppress(StoreError, DiskFull, InUse):
        forget_users(path, project.folder)
    progress.say(
        f"{source.id}: {path} is used by {named(others)} as well and stays as it is; this project "
        f"has alignments of its own now: {own}"
    )
    return own


def refuse_shared(path: Path, faces: Path | None) -> None:
    """Refuse to change alignments that several projects use.

    Args:
        path: the alignments.
        faces: folder of face pictures of the project that is meant, or None.

    Raises:
        StoreError: says how one project is given its own.
    """
    project = None if faces is None else faces.absolute().parent.parent.parent
    users = others_of(path)
    others = [user for user in users if user != project]
    if not others or (project is None and len(users) == 1):
        return
    mine = project if project is not None and is_project(project) else users[-1]
    raise StoreError(
        f"{path}: is used by {named(users)}, and this would change the faces of each; give one "
        f"of them its own first, which loses nothing: understudy alignments own {quoted(mine)} "
        f"{quoted(path)}; or say --shared to change them for all"
    )


def named(projects: Sequence[Path]) -> str:
    """Projects in words, which a file may call whatever it likes, and some of many."""
    words = [printable(str(project)) for project in projects[:_NAMED]]
    if projects[_NAMED:]:
        words.append(counted(len(projects) - _NAMED, "other", "others"))
    return " and ".join(words)


def _uses(folder: Path, path: Path) -> bool:
    """Whether a project is still there and has no alignments of its own for this film."""
    if not is_project(folder):
        return False
    try:
        with Project.open(folder, read_only=True) as project:
            films = [source for source in project.sources if source.kind == "film"]
            places = []
            for source in films:
                with suppress(FileAway):
                    places.append(project.alignments(source.id))
    except StoreError:
        return True  # a project that cannot be read is not for others to decide about
    return any(same_file(place, path) for place in places)
