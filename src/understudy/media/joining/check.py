"""The joined film is read again, and compared with the times that the source has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from understudy.errors import MediaError
from understudy.media.container import open_input
from understudy.media.joining.kinds import COARSE, Container
from understudy.media.joining.plan import Plan, ticks
from understudy.media.joining.sound import Sound, Track

_TOLERANCE_S = Fraction(1, 500)
"""Edit lists count in milliseconds, and so does Matroska."""


def check_joined(
    plan: Plan, target: Path, sound: Sound | None, container: Container = "mp4"
) -> None:
    """Refuse a film that does not show each frame, and let hear all sound, when its source does.

    Args:
        plan: of the pictures.
        target: the film.
        sound: what was copied.
        container: what it is; a coarse one may round each time.

    Raises:
        MediaError: says which of the two is wrong.
    """
    coarse_s = COARSE.get(container, Fraction(0))
    with open_input(target) as film:
        found = sorted(
            ticks(p, plan.timescale)
            for p in film.demux(film.streams.video[0])
            if p.size and p.pts is not None and not p.is_discard
        )
    if len(found) != len(plan.pts) or _apart(found, plan.pts) > math.ceil(
        coarse_s * plan.timescale
    ):
        raise MediaError(
            f"{target}: {len(plan.pts)} frames were joined but {len(found)} are in the file, or "
            "at other times; the disk may be failing: run again"
        )
    if sound is not None:
        for number, stream in enumerate(sound.streams):
            track = sound.tracks[stream.index]
            _check_track(target, number, track, stream, (sound.shift_s, coarse_s))


def _apart(times: Sequence[int], wanted: Sequence[int]) -> int:
    return max((abs(a - b) for a, b in zip(times, wanted, strict=True)), default=0)


def _check_track(
    target: Path, number: int, sent: Track, source: Any, moved: tuple[Fraction, Fraction]
) -> None:
    shift_s, coarse_s = moved
    if not sent.times:
        return
    with open_input(target) as container:
        stream = container.streams.audio[number]
        rate = stream.codec_context.sample_rate
        heard_s = (stream.start_time or 0) * Fraction(stream.time_base or 1)
        times: list[int] = []
        end = 0
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None:
                samples = Fraction(packet.time_base or 1) * rate
                times.append(round(packet.pts * samples))
                end = round((packet.pts + (packet.duration or 0)) * samples)
    wanted = sent.times
    if not source.codec_context.frame_size:  # samples without a codec: any number of them a packet
        times, wanted = [*times[:1], end], [wanted[0], sent.end or 0]
    if len(times) != len(wanted) or _apart(times, wanted) > math.ceil(coarse_s * rate):
        raise MediaError(
            f"{target}: the packets of sound {number + 1} are not at the times at which they were "
            "written; the disk may be failing: run again"
        )
    wanted_s = (source.start_time or 0) * Fraction(source.time_base) + shift_s
    if heard_s > wanted_s + _TOLERANCE_S:
        raise MediaError(
            f"{target}: sound {number + 1} would be heard {float(heard_s - wanted_s):.3f} s later "
            "than in the source; copy the film to another container, such as MKV, and begin anew"
        )
