"""What stages say of the plug-ins they use, and what stands in where weights cannot be had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy.backends.device import unsaid
from understudy.flow import Progress
from understudy.options import fields_of
from understudy.plugin import Plugin, Registry
from understudy.store.alignments import Alignments


def helpers_of(plugin: Plugin, values: Mapping[str, Any], registry: Registry) -> list[Plugin]:
    """The plug-ins whose weights a plug-in with these options uses beside its own."""
    options = plugin.made_options(values)
    if options is None:
        return []
    return [
        registry.get(field.names.kind, name)
        for field in fields_of(type(options))
        if field.names is not None
        for name in field.names.chosen(getattr(options, field.name))
    ]


def settings_of(store: Alignments, plugin: Plugin, progress: Progress) -> Mapping[str, Any]:
    """How a plug-in was set when it made what is in an alignments file."""
    known = store.source.step(plugin.kind, plugin.name)
    if known is None and plugin.load_options() is not None:
        progress.warn(
            f"{store.path.name} does not say how {plugin.kind} {plugin.name} was set; it is made "
            "with its defaults",
            code="settings-unknown",
            kind=plugin.kind,
            plugin=plugin.name,
        )
    return known or {}


def say_licences(plugins: list[Plugin], progress: Progress) -> None:
    """Tell which weights are used and which may not be used commercially."""
    names = ", ".join(f"{p.kind} {p.name}" for p in plugins)
    barred = [w for p in plugins for w in p.weights if not w.commercial_use]
    progress.say(f"using {names}")
    if barred:
        progress.warn(
            "; ".join(f"{w.name}: {w.license}, no commercial use" for w in barred),
            code="no-commercial-use",
            weights=[w.name for w in barred],
        )


def say_devices(progress: Progress) -> None:
    """Tell where nets lie that are not PyTorch's; called when plug-ins were built."""
    fresh = unsaid()
    if fresh:
        progress.say("nets: " + ", ".join(placed.words for placed in fresh))
    for placed in fresh:
        if placed.instead_of:
            progress.warn(
                f"{placed.instead_of} was chosen, but {placed.words}",
                code="cpu-instead",
                runtime=placed.runtime,
                wanted=placed.instead_of,
                device=placed.device,
                reason=placed.reason,
            )
