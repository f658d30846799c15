"""What can be chosen when a model is built. Light to import: --help reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.options import check, option


@dataclass(frozen=True, slots=True)
class MeshOptions:
    """How fine the skin is drawn."""

    texture: Literal["128", "256", "512", "1024"] = option(
        "256",
        "Texels a side of the skin that is drawn on the mesh. A face as wide as half of them shows "
        "all that they hold: 256 for faces up to 200 pixels wide, 512 and 1024 for close-ups and a "
        "GPU, 128 to save time and memory.",
        result=True,
    )
    components: int = option(
        32,
        "Main directions in which a person's skin changes that are kept from the start. More is "
        "sharper and needs more footage.",
        low=4,
        high=128,
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)

    @property
    def texture_px(self) -> int:
        """Texels a side."""
        return int(self.texture)
