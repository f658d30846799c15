"""Which plug-ins an extraction uses, said aloud: their licences, and why a last resort is taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from understudy.errors import PluginError, WeightsError
from understudy.flow import Progress
from understudy.plugin import Plugin, Registry
from understudy.stages.extract_options import ExtractOptions
from understudy.store.alignments import Alignments
from understudy.store.weights import locate

PREFERRED = {"detector": ("mediapipe", "mtcnn"), "aligner": ("mediapipe", "dlib68")}
"""What `auto` takes: the first, or where its weights cannot be had, the last resort."""
_KINDS = {"detector": "detect", "aligner": "align"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The plug-ins of an extraction."""

    detector: Plugin
    aligner: Plugin
    embedder: Plugin | None
    maskers: tuple[Plugin, ...]

    @property
    def all(self) -> list[Plugin]:
        """All of them, in the order of work."""
        return [
            p for p in (self.detector, self.aligner, self.embedder, *self.maskers) if p is not None
        ]


def resolved(
    options: ExtractOptions, registry: Registry, before: Alignments | None, progress: Progress
) -> ExtractOptions:
    """The options with every `auto` decided.

    What an earlier run of the same file decided is kept, so that a run that goes on is the same.
    """
    decided: dict[str, Any] = {}
    for name, (first, last_resort) in PREFERRED.items():
        if getattr(options, name) != "auto":
            continue
        known = None if before is None else before.source.settings.get(name)
        if known is not None:
            decided[name] = str(known)
            continue
        try:
            for record in registry.get(_KINDS[name], first).weights:
                locate(record)
            decided[name] = first
        except (WeightsError, PluginError) as error:
            decided[name] = last_resort
            progress.say(f"{name}: {last_resort} is used as the last resort, because {error}")
    return replace(options, **decided)


def choose(options: ExtractOptions, registry: Registry, progress: Progress) -> Chosen:
    """The records behind resolved options; says which are used and what their licences forbid.

    Raises:
        PluginError: one is unknown, or may not be used commercially although that was asked for.
        WeightsError: weights are not on this machine; says how to get them.
    """
    chosen = Chosen(
        registry.get("detect", options.detector),
        registry.get("align", options.aligner),
        None if options.embedder == "none" else registry.get("embed", options.embedder),
        tuple(registry.get("mask", name) for name in options.mask_names),
    )
    if options.commercial_safe:
        refuse_non_commercial(chosen.all, registry)
    for plugin in chosen.all:
        for record in plugin.weights:
            locate(record)
    say_licences(chosen.all, progress)
    return chosen


def refuse_non_commercial(plugins: list[Plugin], registry: Registry) -> None:
    """Refuse plug-ins whose weights may not be used commercially.

    Raises:
        PluginError: names the weights, their licence, and what could be used instead.
    """
    for plugin in plugins:
        barred = [w for w in plugin.weights if not w.commercial_use]
        if barred:
            others = [p.name for p in registry.of_kind(plugin.kind) if p.commercial_use]
            raise PluginError(
                f"--commercial-safe: {plugin.kind} {plugin.name!r} needs {barred[0].name}, whose "
                f"licence is: {barred[0].license}; choose one of {', '.join(others) or 'none'}"
            )


def say_licences(plugins: list[Plugin], progress: Progress) -> None:
    """Tell which weights are used and which may not be used commercially."""
    names = ", ".join(f"{p.kind} {p.name}" for p in plugins)
    barred = [w for p in plugins for w in p.weights if not w.commercial_use]
    note = "".join(f"; {w.name}: {w.license}, no commercial use" for w in barred)
    progress.say(f"using {names}{note}")
