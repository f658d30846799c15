"""Where no face was found: a few frames are looked at in other ways, and what was seen is said.

One piece of advice for every such film sends people to the wrong option: a film that stands on
its head needs turning, a crowd far away a smaller least size, and a film of nobody another film.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.detect import Detector, LocatedDetector
from understudy.detect.limits import sized
from understudy.errors import PluginError, ValueRefused, WeightsError
from understudy.imaging.depth import eight_bit
from understudy.media import FilmReader
from understudy.options import to_mapping
from understudy.plugin import Plugin, Registry
from understudy.stages.extract.analyse import one_thread_each
from understudy.stages.extract.options import ExtractOptions
from understudy.types import Faces, Timestamp
from understudy.weights.needed import is_here
from understudy.words import counted

_FRAMES = 8
_SMALLEST_PX = 12
_CLOSE_PX = 1920
"""Longer side of the picture that a close look sees; four times the usual one's pixels and more."""
_UNSURE = 0.35
_DARK, _FLAT = 30.0, 3.0
"""Mean and spread, in levels of 255, below which a frame is dark, or of one colour."""
_QUICK = ("mediapipe", "yunet", "mtcnn", "retinaface", "dlib-hog")
"""Detectors that look at a frame in well under a second on any machine."""
_FILTERS = (
    "max_face_px",
    "wanted",
    "unwanted",
    "filter_features",
    "max_distance",
    "max_roll_deg",
    "min_scale",
    "max_scale",
)
_TURNS = {180: "upside down", 90: "on their side", 270: "on their side"}

