"""Signals of faces that are there: the mesh, and what else an aligner tells beside landmarks.

Files made before meshes were kept, imported faces, and faces whose landmarks changed since lack
them. The film is looked at again with the landmarks as guess; the landmarks themselves, which
somebody may have mended, stay as they are, and the mesh is brought to lie with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from understudy.align.options import RefineOptions
from understudy.align.refine import refined
from understudy.errors import MediaError, ValueRefused
from understudy.flow import Progress
from understudy.follow.likeness import PRESENT
from understudy.follow.smooth import carried, joined, split
from understudy.geometry import Float64
from understudy.plugin import Plugin, Registry
from understudy.stages.faces.plugins import say_licences
from understudy.stages.faces.views import View
from understudy.stages.repair.along import bent_along, moved_along
from understudy.stages.repair.shape import BY_HAND
from understudy.store.alignments import Alignments
from understudy.types import Alignment, Face, Faces
from understudy.weights.needed import ensure
from understudy.words import counted

_PREFERRED = "mediapipe"
"""Where the file's own landmarks come from a predictor that gives no mesh."""
_ELSEWHERE = 0.25
"""Landmarks so far from the face's, in its sizes, are of something else."""


@dataclass(slots=True)
class Renewed:
    """What came of looking again.

    Attributes:
        faces: faces that have all signals now.
        unseen: ids of faces where the aligner sees no face.
        elsewhere: ids of faces whose landmarks lie where it sees none.
        missing: ids of faces whose frame the film does not give.
    """

    faces: int = 0
    unseen: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The faces left without, for people."""
        why = {
            "the net sees no face there": self.unseen,
            "their landmarks lie where the net sees no face": self.elsewhere,
            "the film does not show their frames": self.missing,
        }
        return [
            f"without a mesh: {counted(len(ids), 'face')}, {words}: {', '.join(ids[:8])}"
            + (", ..." if len(ids) > 8 else "")
            for words, ids in why.items()
            if ids
        ]


def lacking(store: Alignments, names: Sequence[str] = ("mesh",)) -> set[str]:
    """Ids of faces that lack one of these signals, or have it of other landmarks."""
    return {f.id for _, faces in store.by_frame() for f in faces if _lacks(f, names)}


class Signals:
    """Makes signals again that are stale, and where that is asked for those that lack."""

    def __init__(
        self, store: Alignments, registry: Registry, device: str, fill: bool, progress: Progress
    ) -> None:
        """Find out what there is to do; the aligner is built only where there is something.

        Args:
            store: the open alignments file.
            registry: the plug-ins.
            device: where networks run.
            fill: also make them where they never were.
            progress: told what is used.

        Raises:
            PluginError, WeightsError: the aligner cannot be had.
        """
        self.told = Renewed()
        self._todo: set[str] = set()
        if not fill and not any(part[:6] == "extra:" for part in store.summary().stale):
            return
        self._plugin = _aligner(store, registry)
        self._template = store.source.setting("template", "mean51")
        self._names = signals_by(self._plugin)
        stale = {f"extra:{name}" for name in self._names}
        self._todo = lacking(store, self._names) if fill else _stale(store, stale)
        if not self._todo:
            return
        ensure([self._plugin], progress)
        say_licences([self._plugin], progress)
        known, plain = store.source.setting, RefineOptions()
        helped = RefineOptions(
            known("normalise", plain.normalise),
            known("refeed", plain.refeed),
            known("realign", plain.realign),
        )
        # its own defaults: a file made without irises has no mesh because of that
        self._aligner = refined(self._plugin.build({}, device), helped)

    def wanted(self, face: Face) -> bool:
        """Whether something can be done for this face."""
        return face.id in self._todo

    def made(self, views: Sequence[View]) -> list[View]:
        """The views, wanted faces with their signals where they can be had."""
        return [self._made(view) if self.wanted(view.face) else view for view in views]

    def finished(self) -> Renewed:
        """What came of it, when all wanted faces that the film shows have been here."""
        self.told.missing = sorted(self._todo)
        return self.told

    def _look(self, view: View, guess: Float64) -> Faces:
        box = view.face.box_xyxy[None]
        found: Faces = self._aligner.align(view.pixels, Faces(box, np.ones(1), guess[None]))
        return found

    def _made(self, view: View) -> View:
        face, points, names = view.face, view.alignment.landmarks, self._names
        self._todo.discard(face.id)
        found = self._look(view, points)
        own = face.made_by.get("align", "").partition("@")[0] == self._plugin.name
        if not own and found.landmarks is not None and _sure(found) >= PRESENT:
            # others' landmarks lie elsewhere on the same face, and so did what was looked at
            found = self._look(view, found.landmarks[0])
        here = split(points)
        try:
            seen = None if found.landmarks is None else split(found.landmarks[0])
        except ValueRefused:
            seen = None
        if seen is None or _sure(found) < PRESENT:
            self.told.unseen.append(face.id)
            return view
        way = np.linalg.norm(joined(seen.head, seen.shape) - points, axis=1)
        # the middle one, so that a part that slipped is not taken for another place
        if float(np.median(way)) > _ELSEWHERE * here.size:
            self.told.elsewhere.append(face.id)
            return view
        self.told.faces += 1
        extras = {name: found.extras[name][0] for name in names}
        by_hand = face.made_by.get("align", "") in BY_HAND
        before = joined(seen.head, seen.shape)
        if by_hand:
            placed = moved_along(extras["mesh"], before, points)
        else:
            # other predictors' landmarks lie a little elsewhere on the same face
            placed = carried(extras["mesh"], seen.head, here.head)
        mesh = bent_along(extras["mesh"], before, points, here.size) if by_hand else placed
        alignment = face.alignment
        if self._template == "mesh" and (by_hand or "mesh" not in face.extras):
            # others have a square by their mesh, which was smoothed over time and went along since
            alignment = Alignment.fit(points, alignment.unit_from_frame.src, "mesh", placed)
        renewed = replace(
            face,
            alignment=alignment,
            extras={**face.extras, **extras, "mesh": mesh},
            made_by={**face.made_by, "signals": self._plugin.made_by},
            stale=face.stale - {f"extra:{name}" for name in names},
        )
        return replace(view, face=renewed, alignment=alignment)


def _sure(found: Faces) -> float:
    return 1.0 if found.presence is None else float(found.presence[0])


def signals_by(plugin: Plugin) -> tuple[str, ...]:
    """What an aligner tells of a face beside landmarks and what a model may be told."""
    return tuple(getattr(plugin.load(), "signals", ()))


def film_is_away(store: Alignments, error: MediaError) -> MediaError:
    """The error again, with how many faces wait for the film."""
    return MediaError(
        f"{error}; {len(lacking(store))} faces of {store.path.name} lack a mesh, and only the film "
        "can give it"
    )


def _aligner(store: Alignments, registry: Registry) -> Plugin:
    """The predictor that made the file's landmarks, if it gives a mesh, else the usual one."""
    known = {p.name: p for p in registry.of_kind("align")}
    own = known.get(str(store.source.setting("aligner", "")))
    if own is not None and "mesh" in signals_by(own):
        return own
    return registry.get("align", _PREFERRED)


def _lacks(face: Face, names: Sequence[str]) -> bool:
    return any(name not in face.extras or f"extra:{name}" in face.stale for name in names)


def _stale(store: Alignments, parts: set[str]) -> set[str]:
    return {f.id for _, faces in store.by_frame() for f in faces if parts & f.stale}
