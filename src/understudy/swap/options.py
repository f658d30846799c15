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


@dataclass(frozen=True, slots=True)
class HybridOptions:
    """How large the net is that goes over the drawn face, and what it is trained for."""

    crop: Literal["64", "128", "256", "384", "512"] = option(
        "256",
        "Pixels a side of the crop that is made. 128 for a CPU, 64 to try things; 256 and more "
        "want a GPU.",
        result=True,
    )
    components: int = option(
        32,
        "Main directions in which a person's skin changes that are kept from the start.",
        low=4,
        high=128,
        result=True,
    )
    block: Literal["residual", "convnext"] = option(
        "residual",
        "What the net is built of: residual, or convnext, which sees further around and is slow on "
        "a CPU.",
        result=True,
    )
    width: int = option(
        32, "Channels at half the crop's size; twice as many below.", low=8, high=256, result=True
    )
    depth: int = option(2, "Blocks at the smallest size.", low=1, high=16, result=True)
    features: int = option(
        8,
        "Channels of a learnt texture of each person that is drawn beside the colours, for what "
        "colours do not say: where lashes, pores and the hairline are.",
        low=0,
        high=32,
        result=True,
    )
    skin: Literal["kept", "trained"] = option(
        "kept",
        "Whether the texture stays as it stood in closed form, or is trained with the net, which "
        "takes longer.",
        result=True,
    )
    detail: float = option(
        1.0,
        "Weight of the loss that looks at each octave of detail by itself.",
        low=0.0,
        high=10.0,
        result=True,
    )
    adversarial: float = option(
        0.0,
        "Weight of a critic that tells made faces from filmed ones, patch by patch. It sharpens "
        "and invents; 0.02 to 0.1, late, and with a GPU.",
        low=0.0,
        high=1.0,
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)

    @property
    def crop_px(self) -> int:
        """Pixels a side."""
        return int(self.crop)

    @property
    def texture_px(self) -> Literal["128", "256", "512"]:
        """Texels a side of the drawn skin: at least as fine as the crop."""
        return "128" if self.crop_px <= 128 else "256" if self.crop_px == 256 else "512"
