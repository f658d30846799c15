"""ProRes, which editing programs cut without decoding half a film."""

from __future__ import annotations

from understudy.media import MediaInfo
from understudy.media.coding import Coding
from understudy.write.film import FilmWriter
from understudy.write.options import ProResOptions


class ProResWriter(FilmWriter):
    """10 bits; 4:2:2, or 4:4:4 in the profiles that are called so, with the alpha of a layer.

    Args:
        source: the output matches it.
        options: the profile.

    Raises:
        MediaError: QuickTime cannot hold the source's sound.
    """

    def __init__(self, source: MediaInfo, options: ProResOptions | None = None) -> None:
        o = options or ProResOptions()
        whole = o.profile.startswith("4444")
        pixel_format = "yuv444p10le" if whole else "yuv422p10le"
        if o.layer and whole:
            pixel_format = "yuva444p10le"
        # programs that look at who encoded take "apl0" and no other
        coding = Coding(
            "prores_ks", pixel_format, {"profile": o.profile, "vendor": "apl0"}, segment="mov"
        )
        super().__init__(source, coding, "mov")
