"""DNxHR, Avid's counterpart of ProRes."""

from __future__ import annotations

from understudy.errors import MediaError
from understudy.media import MediaInfo
from understudy.media.coding import Coding
from understudy.write.film import FilmWriter
from understudy.write.options import DnxhrOptions

_FORMATS = {
    "lb": "yuv422p",
    "sq": "yuv422p",
    "hq": "yuv422p",
    "hqx": "yuv422p10le",
    "444": "yuv444p10le",
}
_SMALLEST = (256, 120)


class DnxhrWriter(FilmWriter):
    """4:2:2 of 8 or 10 bits, or 4:4:4 of 10, in QuickTime.

    Args:
        source: the output matches it; `auto` takes `hqx` where it has more than 8 bits.
        options: the profile.

    Raises:
        MediaError: the picture is smaller than DNxHR has any, or QuickTime cannot hold the sound.
    """

    def __init__(self, source: MediaInfo, options: DnxhrOptions | None = None) -> None:
        o = options or DnxhrOptions()
        if source.width < _SMALLEST[0] or source.height < _SMALLEST[1]:
            raise MediaError(
                f"{source.path}: is {source.width}x{source.height} px, and DNxHR begins at "
                f"{_SMALLEST[0]}x{_SMALLEST[1]}; take another --writer, such as prores"
            )
        profile = o.grade
        if profile == "auto":
            profile = "hqx" if source.bits > 8 else "hq"
        coding = Coding("dnxhd", _FORMATS[profile], {"profile": f"dnxhr_{profile}"}, segment="mov")
        super().__init__(source, coding, "mov")
