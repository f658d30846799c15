"""Options of the enhancers. Light to import: flags are made of them."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.options import check, option


@dataclass(frozen=True, slots=True)
class OnnxOptions:
    """Which network restores faces."""

    restorer_path: str = option(
        "",
        "ONNX file of a network that restores faces as GFPGAN, GPEN and RestoreFormer do: a square "
        "RGB face of FFHQ's placing in, -1 to 1, and the restored one out. Bring your own, and "
        "heed its licence.",
        result=True,
    )

    def __post_init__(self) -> None:
        check(self)
