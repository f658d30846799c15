"""What this package offers. Listing plug-ins imports this file, so it imports nothing heavy."""

from __future__ import annotations

from understudy.plugin import Plugin

PLUGINS = (
    Plugin(
        kind="detect",
        name="skin",
        target="understudy_template.detector:SkinDetector",
        summary="The largest upright patch of skin colour: for teaching.",
        options="understudy_template.options:SkinOptions",
    ),
    Plugin(
        kind="swap",
        name="linear",
        target="understudy_template.model:LinearSwap",
        summary="Straight lines only, from 32 numbers to a picture: for teaching (48 px).",
        options="understudy_template.options:LinearOptions",
    ),
)
