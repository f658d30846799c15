"""Which plug-ins an extraction uses, said aloud: their licences, and why a last resort is taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from understudy.errors import PluginError, WeightsError
from understudy.flow import Progress
from understudy.plugin import Plugin, Registry
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.faces.plugins import PREFERRED, helpers_of, say_licences
from understudy.store.alignments import Alignments
from understudy.weights.needed import all_plugins, ensure, require_commercial

_KINDS = {"detector": "detect", "aligner": "align"}


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
    for name, (first, last_resort) in PREFERRED.items():
        if getattr(options, name) != "auto":
            continue
        known = None if before is None else before.source.settings.get(name)
        if known is not None:
            decided[name] = str(known)
            continue
        if before is not None and before.finished:
            decided[name] = first  # nothing is left to find, so nothing need be fetched
            continue
        try:
            ensure([registry.get(_KINDS[name], first)], progress)
            decided[name] = first
        except (WeightsError, PluginError) as error:
            _require_last_resort(registry.get(_KINDS[name], last_resort), first, error, progress)
            decided[name] = last_resort
            progress.warn(
                f"{name}: {last_resort} is used as the last resort, because {error}",
                code="last-resort",
                part=name,
                used=last_resort,
            )
    return replace(options, **decided)


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
        helpers_of(options.mask_names, options.parser, registry),
    )
    if options.commercial_safe:
        require_commercial(chosen.all, registry)
    ensure(chosen.all, progress, trust_on_first_use=options.trust_on_first_use)
    say_licences(chosen.all, progress)
    return chosen


def default_plugins(registry: Registry) -> list[Plugin]:
    """What extraction uses when nothing is chosen, as far as it is installed."""
    options = ExtractOptions()
    names = [("detect", n) for n in (*PREFERRED["detector"], options.detector)]
    names += [("align", n) for n in (*PREFERRED["aligner"], options.aligner)]
    names += [("embed", options.embedder)]
    return [p for p in all_plugins(registry) if (p.kind, p.name) in names]
