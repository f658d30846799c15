"""What about a source will cost quality, said before hours are spent on it.

Nothing here refuses: `light.check_readable` does that. Each remark names what was found, the
number, and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from understudy.media.colour.light import light_of
from understudy.media.info import MediaInfo
from understudy.media.stills.folder import words
from understudy.words import are

Kind = Literal["interlaced", "low-bitrate", "hdr", "log", "colour-differs", "files-left-out"]

LOW_BITS = {
    "h264": 0.03,
    "hevc": 0.02,
    "vp9": 0.02,
    "av1": 0.015,
    "vp8": 0.04,
    "mpeg4": 0.06,
    "mpeg2video": 0.08,
}
"""Bits a pixel and frame under which faces lose their skin, by FFmpeg's decoder name. Rules of
thumb: about half of what is commonly advised for calm pictures (0.07 for H.264, the rest by how
they compare with it); other codecs are not judged."""
_DECODERS = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx-vp9": "vp9", "libvpx": "vp8"}

_PRIMARIES = {1: "BT.709", 5: "BT.470BG", 6: "SMPTE 170M", 9: "BT.2020", 12: "P3-D65"}
_TRANSFERS = {1: "BT.709", 8: "linear", 9: "log", 10: "log", 13: "sRGB", 16: "PQ", 18: "HLG"}
_MATRICES = {1: "BT.709", 6: "BT.601", 9: "BT.2020", 7: "SMPTE 240M", 4: "FCC"}
_SHOWS = "one face then has several colours; bring them to one colour space first"
_UNDONE = "reading undoes this, so it shows only where a tag is wrong: compare the face pictures"
_FINER = "harmless but for smooth gradients, which have steps in 8 bits"
# H.273 gives these codes to the same numbers.
_SAME_TRANSFER = {None: 1, 6: 1, 14: 1, 15: 1}
_SAME_PRIMARIES = {None: 1, 7: 6}
_SAME_MATRIX = {5: 6, 10: 9}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing worth knowing.

    Attributes:
        kind: for programs.
        words: for people: what, with the value, and what to do.
        value: the number behind it, or None.
    """

    kind: Kind
    words: str
    value: float | None = None

    def __str__(self) -> str:
        """The words."""
        return self.words


def remarks(info: MediaInfo) -> list[Remark]:
    """Everything about one source that costs quality; empty when there is nothing."""
    found = (
        _left_out(info),
        _interlaced(info),
        _low_bitrate(info),
        _light(info),
    )
    return [remark for remark in found if remark is not None]


def bits_per_pixel(info: MediaInfo) -> float | None:
    """Coded bits for one pixel of one frame, or None where rate or size is not known."""
    if info.bit_rate is None or not info.average_rate:
        return None
    return float(info.bit_rate / (info.average_rate * info.coded_width * info.coded_height))


def colour_differences(infos: Sequence[MediaInfo]) -> list[Remark]:
    """How the sources of one side differ in colour; empty when they agree.

    Tags that mean the same count as the same, and what is not said counts as what it is read as.
    RGB sources have neither matrix nor range and are left out there.
    """
    stored = [i for i in infos if not i.is_rgb]
    aspects: list[tuple[str, Sequence[MediaInfo], Callable[[MediaInfo], str], str]] = [
        ("primaries", infos, _primaries, _SHOWS),
        ("transfer", infos, _transfer, _SHOWS),
        ("matrix", stored, _matrix, _UNDONE),
        ("range", stored, lambda i: i.effective_range, _UNDONE),
        ("bit depth", infos, lambda i: f"{i.bits} bits", _FINER),
    ]
    found = []
    for aspect, among, name_of, meaning in aspects:
        names: dict[str, list[str]] = {}
        for info in among:
            names.setdefault(name_of(info), []).append(info.path.name)
        if len(names) > 1:
            parts = "; ".join(f"{name} in {_some(files)}" for name, files in names.items())
            words = f"the sources differ in {aspect}: {parts}; {meaning}"
            found.append(Remark("colour-differs", words, len(names)))
    return found


def _some(files: Sequence[str]) -> str:
    """The first three names, and how many more there are."""
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return ", ".join(files[:3]) + more


def _left_out(info: MediaInfo) -> Remark | None:
    if not info.passed_over:
        return None
    n_out, n_all = len(info.passed_over), len(info.passed_over) + len(info.files)
    return Remark(
        "files-left-out",
        f"{info.path.name}: {n_out} of {n_all} {are(n_out)} left out: {words(info.passed_over)}",
        n_out,
    )


def _interlaced(info: MediaInfo) -> Remark | None:
    if info.field_order in ("", "progressive"):
        return None
    first = "" if info.field_order == "interlaced" else f", {info.field_order} field first"
    return Remark(
        "interlaced",
        f"{info.path.name}: is interlaced{first}: moving faces are combed; deinterlace it first "
        "(FFmpeg's bwdif filter, or a grading program)",
    )


def _low_bitrate(info: MediaInfo) -> Remark | None:
    codec = _DECODERS.get(info.codec, info.codec)
    bits, least = bits_per_pixel(info), LOW_BITS.get(codec)
    if bits is None or least is None or bits >= least:
        return None
    return Remark(
        "low-bitrate",
        f"{info.path.name}: has {bits:.3f} bits a pixel and frame, little for {codec} (under "
        f"{least:g}): skin may be smeared or blocky; use a copy nearer to the camera if you can",
        bits,
    )


def _light(info: MediaInfo) -> Remark | None:
    light = light_of(info)
    if light in ("pq", "hlg"):
        return Remark(
            "hdr",
            f"{info.path.name}: is HDR ({light.upper()}); it is brought to Rec.709 for faces and "
            "training, and converted in its own light, in 10 bits",
        )
    if light == "sdr":
        return None
    name = info.camera_curve or ("log" if light == "log" else "BT.2020 without a curve")
    return Remark(
        "log",
        f"{info.path.name}: is log footage or like it ({name}); give the camera's LUT with "
        "--plate-lut",
    )


def _primaries(info: MediaInfo) -> str:
    code = info.colour.primaries
    code = _SAME_PRIMARIES.get(code, code)
    return _PRIMARIES.get(code or 1, f"H.273 code {code}")


def _transfer(info: MediaInfo) -> str:
    code = info.colour.transfer
    code = _SAME_TRANSFER.get(code, code)
    return info.camera_curve or _TRANSFERS.get(code or 1, f"H.273 code {code}")


def _matrix(info: MediaInfo) -> str:
    code = _SAME_MATRIX.get(info.effective_matrix, info.effective_matrix)
    return _MATRICES.get(code, f"H.273 code {code}")
