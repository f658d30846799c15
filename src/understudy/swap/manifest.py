"""The face-swapping models that come with Understudy."""

from __future__ import annotations

from understudy.plugin import Plugin

PLUGINS = (
    Plugin(
        kind="swap",
        name="mesh",
        version="2",
        target="understudy.swap.mesh:Mesh",
        options="understudy.swap.options:MeshOptions",
        summary="Keeps the performance: a mesh carries it, the net makes the skin (128 to 1024 px)",
    ),
    Plugin(
        kind="swap",
        name="hybrid",
        target="understudy.swap.hybrid:Hybrid",
        options="understudy.swap.options:HybridOptions",
        summary="Experimental, for a GPU: mesh's drawn face, gone over by a net (64 to 512 px)",
    ),
    Plugin(
        kind="swap",
        name="quick",
        target="understudy.swap.quick:Quick",
        summary="Small and fast: a recognisable swap after minutes on a CPU (96 px)",
    ),
    Plugin(
        kind="swap",
        name="original",
        target="understudy.swap.original:Original",
        summary="The model that the field began with (64 px, 82.1 M parameters)",
    ),
    Plugin(
        kind="swap",
        name="lightweight",
        target="understudy.swap.original:Lightweight",
        summary="A smaller original for GPUs with little memory (64 px, 51.1 M parameters)",
    ),
)
