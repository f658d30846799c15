"""The maskers that come with Understudy."""

from __future__ import annotations

from understudy.plugin import Plugin

PLUGINS = (
    Plugin(
        kind="mask",
        name="components",
        target="understudy.mask.landmark:ComponentsMasker",
        summary="Convex hulls of the landmarks: brows to chin, ear to ear.",
    ),
    Plugin(
        kind="mask",
        name="extended",
        target="understudy.mask.landmark:ExtendedMasker",
        summary="Like components, and half-way up the forehead above the brows.",
    ),
)
