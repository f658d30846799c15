"""What can be said of a project at a glance: plain values for pages and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from understudy.shell import quoted
from understudy.words import counted


@dataclass(frozen=True, slots=True)
class FilmState:
    """A film or folder of a project.

    Attributes:
        id: of the source.
        name: of its file or folder.
        kind: "film", or "faces" for a folder of face pictures.
        width, height: of its frames in pixels; 0 where they are not known.
        frames: how many the file declares, or were read; 0 where that is not known.
        looked_at: how many frames extraction has looked at.
        finished: whether it has looked at all of them.
        faces: how many were found.
        found: how many persons were found.
        shows: number found, or "all", to the id of the person.
        health: remarks on the film, such as that it is interlaced.
        trouble: why nothing more can be said of it, or "".
    """

    id: str
    name: str
    kind: str
    width: int = 0
    height: int = 0
    frames: int = 0
    looked_at: int = 0
    finished: bool = False
    faces: int = 0
    found: int = 0
    shows: Mapping[str, str] | None = None
    health: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class PersonState:
    """A person of a project.

    Attributes:
        id, name: of the person.
        consent: "declared" where a conversion is allowed, else "missing" or "refused".
        why: what stands against it, or "".
    """

    id: str
    name: str
    consent: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class ModelState:
    """A trained model: `score` is 0 to 100, or None where it was never scored."""

    name: str
    persons: tuple[str, ...]
    plugin: str
    step: int
    losses: Mapping[str, float]
    score: float | None
    n_bytes: int
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class RenderState:
    """A render: `output` as its path is shown, `made` whether it is there."""

    id: str
    source: str
    model: str
    output: str
    made: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the work on a project.

    Attributes:
        id: "films", "faces", "cast", "consent", "train" or "convert".
        state: "done", "next" for the first that is not, "waits" for those after it.
        words: how far it is.
    """

    id: str
    state: Literal["done", "next", "waits"]
    words: str


@dataclass(frozen=True, slots=True)
class ProjectState:
    """A project at a glance.

    Attributes:
        key: names it in addresses.
        name: of its folder.
        place: its folder as it is shown.
        sources, persons, models, renders: what is in it.
        stages: of the work, in order, each with how far it is.
        next: what would be done next, in words.
        command: the same for a terminal, or "" where nothing is left to do.
        trouble: why it cannot be opened, or "".
    """

    key: str
    name: str
    place: str
    sources: tuple[FilmState, ...] = ()
    persons: tuple[PersonState, ...] = ()
    models: tuple[ModelState, ...] = ()
    renders: tuple[RenderState, ...] = ()
    stages: tuple[Stage, ...] = ()
    next: str = ""
    command: str = ""
    trouble: str = ""


def with_stages(state: ProjectState, folder: Path) -> ProjectState:
    """The same project with its stages, and what would be done next.

    Args:
        state: all but those.
        folder: of the project, for the command.
    """
    films = [s for s in state.sources if s.kind == "film"]
    undone = [s for s in films if not s.finished and not s.trouble]
    unnamed = [s for s in films if s.faces and not s.shows]
    missing = [p for p in state.persons if p.consent != "declared"]
    trained = [m for m in state.models if m.step]
    made = [r for r in state.renders if r.made]
    place = quoted(folder)
    steps: list[tuple[str, bool, str, str, str]] = [
        (
            "films",
            bool(state.sources),
            _films(state.sources),
            "Add a film",
            f"understudy add {place} FILM --person NAME",
        ),
        (
            "faces",
            bool(state.sources) and not undone,
            _faces(films, undone),
            f"Find the faces of {undone[0].name}" if undone else "",
            f"understudy extract {place}",
        ),
        (
            "cast",
            bool(state.persons) and not unnamed,
            ", ".join(p.name or p.id for p in state.persons) or "nobody is named yet",
            f"Say who is in {unnamed[0].name}" if unnamed else "Say who is in the films",
            f"understudy cast {place}",
        ),
        (
            "consent",
            bool(state.persons) and not missing,
            f"{len(state.persons) - len(missing)} of {counted(len(state.persons), 'person')} "
            "declared",
            f"Declare the consent of {missing[0].name or missing[0].id}" if missing else "",
            f"understudy consent {place}",
        ),
        ("train", bool(trained), _models(trained), "Train a model", f"understudy train {place}"),
        (
            "convert",
            bool(made),
            counted(len(made), "output") if made else "nothing is made yet",
            "Convert a film",
            f"understudy convert {place}",
        ),
    ]
    open_ = [step for step in steps if not step[1]]
    stages = tuple(
        Stage(id_, "done" if done else "next" if id_ == open_[0][0] else "waits", words)
        for id_, done, words, _, _ in steps
    )
    wanted, command = open_[0][3:] if open_ else ("Look at what was made", "")
    return replace(state, stages=stages, next=wanted, command=command)


def _films(sources: Sequence[FilmState]) -> str:
    films = sum(s.kind == "film" for s in sources)
    folders = len(sources) - films
    words = [counted(films, "film")] if films or not folders else []
    words += [counted(folders, "folder of faces", "folders of faces")] if folders else []
    return ", ".join(words)


def _faces(films: Sequence[FilmState], undone: Sequence[FilmState]) -> str:
    if undone and undone[0].looked_at:
        film = undone[0]
        of = f" of {film.frames}" if film.frames else ""
        return f"{film.name}: frames looked at: {film.looked_at}{of}"
    found = counted(sum(s.faces for s in films), "face")
    return f"{found} in {len(films) - len(undone)} of {counted(len(films), 'film')}"


def _models(trained: Sequence[ModelState]) -> str:
    if not trained:
        return "no model yet"
    best = max(trained, key=lambda m: m.score or 0.0)
    score = "" if best.score is None else f", score {best.score:.0f}"
    return f"{best.name}: {counted(best.step, 'step')}{score}"
