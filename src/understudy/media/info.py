"""What is known of a video or an image folder before its frames are read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from understudy.media.colour.mastering import Mastering

UNSPECIFIED = 2
"""ITU-T H.273 code for "not said", the same for primaries, transfer and matrix."""

_VISIBLE_ASPECT = 0.01
_WIDEST = 4

Range = Literal["limited", "full"]
FieldOrder = Literal["", "progressive", "top", "bottom", "interlaced"]


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Colour as the file says it, in ITU-T H.273 codes; None where it says nothing.

    Attributes:
        primaries: 1 is BT.709, 9 BT.2020, 6 SMPTE 170M.
        transfer: 1 is BT.709, 13 sRGB, 16 PQ, 18 HLG.
        matrix: 1 is BT.709, 5 and 6 BT.601, 9 BT.2020, 0 RGB.
        range: "limited" (16..235) or "full" (0..255).
    """

    primaries: int | None = None
    transfer: int | None = None
    matrix: int | None = None
    range: Range | None = None


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """One sound stream, as the container declares it.

    Attributes:
        index: stream number in the container.
        codec: decoder name, such as "aac" or "pcm_s16le".
        rate_hz: samples per second.
        channels: number of channels.
        language: three letters, or "" when it is not said.
    """

    index: int
    codec: str
    rate_hz: int
    channels: int
    language: str


