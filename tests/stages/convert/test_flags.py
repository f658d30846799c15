"""What somebody chose, and what comes of it."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace
from typing import Any

from understudy.stages.convert.look.bounds import edge_of, idle_flags
from understudy.stages.convert.options import ConvertOptions


def test_every_setting_of_a_mask_is_named_where_no_mask_bounds_the_face() -> None:
    """`--blur box` and `--erode-top` changed nothing of a drawn surface, unsaid."""
    given = {
        "mask": "components",
        "feather": 0.2,
        "erode": 0.1,
        "erode_top": 0.1,
        "erode_bottom": 0.1,
        "erode_left": 0.1,
        "erode_right": 0.1,
        "blur": "box",
        "blur_passes": 2,
        "mask_threshold": 0.4,
        "border": 0.1,
    }
    surface: Any = SimpleNamespace(surface=True)
    pasted: Any = SimpleNamespace(surface=False)
    flags = [f"--{name.replace('_', '-')}" for name in given]
    assert idle_flags(ConvertOptions(**given), surface) == flags
    assert idle_flags(ConvertOptions(), surface) == []
    assert idle_flags(ConvertOptions(**given, bounds="both"), surface) == []
    assert idle_flags(ConvertOptions(**given), pasted) == []
    # what `edge_of` takes from the options is what is named, but for the mask itself
    assert len(fields(edge_of(ConvertOptions()))) == len(given) - 1
