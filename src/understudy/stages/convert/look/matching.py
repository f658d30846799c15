"""Which colour matchers a conversion uses, one or several behind each other."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.colour import ColourMatcher
from understudy.colour.chain import chained
from understudy.errors import ValueRefused
from understudy.plugin import Plugin, Registry
from understudy.stages.convert.options import COLOURS, ConvertOptions


def matchers_of(registry: Registry, options: ConvertOptions) -> Sequence[Plugin]:
    """The colour matchers that were named, in their order.

    Raises:
        PluginError: one of them is unknown.
        ValueRefused: none was named.
    """
    names = COLOURS.chosen(options.match_colour)
    if not names:
        raise ValueRefused(
            "match_colour: expected one colour matcher, or several with commas between; none "
            "leaves colours as they are"
        )
    return [registry.get("colour", name) for name in names]


def matcher_of(registry: Registry, options: ConvertOptions) -> ColourMatcher:
    """The matcher of a conversion, with its options of the tree.

    Raises:
        PluginError, ValueRefused: see `matchers_of` and `Plugin.build`.
    """
    found = matchers_of(registry, options)
    return chained([plugin.build(options.colour.of(plugin.name)) for plugin in found])