@dataclass(frozen=True, slots=True)
class SubtitleInfo:
    """One stream of subtitles.

    Attributes:
        index: stream number in the container.
        codec: decoder name, such as "mov_text" or "srt".
        language: three letters, or "" when it is not said.
    """

    index: int
    codec: str
    language: str


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A source of frames: a video file, or images in natural order.

    Convention: `width` and `height` are of the upright picture, `coded_*` as it is stored. Frames
    are read with `width` and `height`: in the film's own pixels, or in square ones, see `squared`.

    Attributes:
        path: the file or folder.
        kind: "video" or "images".
        width: upright pixels.
        height: upright pixels.
        coded_width: stored pixels, before `orientation`.
        coded_height: stored pixels, before `orientation`.
        orientation: EXIF code 1 to 8 that makes stored pixels upright; 1 leaves them.
        time_base: seconds per unit of pts; 1/25 for images, which have no time of their own.
        average_rate: frames a second as the container gives it, or None.
        start_pts: where the stream begins by the container's word, or None.
        first_pts: of the first picture that is decoded, or None where it has none; it may lie
            below zero.
        end_pts: where its last frame ends by the container's word, or None.
        n_frames: how many frames the container declares, or None.
        duration_s: how long the whole file lasts, or None.
        colour: tags as found.
        pixel_format: FFmpeg's name, such as "yuv420p"; "rgb24" or "rgb48" for images.
        bits: of one sample.
        codec: decoder name, or the image type.
        container: demuxer name, or "images".
        sample_aspect: width to height of one pixel; 1 for square ones.
        audio: sound streams.
        subtitles: streams of text or pictures over the film.
        chapters: how many it is divided into.
        timecode: of its first frame, "01:00:00:00", or "".
        left_out: streams that no output carries, one phrase each ("attachment ttf").
        fingerprint: sha256 hex over size and content samples; the name does not matter.
        files: images in natural order; empty for a video.
        passed_over: what else lies in a folder of images, each name with the reason.
        sizes: upright width and height of each of the files. Each is read at its own; `width` and
            `height` are the largest of all.
        field_order: "progressive"; "top" or "bottom" for the field shown first; "interlaced"
            where only that is known; "" where nothing is.
        bit_rate: of the video stream in bits a second, or None; where the container does not
            say it, that of the whole file, so at most a little too high.
        camera_curve: log curve that the camera names outside of the standard's tags
            ("s-log3"), or "".
        mastering: of HDR, the screen that it was graded on, or None.
    """

    path: Path
    kind: Literal["video", "images"]
    width: int
    height: int
    coded_width: int
    coded_height: int
    orientation: int
    time_base: Fraction
    average_rate: Fraction | None
    start_pts: int | None
    end_pts: int | None
    n_frames: int | None
    duration_s: Fraction | None
    colour: ColourTags
    pixel_format: str
    bits: int
    codec: str
    container: str
    sample_aspect: Fraction = Fraction(1)
    audio: tuple[AudioInfo, ...] = ()
    left_out: tuple[str, ...] = ()
    subtitles: tuple[SubtitleInfo, ...] = ()
    chapters: int = 0
    timecode: str = ""
    fingerprint: str = ""
    files: tuple[Path, ...] = field(default=(), repr=False)
    passed_over: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    sizes: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    field_order: FieldOrder = ""
    bit_rate: int | None = None
    camera_curve: str = ""
    first_pts: int | None = None
    mastering: Mastering | None = None

    @property
    def odd(self) -> str:
        """Which image is the first of another size, for people; "" where all have one."""
        for file, (width, height) in zip(self.files, self.sizes, strict=True):
            if (width, height) != self.sizes[0]:
                first = "{}x{} px".format(*self.sizes[0])
                return f"{file.name} is {width}x{height} px, {self.files[0].name} is {first}"
        return ""

    def size_at(self, index: int) -> tuple[int, int]:
        """Upright width and height of a frame."""
        return self.sizes[index] if self.sizes else (self.width, self.height)

    def squared(self) -> MediaInfo:
        """The same source as it is read in square pixels: its narrow side is stretched.

        An aspect that no film has is taken for a mistake of the file, and left alone.
        """
        aspect = self.sample_aspect
        near = abs(float(aspect) - 1) < _VISIBLE_ASPECT
        if near or not 1 / _WIDEST <= aspect <= _WIDEST:
            return self
        width = self.width if aspect < 1 else round(self.width * aspect)
        height = self.height if aspect > 1 else round(self.height / aspect)
        return replace(self, width=width, height=height, sample_aspect=Fraction(1))

    @property
    def rotation_deg(self) -> int:
        """Clockwise turn that makes the stored picture upright: 0, 90, 180 or 270."""
        return {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}.get(self.orientation, 0)

    @property
    def n_frames_guess(self) -> int | None:
        """`n_frames`, or duration times rate where nothing is declared; for progress bars."""
        if self.n_frames is not None or self.duration_s is None or self.average_rate is None:
            return self.n_frames
        return max(1, round(self.duration_s * self.average_rate))

    @property
    def is_rgb(self) -> bool:
        """Whether the stored samples are RGB or palette, which no matrix converts."""
        return self.pixel_format.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb"))

    @property
    def effective_matrix(self) -> int:
        """H.273 matrix between RGB and YUV: the tag, else 2020 as primaries, 601 in SD, 709 in HD.

        HD is 1280 pixels wide or more than 576 high as stored, the rule of the mpv player. An RGB
        source gets the matrix of its size, which the writer then says in the output.
        """
        if self.colour.matrix in (None, 0):
            if self.colour.primaries == 9:
                return 9
            return 1 if self.coded_width >= 1280 or self.coded_height > 576 else 6
        return self.colour.matrix or 1

    @property
    def effective_range(self) -> Range:
        """Range of the stored samples: the tag, else full for RGB and JPEG, limited for YUV."""
        if self.colour.range is not None:
            return self.colour.range
        return "full" if self.is_rgb or self.pixel_format.startswith("yuvj") else "limited"


@dataclass(slots=True)
class ReadReport:
    """How much of a source could be read; filled while `frames` runs.

    Attributes:
        decoded: frames that came out, counted from the beginning of the source.
        expected: frames that the container declares, or None.
        errors: packets or images that the decoder refused.
        derived: frames without a usable pts, which was derived from their neighbours.
        jumps: seconds by which all times are moved after each jump of the source's clock, counted
            from the container's.
        ended_s: where the last frame read ends, in seconds.
        duration_s: how long the file says it is.
    """

    decoded: int = 0
    expected: int | None = None
    errors: int = 0
    derived: int = 0
    jumps: list[Fraction] = field(default_factory=list)
    ended_s: Fraction | None = None
    duration_s: Fraction | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self.errors and (self.expected is None or self.decoded >= self.expected)

    @property
    def ends_early(self) -> bool:
        """Whether the pictures end over a second before the file says, as in a cut-off file."""
        if self.ended_s is None or self.duration_s is None:
            return False
        return self.duration_s - self.ended_s > max(Fraction(1), self.duration_s / 50)

    def __str__(self) -> str:
        """One sentence for people."""
        if self.expected is None:
            words = f"{self.decoded} frames could be read (the file does not say how many it has)"
        else:
            words = f"{self.decoded} of {self.expected} frames could be read"
        if self.errors:
            words += f"; {self.errors} damaged piece{'s' * (self.errors > 1)} refused"
        if self.ends_early and self.ended_s is not None and self.duration_s is not None:
            words += (
                f"; the pictures end at {float(self.ended_s):.1f} s "
                f"of {float(self.duration_s):.1f} s"
            )
        if self.derived:
            words += f"; {self.derived} frames had no usable time, theirs follows their neighbours"
        return words
