"""Which plug-ins an extraction uses, said aloud: their licences, and why a last resort is taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from understudy.errors import PluginError, WeightsError
from understudy.flow import Progress
from understudy.options import fields_of, results, to_mapping
from understudy.options.tree import check_branches
from understudy.plugin import Plugin, Registry
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.faces.plugins import helpers_of, say_licences
from understudy.store.alignments import Alignments
from understudy.weights.needed import all_plugins, ensure, require_commercial, state

_PREFERRED = {f.name: f.names for f in fields_of(ExtractOptions) if f.names and f.names.auto}
"""Options that may be `auto`: the first is taken, or where its weights cannot be had, the last."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The plug-ins of an extraction."""

    detector: Plugin
    aligner: Plugin
    embedder: Plugin | None
    maskers: tuple[Plugin, ...]
    helpers: tuple[Plugin, ...] = ()
    """Plug-ins that others use: what parses faces for the occlusion mask."""

    @property
    def all(self) -> list[Plugin]:
        """All of them, in the order of work."""
        used = (self.detector, self.aligner, self.embedder, *self.maskers, *self.helpers)
        return [p for p in used if p is not None]


def resolved(
    options: ExtractOptions, registry: Registry, before: Alignments | None, progress: Progress
) -> ExtractOptions:
    """The options with every `auto` decided.

    What an earlier run of the same file decided is kept, so that a run that goes on is the same.

    Raises:
        WeightsError: neither the first choice nor the last resort can be had.
    """
    decided: dict[str, Any] = {}
    failed = _fetch_together(options, registry, before, progress)
    for name, preferred in _PREFERRED.items():
        first, last_resort = preferred.auto[0], preferred.auto[-1]
        if getattr(options, name) != "auto":
            continue
        known = None if before is None else before.source.setting(name, None)
        if known is not None:
            decided[name] = str(known)
            continue
        if before is not None and before.finished:
            decided[name] = first  # nothing is left to find, so nothing need be fetched
            continue
        try:
            plugin = registry.get(preferred.kind, first)
            if failed is not None and not all(state(record).path for record in plugin.weights):
                raise failed  # it was tried a moment ago
            ensure([plugin], progress)
            decided[name] = first
        except (WeightsError, PluginError) as error:
            _require_last_resort(registry.get(preferred.kind, last_resort), first, error, progress)
            decided[name] = last_resort
            progress.warn(
                f"{name}: {last_resort} is used as the last resort, because {error}",
                code="last-resort",
                part=name,
                used=last_resort,
            )
    if options.template == "auto":
        # files that do not say were made when there was but one
        known = "mesh" if before is None else before.source.setting("template", "mean51")
        decided["template"] = str(known)
    return replace(options, **decided)


def _fetch_together(
    options: ExtractOptions, registry: Registry, before: Alignments | None, progress: Progress
) -> WeightsError | None:
    """Fetch for all that is `auto` at once: one archive of many MiB may carry several's weights.

    Returns:
        Why not all of them could be had, or None.
    """
    if before is not None and before.finished:
        return None
    wanted = [
        plugin
        for name, preferred in _PREFERRED.items()
        if getattr(options, name) == "auto"
        and (before is None or before.source.setting(name, None) is None)
        for plugin in registry.of_kind(preferred.kind)
        if plugin.name == preferred.auto[0] and not plugin.missing
    ]
    try:
        ensure(wanted, progress)
    except WeightsError as error:
        return error
    return None


def _require_last_resort(plugin: Plugin, first: str, why: Exception, progress: Progress) -> None:
    try:
        ensure([plugin], progress)
        plugin.load()
    except (WeightsError, PluginError) as error:
        raise WeightsError(
            f"{first} cannot be used: {why}. Nor can its last resort: {error}"
        ) from why


def choose(options: ExtractOptions, registry: Registry, progress: Progress) -> Chosen:
    """The records behind resolved options, their weights fetched; says what their licences forbid.

    Raises:
        PluginError: one is unknown, or may not be used commercially although that was asked for.
        WeightsError: weights cannot be had; says how to get them otherwise.
    """
    chosen = Chosen(
        registry.get("detect", options.detector),
        registry.get("align", options.aligner),
        None if options.embedder == "none" else registry.get("embed", options.embedder),
        tuple(registry.get("mask", name) for name in options.mask_names),
        tuple(
            helper
            for name in options.mask_names
            for helper in helpers_of(registry.get("mask", name), options.mask.of(name), registry)
        ),
    )
    if options.commercial_safe:
        require_commercial(chosen.all, registry)
    ensure(chosen.all, progress, trust_on_first_use=options.trust_on_first_use)
    say_licences(chosen.all, progress)
    return chosen


def step_settings(options: ExtractOptions, registry: Registry) -> dict[str, Any]:
    """How each step is done, with resolved options, as the alignments file keeps it.

    Raises:
        ValueRefused: options of plug-ins that are not there, or that they do not have.
        PluginError: a plug-in is unknown.
    """
    check_branches(options, registry)
    settings: dict[str, Any] = {"extract": results(options)}
    for field in fields_of(ExtractOptions):
        if field.names is None:
            continue
        kind = field.names.kind
        branch = getattr(options, kind)
        settings[kind] = {
            name: registry.get(kind, name).settings(branch.of(name), to_mapping(options))
            for name in field.names.chosen(getattr(options, field.name))
        }
    return settings


def default_plugins(registry: Registry) -> list[Plugin]:
    """What extraction uses when nothing is chosen, as far as it is installed."""
    options = ExtractOptions()
    names = [
        (f.names.kind, name)
        for f in fields_of(ExtractOptions)
        if f.names is not None
        for name in f.names.chosen(getattr(options, f.name))
    ]
    return [p for p in all_plugins(registry) if (p.kind, p.name) in names]
