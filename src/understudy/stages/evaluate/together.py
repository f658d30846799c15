"""Films read in step: frames that belong together, each with those before and after it."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from itertools import zip_longest
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.flow import ahead
from understudy.imaging.resample import crop_image, resize
from understudy.media import AssumeColour, FilmReader, ReadReport, probe
from understudy.media.colour.light import is_hdr
from understudy.stages.evaluate.looking import crop_of
from understudy.stages.faces.casting import Part
from understudy.types import Alignment, Frame
from understudy.words import counted

Together = tuple[Frame, Frame, Frame | None]
"""A frame of the source, of the output, and of the truth where there is one."""
Three = tuple[Together | None, Together, Together | None]
"""Frames together with those before and after; None at the ends of the films."""


def in_step(
    source: Path,
    output: Path,
    truth: Path | None,
    size_wh: tuple[int, int] | None = None,
    only: Container[int] | None = None,
    report: ReadReport | None = None,
) -> Iterator[Together]:
    """Frames of source, output and truth that belong together.

    Args:
        source: a film.
        output: what was made of it.
        truth: the perfect swap, where somebody has it.
        size_wh: the grid in which faces were found, which all of them are brought to.
        only: indices of the frames that are wanted; where a film is a folder of pictures, others
            are given too, because a damaged one leaves a gap in the numbers of one folder only.
        report: filled while the source is read.

    Raises:
        MediaError: the films do not show the same number of frames.
    """
    paths = [source, output] + ([] if truth is None else [truth])
    infos = [probe(path) for path in paths]
    # Code values are compared, as an output does not carry the curve that a camera names; those of
    # HDR only where one of the films, such as a folder of pictures, does not say that it is.
    light: AssumeColour = "tags" if all(is_hdr(info) for info in infos) else "rec709"
    films = [FilmReader(info, assume_colour=light) for info in infos]
    if any(film.info.kind != "video" for film in films):
        only = None
    reports = [report or ReadReport(), *(ReadReport() for _ in films[1:])]
    with ExitStack() as open_films:
        streams = [
            open_films.enter_context(closing(ahead(film.frames(report=report, only=only), 4)))
            for film, report in zip(films, reports, strict=True)
        ]
        for read in zip_longest(*streams):
            if any(frame is None for frame in read):
                break
            frames = [_on(frame, size_wh) for frame in read]
            yield frames[0], frames[1], frames[2] if len(frames) == 3 else None
        # the shortest is at its end, how long the others are is not known yet
        decoded = [report.decoded for report in reports]
        if len(set(decoded)) > 1:
            names, least = [path.name for path in paths], min(decoded)
            raise MediaError(
                f"{' and '.join(names)} do not have the same number of frames: "
                f"{names[decoded.index(least)]} ends after {counted(least, 'frame')}; compare a "
                "film with what was made of all of it"
            )


def _on(frame: Frame, size_wh: tuple[int, int] | None) -> Frame:
    if size_wh is None or frame.space.size_wh == size_wh:
        return frame
    return Frame(frame.at, resize(frame.pixels, size_wh, "cubic"), frame.source)


def in_threes(
    steps: Iterator[Together],
) -> Iterator[Three]:
    """Each frame with those before and after it; None at the ends, and where one was left out."""
    held: deque[Together | None] = deque([None], 3)
    for together in steps:
        held.append(together)
        if len(held) == 3:
            yield _next_to(held[0], held[1]), _there(held[1]), _next_to(held[2], held[1])
    if len(held) > 1:
        yield _next_to(held[-2], held[-1]), _there(held[-1]), None


def beside(
    three: Three,
    fits: Sequence[Mapping[Part, Alignment] | None],
    part: Part,
    which: int,
) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """The face in the frames before and after, of source (0) or output (1), by the plate's fit."""
    crops = []
    for together, fit in zip((three[0], three[2]), fits, strict=True):
        if together is None or fit is None or part not in fit:
            return None
        frame = together[0] if which == 0 else together[1]
        crops.append(crop_image(frame.pixels, crop_of(fit[part])))
    return crops[0], crops[1]


def _next_to(other: Together | None, one: Together | None) -> Together | None:
    if other is None or one is None or abs(other[0].at.index - one[0].at.index) != 1:
        return None
    return other


def _there(together: Together | None) -> Together:
    if together is None:
        raise ValueError("the frame in the middle is always there")
    return together
