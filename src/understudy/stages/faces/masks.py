"""Adding masks to faces that are there, writing masks as images, and reading painted ones.

Works on an alignments file with its film, or on a folder of face pictures, each seen as a small
frame of its own. Batches of up to 64 faces are saved whole, so a run that is stopped or killed
goes on with the faces that have no mask yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from understudy.errors import ValueRefused
from understudy.flow import Progress
from understudy.flow.progress import stop_if_cancelled
from understudy.mask import mask_all
from understudy.plugin import Plugin, Registry
from understudy.stages.faces.plugins import say_devices, say_licences
from understudy.stages.faces.views import View
from understudy.store.alignments import Alignments
from understudy.types import Face, Mask
from understudy.words import counted

Wanted = Callable[[Face], bool]


class Faces(Protocol):
    """Where faces come from and go back to: `views.FilmFaces` or `views.PictureFaces`."""

    def batches(self, wanted: Wanted, progress: Progress) -> Iterator[list[View]]:
        """Wanted faces in order, at most 64 at a time."""

    def save(self, faces: Sequence[tuple[View, Face]]) -> None:
        """Save changed faces, all or none of them."""


@dataclass(frozen=True, slots=True)
class MaskReport:
    """How many faces got masks, of which kinds."""

    faces: int
    kinds: tuple[str, ...]


def add_masks(
    source: Faces,
    kinds: Sequence[str],
    everything: bool,
    registry: Registry,
    progress: Progress,
    device: str = "cpu",
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> MaskReport:
    """Make masks of these kinds.

    Args:
        source: the faces.
        kinds: names of mask plug-ins.
        everything: all faces; otherwise those that lack a kind or have it stale.
        registry: the plug-ins.
        progress: told what is done.
        device: where networks run.
        settings: options of the plug-ins, by kind; defaults for those that are not named.

    Raises:
        PluginError: no such plug-in.
        Cancelled: between two batches, which are saved.
    """
    plugins = [registry.get("mask", kind) for kind in kinds]
    say_licences(plugins, progress)
    makers = {p: p.build((settings or {}).get(p.name), device) for p in plugins}
    say_devices(progress)

    def wanted(face: Face) -> bool:
        return everything or any(lacks(face, kind) for kind in kinds)

    n = 0
    for views in source.batches(wanted, progress):
        faces = [v.face for v in views]
        for plugin, maker in makers.items():
            todo = [i for i, face in enumerate(faces) if everything or lacks(face, plugin.name)]
            for i, mask in zip(todo, make_masks(maker, [views[i] for i in todo]), strict=True):
                faces[i] = with_mask(faces[i], mask, plugin)
        source.save(list(zip(views, faces, strict=True)))
        n += len(views)
        how = "run it again" if everything else "go on with --process missing"
        stop_if_cancelled(progress, f"masks of {counted(n, 'face')} are saved; {how}")
    return MaskReport(n, tuple(kinds))


def mask_settings(
    store: Alignments | None,
    kinds: Sequence[str],
    given: Mapping[str, Mapping[str, Any]],
    everything: bool,
    registry: Registry,
) -> dict[str, dict[str, Any]]:
    """How masks of these kinds are to be made: as those in the file were, and as is said now.

    Args:
        store: the alignments file, or None for face pictures; it keeps the settings.
        kinds: names of mask plug-ins.
        given: options said now, by kind.
        everything: whether masks that are there are made again; without, they must have been made
            alike.
        registry: the plug-ins.

    Raises:
        PluginError: no such plug-in.
        ValueRefused: an option is unknown or not allowed, or other masks of the kind, which are
            to stay, were made otherwise.
    """
    made: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        plugin = registry.get("mask", kind)
        known = None if store is None else store.source.step("mask", kind)
        made[kind] = plugin.settings({**(known or {}), **given.get(kind, {})})
        if store is None or made[kind] == known:
            continue
        found = store.summary()
        fresh = found.masks.get(kind, 0) - found.stale.get(f"mask:{kind}", 0)
        changed = [f"{k} {v}" for k, v in (known or {}).items() if made[kind].get(k, v) != v]
        if fresh > 0 and changed and not everything:
            raise ValueRefused(
                f"{fresh} masks {kind!r} were made with {', '.join(changed)}; say the same, or "
                "--process all to make every one again"
            )
        if everything:
            mark_all_stale(store, [kind])  # first, so that no death leaves masks that seem to be so
        store.keep_step("mask", kind, made[kind])
    return made


def with_mask(face: Face, mask: Mask, maker: Plugin | str) -> Face:
    """The face with this mask in place of another of its kind, and who made it."""
    made_by = maker if isinstance(maker, str) else maker.made_by
    name = made_by.partition("@")[0]
    others = [m for m in face.made_by.get("mask", "").split() if m.partition("@")[0] != name]
    return replace(
        face,
        masks={**face.masks, mask.kind: mask},
        made_by={**face.made_by, "mask": " ".join([*others, made_by])},
        stale=face.stale - {f"mask:{mask.kind}"},
    )


def lacks(face: Face, kind: str) -> bool:
    """Whether the face has no such mask, or one that is stale."""
    return kind not in face.masks or f"mask:{kind}" in face.stale


def mark_all_stale(store: Alignments, kinds: Sequence[str]) -> None:
    """Mark masks of these kinds stale, so that making all of them again can be interrupted."""
    store.put_faces(
        replace(f, stale=f.stale | {f"mask:{kind}" for kind in kinds if kind in f.masks})
        for _, faces in store.by_frame()
        for f in faces
    )


def make_masks(maker: Any, views: Sequence[View]) -> list[Mask]:
    """Masks of views, on the grids of their frames."""
    if not views:
        return []
    made = mask_all(maker, [v.pixels for v in views], [v.alignment for v in views])
    return [view.mask_to_frame(mask) for view, mask in zip(views, made, strict=True)]
