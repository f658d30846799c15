"""An output of another size than its source: the finished frames are brought to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from understudy.errors import ValueRefused
from understudy.imaging.resample import resize
from understudy.media import MediaInfo
from understudy.types import Frame

_LEAST_PX = 16


def info_of_size(info: MediaInfo, scale: float) -> MediaInfo:
    """What an output of another size matches; sides that are even stay so.

    Raises:
        ValueRefused: it would have next to no pixels.
    """
    if scale == 1:
        return info
    width, height = (_side(side, scale) for side in (info.width, info.height))
    if min(width, height) < _LEAST_PX:
        raise ValueRefused(
            f"output_scale: {info.path.name} would become {width}x{height} px; take more than "
            f"{scale:g}"
        )
    return replace(info, width=width, height=height)


def sized(frame: Frame, info: MediaInfo) -> Frame:
    """A frame in the size of an output, with the alpha of a layer."""
    size = info.width, info.height
    if frame.space.size_wh == size:
        return frame
    alpha = frame.alpha
    if alpha is not None:
        alpha = np.clip(resize(alpha, size, "cubic"), 0, 1).astype(np.float32)
    return replace(frame, pixels=resize(frame.pixels, size, "cubic"), alpha=alpha)


def _side(side: int, scale: float) -> int:
    return 2 * round(side * scale / 2) if side % 2 == 0 else round(side * scale)