Look = Callable[[NDArray[np.uint8]], Faces]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one way of looking showed.

    Attributes:
        frames: in how many of the frames it showed faces.
        words: what was seen.
        advice: what to do.
    """

    frames: int
    words: str
    advice: str

    def __str__(self) -> str:
        return f"{counted(self.frames, 'shows', 'show')} {self.words}: {self.advice}"


def what_was_seen(
    film: FilmReader, times: Sequence[Timestamp], options: ExtractOptions, registry: Registry
) -> str:
    """What a few frames of a film without faces show when they are looked at otherwise, and advice.

    Args:
        film: as it was looked at.
        times: of its frames.
        options: with which no face was found, decided.
        registry: of plug-ins.
    """
    views = views_at(film, times)
    with one_thread_each():
        ways = list(_ways(views, options, registry))
    found = [seen for seen in ways if seen.frames >= min(2, len(views))]
    if found:
        most = max(seen.frames for seen in found)
        told = [seen for seen in found if 2 * seen.frames >= most]
        return (
            f"of {counted(len(views), 'frame')} looked at again, "
            + "; ".join(map(str, told[:3]))
            + "; begin anew with --new"
        )
    looked = counted(len(views), "frame was", "frames were")
    return f"{looked} looked at again, {_in_vain(views, options, registry)}"


def _ways(
    views: Sequence[NDArray[np.uint8]], options: ExtractOptions, registry: Registry
) -> Iterator[_Seen]:
    """Ways of looking, the likeliest cause first; each changes one thing alone."""
    own = registry.get("detect", options.detector)
    usual = built(own, options)
    if usual is None:
        yield _Seen(0, "", "")
        return
    kept = _count_with(views, _least(usual, options.min_face_px))
    if kept:
        yield _Seen(kept, f"faces that {own.name} finds and that were left out", _filters(options))
        return
    yield from _turned(views, _least(usual, options.min_face_px))
    yield from _closer(views, own, options)
    unsure = built(own, options, min_confidence=_UNSURE)
    if unsure is not None:
        yield _Seen(
            _count_with(views, _least(unsure, options.min_face_px)),
            f"something that {own.name} takes for a face, but is not sure of",
            f"--min-confidence {_UNSURE}",
        )
    for plugin in other_detectors(own, registry):
        other = built(plugin, options)
        if other is not None:
            yield _Seen(
                _count_with(views, _least(other, options.min_face_px)),
                f"faces to {plugin.name}, which {own.name} does not see",
                f"--detector {plugin.name}",
            )


def _turned(views: Sequence[NDArray[np.uint8]], look: Look) -> Iterator[_Seen]:
    counts = {}
    for angle in _TURNS:
        turned = [np.ascontiguousarray(np.rot90(view, angle // 90)) for view in views]
        counts[angle] = _count_with(turned, look)
    angle = max(counts, key=lambda a: counts[a])
    yield _Seen(counts[angle], f"faces {_TURNS[angle]}", f"--rotate {angle}")


def _closer(
    views: Sequence[NDArray[np.uint8]], own: Plugin, options: ExtractOptions
) -> Iterator[_Seen]:
    """Smaller faces, in the picture that detection saw and in a larger one."""
    longest = max(max(view.shape[:2]) for view in views)
    known = to_mapping(options)["detect"].get(own.name, {}).get("max_detection_px") or 640
    for detection_px in (None, min(_CLOSE_PX, longest)):
        if detection_px is not None and detection_px <= known:
            return
        detector = built(own, options, min_face_px=_SMALLEST_PX, max_detection_px=detection_px)
        if detector is None:
            return
        found = [_sides(_least(detector, _SMALLEST_PX)(view)) for view in views]
        sides = [side for sides in found for side in sides]
        if not sides:
            continue
        size = float(np.median(sides))
        least = max(_SMALLEST_PX, int(0.7 * size))
        advice = [] if least >= options.min_face_px else [f"--min-face-px {least}"]
        if detection_px is not None:
            advice.append(f"--max-detection-px {detection_px}")
        yield _Seen(sum(map(bool, found)), f"faces of about {size:.0f} px", " ".join(advice))
        return


def _in_vain(
    views: Sequence[NDArray[np.uint8]], options: ExtractOptions, registry: Registry
) -> str:
    own = registry.get("detect", options.detector)
    flat = sum(float(view.std()) < _FLAT for view in views)
    dark = sum(float(view.mean()) < _DARK for view in views)
    *names, last = (p.name for p in (own, *other_detectors(own, registry)))
    how = (
        f"turned, closer, down to {_SMALLEST_PX} px and to a confidence of {_UNSURE}, by "
        f"{', '.join(names)}{' and ' if names else ''}{last}, without a face either"
    )
    if 2 * dark > len(views):
        return f"{how}; nearly black: {dark} of {len(views)}; make it brighter before"
    if 2 * flat > len(views):
        return f"{how}; of one colour: {flat} of {len(views)}; is it the right film?"
    return (
        f"{how}: it may be no film of a person, or one of backs and covered faces; if you see "
        "somebody, try a lower --min-confidence, or say where: --detector file --boxes-path FILE"
    )


def _filters(options: ExtractOptions) -> str:
    usual = ExtractOptions()
    chosen = [n for n in _FILTERS if getattr(options, n) != getattr(usual, n)]
    if chosen:
        return f"leave out or loosen {', '.join('--' + n.replace('_', '-') for n in chosen)}"
    return "their landmarks fit no face; try another --aligner, or --every-frame"


def views_at(film: FilmReader, times: Sequence[Timestamp]) -> list[NDArray[np.uint8]]:
    """A few frames at times out of these, spread evenly, as detectors see them."""
    places = np.unique(np.linspace(0, len(times) - 1, _FRAMES + 2).round().astype(int))
    chosen = places[1:-1] if len(times) > _FRAMES else np.arange(len(times))
    views = []
    for place in chosen:
        start = times[int(place)]
        frame = next((f for f in film.frames(start) if f.at.index >= start.index), None)
        if frame is not None:
            views.append(eight_bit(frame.pixels))
    return views


def built(plugin: Plugin, options: ExtractOptions, **changes: Any) -> Detector | None:
    """A detector with some options changed; None where it has none such, or looks at no pixels."""
    changes = {name: value for name, value in changes.items() if value is not None}
    handed = {**to_mapping(options), **changes}
    own = {k: v for k, v in changes.items() if k != "min_face_px"}
    try:
        made: Detector = plugin.build({**options.detect.of(plugin.name), **own}, "cpu", handed)
    except (ValueRefused, PluginError, WeightsError):
        return None
    return None if isinstance(made, LocatedDetector) else made


def other_detectors(own: Plugin, registry: Registry) -> list[Plugin]:
    """The other quick detectors that are on this machine."""
    known = {p.name: p for p in registry.of_kind("detect")}
    names = [name for name in _QUICK if name != own.name and name in known]
    return [known[name] for name in names if is_here(known[name])]


def _least(detector: Detector, min_face_px: int) -> Look:
    return lambda view: sized(detector.detect([view])[0], min_face_px, None)


def count_with(views: Sequence[NDArray[np.uint8]], detector: Detector, min_face_px: int) -> int:
    """In how many pictures a detector sees a face of at least that size."""
    return _count_with(views, _least(detector, min_face_px))


def _count_with(views: Sequence[NDArray[np.uint8]], look: Look) -> int:
    return sum(len(look(view)) > 0 for view in views)


def _sides(faces: Faces) -> list[float]:
    """Longer sides of the boxes, which `min_face_px` speaks of."""
    boxes = faces.boxes_xyxy
    return [float(side) for side in (boxes[:, 2:] - boxes[:, :2]).max(1, initial=0.0)]
