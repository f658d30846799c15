"""What can be chosen for masks alone. Light to import: the command line reads it for --help."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.options import Branch, branch, check


@dataclass(frozen=True, slots=True)
class MasksOptions:
    """Options of making masks for faces that are there: those of the mask plug-ins."""

    mask: Branch = branch("mask", short=("mask_px", "regions", "outline", "parser"))

    def __post_init__(self) -> None:
        check(self)
