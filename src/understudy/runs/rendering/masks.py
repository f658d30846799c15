"""The mask that a conversion asks for: known, there, or made before the work that needs it."""

from __future__ import annotations

from pathlib import Path

from understudy.errors import ValueRefused
from understudy.flow import Progress
from understudy.nn.device import DeviceName, choose_device
from understudy.plugin import Registry
from understudy.stages.faces.masks import add_masks, mask_settings
from understudy.stages.faces.mattes import how_to_have
from understudy.stages.faces.plugins import helpers_of
from understudy.stages.faces.source import reader_of
from understudy.stages.faces.views import FilmFaces
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query
from understudy.store.project import Project, Source
from understudy.weights.needed import ensure


def known_masks(mask: str, alignments: Path | None, registry: Registry) -> set[str]:
    """Refuse a mask that neither a plug-in makes nor the footage's alignments keep.

    Returns:
        The masks that the alignments keep.

    Raises:
        ValueRefused: it is unknown; says which there are.
    """
    known = {plugin.name for plugin in registry.of_kind("mask")}
    made: set[str] = set()
    if alignments is not None and alignments.exists():
        with Alignments.open(alignments, read_only=True) as store:
            made = set(store.summary().masks)
    if mask not in known | made:
        raise ValueRefused(
            f"mask: there is no mask {mask!r}; there are: {', '.join(sorted(known | made))}"
        )
    return made


def check_known(mask: str, alignments: Path, registry: Registry, progress: Progress) -> None:
    """Refuse a mask that neither a plug-in makes nor the footage's alignments keep.

    Weights of one that is to be made are fetched now: what cannot be had is said before the work.

    Raises:
        ValueRefused: it is unknown; says which there are.
        WeightsError, PluginError: it cannot be made on this machine.
    """
    if mask not in known_masks(mask, alignments, registry):
        plugin = registry.get("mask", mask)
        ensure([plugin, *helpers_of(plugin, {}, registry)], progress)


def refuse_unmade(project: Project, source: Source, mask: str, registry: Registry) -> None:
    """Refuse a mask that no face of a film has, before a render is made of it.

    Raises:
        ValueRefused: with the command that makes it.
    """
    path = project.alignments(source.id)
    if not path.exists():
        return
    with Alignments.open(path, read_only=True) as store:
        if not store.count(Query()) or store.count(Query(mask=mask)):
            return
        there = ", ".join(store.summary().masks) or "none"
    raise ValueRefused(
        f"mask: no face of {source.id} has a mask {mask!r}; there are: {there}. Choose one of "
        f"these, or {how_to_have(mask, path, registry)}"
    )


def make_missing(
    project: Project,
    source: Source,
    mask: str,
    registry: Registry,
    progress: Progress,
    device: DeviceName,
) -> None:
    """Make a mask for the faces of a film that lack it, where a plug-in makes it.

    Raises:
        InUse: somebody else writes the film's alignments.
    """
    if mask not in {plugin.name for plugin in registry.of_kind("mask")}:
        return
    path = project.alignments(source.id)
    with Alignments.open(path, read_only=True) as store:
        if not store.count(Query(without_mask=mask)):
            return
    progress.say(f"{source.id}: making the mask {mask}, which the conversion asks for")
    with Alignments.open(path) as store:
        settings = mask_settings(store, [mask], {}, False, registry)
        faces = FilmFaces(store, reader_of(store, project.place(source.id)))
        on = str(choose_device(device).device)
        add_masks(faces, [mask], False, registry, progress, on, settings)
