"""FFV1, without loss, as archives keep films."""

from __future__ import annotations

from understudy.media import MediaInfo
from understudy.media.coding import Coding
from understudy.write.film import FilmWriter
from understudy.write.options import Ffv1Options, depth_of

_FORMATS = {8: "bgr0", 16: "gbrp16le"}
_HD_PX = 1280


class Ffv1Writer(FilmWriter):
    """RGB in version 3 of the format, with a checksum for each slice, in Matroska.

    Args:
        source: the output matches it; a source of more than 8 bits gives 16, since its pictures are
            read in 16 and nothing is lost then.
        options: the depth.

    Raises:
        MediaError: Matroska cannot hold the source's sound.
    """

    def __init__(self, source: MediaInfo, options: Ffv1Options | None = None) -> None:
        o = options or Ffv1Options()
        wanted = depth_of(o.rgb_bits, source.bits, most=16)
        bits = 8 if wanted == 8 else 16
        # the number of slices follows the machine's cores unless it is said
        slices = 16 if source.width >= _HD_PX else 4
        same = {"level": "3", "slices": str(slices), "slicecrc": "1"}
        super().__init__(source, Coding("ffv1", _FORMATS[bits], same, segment="nut"), "mkv")
