"""Making again what is stale: masks and identity that came from landmarks that have changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from understudy.errors import MediaError
from understudy.flow import Progress
from understudy.flow.progress import stop_if_cancelled
from understudy.imaging.focus import COLOUR, SHARPNESS, filmed
from understudy.plugin import Plugin, Registry
from understudy.stages.faces.masks import make_masks, with_mask
from understudy.stages.faces.plugins import say_devices, say_licences, settings_of
from understudy.stages.faces.source import reader_of
from understudy.stages.faces.views import FilmFaces, View
from understudy.stages.repair import pictures
from understudy.stages.repair.signals import Renewed, Signals, film_is_away
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import ANY, Query
from understudy.types import Face
from understudy.words import counted


@dataclass(frozen=True, slots=True)
class Redone:
    """What was made again, and what could not be.

    Attributes:
        faces: faces that were looked at again.
        parts: how many of each part were made again.
        left: how many of each part are still stale: nothing that is installed makes them from
            landmarks. A painted mask is one; look whether it still fits.
        pictures_cut: pictures that were cut again.
        pictures_rewritten: pictures whose record alone was written again.
        signals: what came of looking for the mesh and other signals again.
    """

    faces: int
    parts: dict[str, int]
    left: dict[str, int]
    pictures_cut: int = 0
    pictures_rewritten: int = 0
    signals: Renewed = field(default_factory=Renewed)


def redo(
    path: Path,
    registry: Registry,
    progress: Progress,
    media: Path | None = None,
    faces: Path | None = None,
    forget: bool = False,
    device: str = "cpu",
    signals: bool = False,
    sharpness: bool = False,
) -> Redone:
    """Make stale masks and embeddings again; batches of up to 64 faces are saved whole.

    Args:
        path: the alignments file.
        registry: the plug-ins.
        progress: told what is done.
        media: the film; None looks beside the alignments file.
        faces: folder of face pictures to be brought up to date as well.
        forget: drop stale parts that nothing can make again.
        device: where networks run.
        signals: also look for the mesh, and what else the aligner tells a model, where faces have
            none; stale ones are made again in any case.
        sharpness: also measure it where faces lack the number.

    Raises:
        MediaError: the film is not there.
        WeightsError: what gives signals lacks its weights.
        Cancelled: between two batches; running it again goes on.
    """
    with Alignments.open(path) as store:
        try:
            film = reader_of(store, media)
        except MediaError as error:
            raise (film_is_away(store, error) if signals else error) from error
        looker = Signals(store, registry, device, signals, progress)
        maker = _Maker(store, registry, device, forget, progress)

        def wanted(face: Face) -> bool:
            lacks = sharpness and not face.quality.keys() >= {SHARPNESS, *COLOUR}
            return lacks or looker.wanted(face) or maker.wanted(face)

        n = 0
        for views in FilmFaces(store, film).batches(wanted, progress):
            store.put_faces(maker.made(looker.made(_measured(views, maker.done))))
            n += len(views)
            stop_if_cancelled(
                progress, f"{counted(n, 'face is', 'faces are')} up to date; run it again to go on"
            )
        state = pictures.State()
        if faces is not None:
            state = pictures.update(faces, store, film, progress, rename=False)
            for code, words in pictures.State(orphans=state.orphans).remarks().items():
                progress.warn(words, code=code)
        left = dict(store.summary().stale)
        return Redone(
            n, dict(maker.done), left, len(state.stale), len(state.behind), looker.finished()
        )


def _measured(views: list[View], done: Counter[str]) -> list[View]:
    """The views, their faces with sharpness and colour where the landmarks lie now."""
    told = []
    for view in views:
        found = filmed(view.pixels, view.alignment.landmarks)
        if SHARPNESS not in view.face.quality:
            done["sharpness"] += 1
        told.append(replace(view, face=replace(view.face, quality={**view.face.quality, **found})))
    return told


class _Maker:
    """Knows which plug-in makes which part, and builds each once."""

    def __init__(
        self, store: Alignments, registry: Registry, device: str, forget: bool, progress: Progress
    ) -> None:
        self.done: Counter[str] = Counter()
        self._forget = forget
        masks = {p.name: p for p in registry.of_kind("mask")}
        embedders = {p.name: p for p in registry.of_kind("embed")}
        stale = store.summary().stale
        self._masks: dict[str, Plugin] = {
            part: masks[part[5:]] for part in stale if part[:5] == "mask:" and part[5:] in masks
        }
        used = list(self._masks.values())
        self._embed: dict[str, Plugin] = {}
        if "embedding" in stale:
            by = store.summary().made_by
            names = {n.split("@")[0].removeprefix("embed ") for n in by if n.startswith("embed ")}
            self._embed = {n: embedders[n] for n in names if n in embedders}
            used += self._embed.values()
        if used:
            say_licences(used, progress)
        self._built: dict[str, Any] = {}
        for plugin in used:
            values = settings_of(store, plugin, progress)
            self._built[f"{plugin.kind} {plugin.name}"] = plugin.build(values, device)
        say_devices(progress)
        self._any = store.count(Query(stale=ANY)) > 0

    def wanted(self, face: Face) -> bool:
        """Whether anything can be done for this face."""
        if not self._any:
            return False
        return any(
            part in self._masks
            or (part == "embedding" and self._embedder(face) is not None)
            or self._forget
            for part in face.stale
        )

    def made(self, views: list[View]) -> list[Face]:
        """The faces with their stale parts made again."""
        faces = [view.face for view in views]
        for part, plugin in self._masks.items():
            todo = [i for i, face in enumerate(faces) if part in face.stale]
            masks = make_masks(self._built[f"mask {plugin.name}"], [views[i] for i in todo])
            for i, mask in zip(todo, masks, strict=True):
                faces[i] = with_mask(faces[i], mask, plugin)
            self.done[part] += len(todo)
        faces = [self._embedded(v, f) for v, f in zip(views, faces, strict=True)]
        return [self._forgotten(face) for face in faces] if self._forget else faces

    def _embedder(self, face: Face) -> Plugin | None:
        return self._embed.get(face.made_by.get("embed", "").partition("@")[0])

    def _embedded(self, view: View, face: Face) -> Face:
        plugin = self._embedder(face)
        if plugin is None or "embedding" not in face.stale:
            return face
        vector = self._built[f"embed {plugin.name}"].embed(view.pixels, [view.alignment])[0]
        self.done["embedding"] += 1
        return replace(
            face,
            embedding=vector,
            made_by={**face.made_by, "embed": plugin.made_by},
            stale=face.stale - {"embedding"},
        )

    def _forgotten(self, face: Face) -> Face:
        gone = face.stale
        return replace(
            face,
            masks={k: m for k, m in face.masks.items() if f"mask:{k}" not in gone},
            extras={k: v for k, v in face.extras.items() if f"extra:{k}" not in gone},
            embedding=None if "embedding" in gone else face.embedding,
            stale=frozenset(),
        )
