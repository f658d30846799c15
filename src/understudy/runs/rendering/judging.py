"""Scores while a model learns: which faces of which films, swapped and looked at as in a render.

Neither training nor conversion nor evaluation knows of the others; here they meet. The faces are
those that the model is for: of its renders, or of the first person's film as the second person
where nothing was rendered yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import NoFaces, UnderstudyError
from understudy.flow import Progress, mapped
from understudy.geometry.facemesh.build import Build
from understudy.imaging.composite import feathered
from understudy.media import FilmReader, probe
from understudy.nn.device import cpu_count
from understudy.options import from_mapping, results
from understudy.plugin import Registry
from understudy.runs.rendering.scoring import films_of, footage_of
from understudy.score.combined import QUESTIONS
from understudy.stages.convert.composer import AnyComposer, composer_for
from understudy.stages.convert.look.bounds import edge_of, moved_in
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.evaluate.donors import Donor, Resolution
from understudy.stages.evaluate.gather import scorers_of
from understudy.stages.evaluate.looking import Eyes
from understudy.stages.evaluate.options import ScoreOptions
from understudy.stages.evaluate.panel import Panel
from understudy.stages.evaluate.plates import Target
from understudy.stages.evaluate.report import EvaluateReport
from understudy.stages.faces.casting import Casting, Part
from understudy.stages.faces.mattes import mask_of, missing_in
from understudy.stages.faces.source import as_found, assumed_colour
from understudy.stages.faces.surfaces import builds_in
from understudy.stages.faces.windows import Window, window_of
from understudy.stages.train.moments.heldout import stretches
from understudy.stages.train.moments.read import FaceKey
from understudy.stages.train.moments.traits import traits
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.scored.judge import Judged
from understudy.stages.train.scored.kept import short_key
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset, read_record
from understudy.store.project import ALL, Project, Source
from understudy.swap.loading import Swapper
from understudy.words import are, counted

_MOST_FILMS, _FEWEST = 4, 8
"""A model of many renders is scored on the newest of them, and on not too few faces of each."""


@dataclass(frozen=True, slots=True)
class Found:
    """A film and what was found in it.

    Attributes:
        id: what messages call it.
        film: where it is.
        alignments: its alignments file.
        faces: folder of its face pictures.
    """

    id: str
    film: Path
    alignments: Path
    faces: Path

    @classmethod
    def of(cls, project: Project, source: Source) -> Found:
        """A film of a project."""
        id_ = source.id
        return cls(id_, project.place(id_), project.alignments(id_), project.faces(id_))


@dataclass(frozen=True, slots=True)
class Plate:
    """A film that the model is for.

    Attributes:
        source: the film.
        casting: who becomes whom in it.
        converting: how it is converted.
    """

    source: Found
    casting: Mapping[str, str | None]
    converting: ConvertOptions = field(default_factory=ConvertOptions)


@dataclass(frozen=True, slots=True)
class _Scored:
    """A face that is scored."""

    plate: Plate
    frame: int
    id: str
    part: Part


def judge_for(
    project: Project,
    plates: Sequence[Plate],
    options: TrainOptions,
    registry: Registry,
    progress: Progress,
) -> HeldOut | None:
    """`judge_of` for films of a project."""
    donors = {to for plate in plates for to in plate.casting.values() if to is not None}
    footage = {donor: footage_of(project, donor) for donor in donors}
    return judge_of(plates, footage, options, registry, progress)


def judge_of(
    plates: Sequence[Plate],
    footage: Mapping[str, Sequence[Donor]],
    options: TrainOptions,
    registry: Registry,
    progress: Progress,
) -> HeldOut | None:
    """Who scores a model while it learns, or None where nothing is to be scored or can be.

    Args:
        plates: the films that the model is for, see `plates_of`.
        footage: of the persons who go in, by their ids.
        options: of the training; a first look, without training, is not scored.
        registry: of plug-ins.
        progress: told what is scored, or why nothing is.
    """
    if not options.score_faces or not (options.minutes or options.iterations):
        return None
    if not plates:
        progress.say(
            "the model is not scored while it learns: no film is known here that shows a person "
            "of it, with the faces that were found"
        )
        return None
    try:
        return HeldOut(plates, footage, options, registry, progress)
    except UnderstudyError as error:
        progress.warn(f"the model is not scored while it learns: {error}", code="not-scored")
        return None


def plates_of(project: Project, model: str, persons: Sequence[str]) -> list[Plate]:
    """The films that a model is for: of its renders, or of its first person as the second.

    Args:
        project: that has it.
        model: its name.
        persons: ids of its persons, in its order.
    """
    found: dict[str, Plate] = {}
    for render in reversed(project.renders):
        donors = {to for to in render.casting.values() if to is not None}
        if render.model == model and donors <= set(persons) and render.source not in found:
            source = project.source(render.source)
            if _there(project, source):
                converting = from_mapping(ConvertOptions, render.settings, "convert")
                plate = Plate(Found.of(project, source), render.casting, converting)
                found[source.id] = plate
    if found:
        return list(found.values())[:_MOST_FILMS]
    for source in films_of(project, persons[0]):
        if _there(project, source):
            numbers = source.numbers_of(persons[0])
            casting = dict.fromkeys(numbers or (ALL,), persons[1])
            return [Plate(Found.of(project, source), casting)]
    return []


def _there(project: Project, source: Source) -> bool:
    """Whether a film and what was extracted of it can be looked at."""
    try:
        film = source.kind == "film" and project.place(source.id).exists()
        with Alignments.open(project.alignments(source.id), read_only=True) as store:
            return film and store.finished and project.faces(source.id).is_dir()
    except UnderstudyError:
        return False


class HeldOut:
    """A `Judge`: faces that training does not see, swapped and scored again and again.

    Attributes:
        left_out: see `Judge`.
        key: see `Judge`.
    """

    def __init__(
        self,
        plates: Sequence[Plate],
        footage: Mapping[str, Sequence[Donor]],
        options: TrainOptions,
        registry: Registry,
        progress: Progress,
    ) -> None:
        """Choose the faces; nothing is decoded yet.

        Raises:
            NoFaces: the films have no face pictures of whom they are cast for.
            StoreError, PluginError, WeightsError: alignments, pictures or eyes are missing.
        """
        self._footage, self._registry, self._progress = footage, registry, progress
        self._workers = options.threads or cpu_count()
        each = max(_FEWEST, options.score_faces // len(plates))
        self.left_out: frozenset[FaceKey] = frozenset()
        self._scored: list[_Scored] = []
        for plate in plates:
            self._choose(plate, min(each, options.score_faces))
        if not self._scored:
            films = ", ".join(plate.source.id for plate in plates)
            raise NoFaces(f"{films}: no face picture shows anybody who is replaced")
        self._eyes = Eyes(ScoreOptions(), registry, progress)
        eyes = [self._eyes.detector, *self._eyes.readers, self._eyes.embedder]
        faces = [(s.plate.source.id, s.id, *s.part) for s in self._scored]
        how = [results(plate.converting) for plate in plates]
        self.key = short_key(json.dumps([eyes, faces, how], sort_keys=True))
        self._windows: list[tuple[_Scored, Window]] = []
        self._builds: dict[str, Mapping[Part, Build]] = {}
        self._panel: Panel | None = None

    def _choose(self, plate: Plate, count: int) -> None:
        """Choose faces of one film, and say which."""
        source = plate.source
        paths = list_faceset(source.faces)
        rows: dict[Part, list[tuple[int, str, Any]]] = {}
        with Alignments.open(source.alignments, read_only=True) as store:
            casting = Casting(store, plate.casting, "all", source.faces)
            shows = {track.number: track.person for track in store.tracks()}
            film = store.source.fingerprint
            for record in mapped(read_record, paths, self._workers):
                face = record.face
                part = casting.part(None if face.track is None else shows.get(face.track))
                if part is not None and record.source_fingerprint == film:
                    row = face.at.index, face.id, face.alignment.landmarks_unit
                    rows.setdefault(part, []).append(row)
        for part, found in sorted(rows.items()):
            found.sort(key=lambda row: row[:2])
            chosen = stretches(traits(np.stack([row[2] for row in found])), count)
            out = {(film, found[i][1]) for s in chosen for i in s.left_out}
            self.left_out |= out
            self._scored += [_Scored(plate, *found[s.scored][:2], part) for s in chosen]
            unseen = (
                f"{len(out)} of {len(found)} {are(len(out))} left out of training for it"
                if out
                else f"training sees them too, since {len(found)} are too few to leave any out"
            )
            self._progress.say(
                f"the score while it learns is of {counted(len(chosen), 'face')} of {source.id} "
                f"as {part.to}; "
                f"{unseen}"
            )

    def prepare(self) -> None:
        """See `Judge.prepare`."""
        panel = Panel(self._eyes, self._registry, self._footage)
        with self._progress.task("the faces to be scored", len(self._scored), "faces") as bar:
            for window in self._cut():
                self._windows.append(window)
                bar.advance(1)
        found = panel.add([(_target(*one), one[1].frame.pixels) for one in self._windows])
        if not found:
            raise NoFaces(
                f"none of the faces to be scored was found again by {self._eyes.detector}"
            )
        self._panel = panel

    def __call__(self, swapper: Swapper) -> Judged:
        """See `Judge`."""
        if self._panel is None:
            raise RuntimeError("prepare was not called")
        size = Resolution(swapper.output_px, swapper.coverage, swapper.centering)
        found = self._panel.judged(self._swapped(swapper), size)
        report = EvaluateReport(parts={str(part): mine for part, mine in found.items()})
        figures = {name.removeprefix("score/"): value for name, value in report.metrics().items()}
        combined = figures.pop("combined", float("nan"))
        return Judged(combined, figures, "" if np.isfinite(combined) else self._why(report))

    def _why(self, report: EvaluateReport) -> str:
        """Which questions have no answer, and what their parts say of it."""
        scorers, found = scorers_of(self._registry), []
        for part in report.parts.values():
            for group, question in QUESTIONS.items():
                if not np.isfinite(part.answers.get(group, np.nan)):
                    mine = (s.words for n, s in part.scores.items() if scorers[n].group == group)
                    found.append(f"{question}? {', '.join(mine)}")
        return "; ".join(dict.fromkeys(found)) or "no face was found again where it was swapped"

    def _swapped(self, swapper: Swapper) -> Iterator[NDArray[np.uint8]]:
        """The windows in their order, each with its face swapped; not all are held at once."""
        for plate, windows in self._by_plate().items():
            composer = self._composer(plate, swapper)
            parts = [(window.frame, window.face, part) for part, window in windows]
            fresh = composer.made(parts)
            pairs = [(frame, [one]) for (frame, _, _), one in zip(parts, fresh, strict=True)]
            for frame in mapped(composer.composed, pairs, self._workers):
                yield frame.pixels

    def _by_plate(self) -> dict[str, list[tuple[Part, Window]]]:
        """Windows by film, in the order in which they were cut."""
        found: dict[str, list[tuple[Part, Window]]] = {}
        for scored, window in self._windows:
            found.setdefault(scored.plate.source.id, []).append((scored.part, window))
        return found

    def _cut(self) -> Iterator[tuple[_Scored, Window]]:
        """The faces in their surroundings, films and frames in order."""
        wanted: dict[str, list[_Scored]] = {}
        for scored in self._scored:
            wanted.setdefault(scored.plate.source.id, []).append(scored)
        for mine in wanted.values():
            with ExitStack() as held:
                store, casting = self._opened(mine[0].plate, held)
                info = as_found(store, probe(mine[0].plate.source.film))
                film = FilmReader(info, "8", assumed_colour(store))
                for scored in sorted(mine, key=lambda s: (s.frame, s.id)):
                    frame = next(iter(film.frames(store.timestamp(scored.frame))))
                    here = casting.between(scored.frame, scored.frame).get(scored.frame, [])
                    for face, _ in here:
                        if face.id == scored.id:
                            yield scored, window_of(frame, face)

    def _composer(self, id_: str, swapper: Swapper) -> AnyComposer:
        plate = next(s.plate for s in self._scored if s.plate.source.id == id_)
        options = plate.converting

        def builds() -> Mapping[Part, Build]:
            if id_ not in self._builds:
                with ExitStack() as held:
                    _, casting = self._opened(plate, held)
                    self._builds[id_] = builds_in(casting, options.mask)
            return self._builds[id_]

        def shots() -> Sequence[int]:
            with Alignments.open(plate.source.alignments, read_only=True) as store:
                return store.shots()

        return composer_for(options, swapper, self._registry, builds, shots=shots)

    def _opened(self, plate: Plate, held: ExitStack) -> tuple[Alignments, Casting]:
        film, which = plate.source, plate.converting.faces
        store = held.enter_context(Alignments.open(film.alignments, read_only=True))
        return store, Casting(store, plate.casting, which, film.faces)


def _target(scored: _Scored, window: Window) -> Target:
    """A face as the evaluation has it, with the matte that it is pasted by."""
    o, face = scored.plate.converting, window.face
    if lacking := missing_in(face, o.mask):
        raise NoFaces(
            f"face {face.id} of {scored.plate.source.id} has no mask {lacking[0]!r}; make it with "
            "understudy mask"
        )
    mask = mask_of(face, o.mask, moved=moved_in(o, face))
    patch = feathered(mask, mask.grid_from_frame, window.frame.space, edge=edge_of(o))
    alpha = np.zeros(window.frame.pixels.shape[:2], np.float32)
    patch.window(alpha)[:] = patch.alpha
    return Target(scored.part, face.box_xyxy, face.alignment, alpha)
