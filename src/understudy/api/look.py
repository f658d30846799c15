"""`detect` and `align`: faces and their landmarks in one picture, or in each frame of a film."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, overload

from understudy.align.options import RefineOptions
from understudy.align.refine import refined
from understudy.api.bars.progress import Watch, watching
from understudy.api.film import Film
from understudy.api.pictures import Picture, frame_of
from understudy.api.settings import chosen
from understudy.detect import detect_all
from understudy.detect.limits import sized
from understudy.detect.rotate import RotatedDetector
from understudy.flow import Progress
from understudy.imaging.depth import eight_bit
from understudy.nn.device import choose_device
from understudy.options import Branch, to_mapping
from understudy.plugin import Plugin, default_registry
from understudy.stages.extract.choose import resolved
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.faces.plugins import say_devices, say_licences
from understudy.stages.faces.upright import aligned_upright
from understudy.types import Faces, Frame
from understudy.weights.needed import ensure, require_commercial

_DETECTING = (
    "detector",
    "detect",
    "min_face_px",
    "max_face_px",
    "rotate",
    "device",
    "commercial_safe",
    "trust_on_first_use",
)
_ALIGNING = ("aligner", "align", "normalise", "refeed", "realign")


@overload
def detect(
    picture: Film, detector: str = "auto", *, progress: Watch = True, **options: Any
) -> Iterator[tuple[Frame, Faces]]: ...


@overload
def detect(
    picture: Picture, detector: str = "auto", *, progress: Watch = True, **options: Any
) -> Faces: ...


def detect(
    picture: Picture | Film, detector: str = "auto", *, progress: Watch = True, **options: Any
) -> Faces | Iterator[tuple[Frame, Faces]]:
    """Find faces in a picture, or in each frame of a film.

    Each frame is looked at for itself. To follow faces through a film, with landmarks, masks and
    persons, use `extract`.

    Args:
        picture: (h, w, 3) RGB array, a `Frame`, the file of a still image, or a `Film`.
        detector: a detector's name, see `understudy plugins`; "auto" takes the first choice whose
            weights can be had.
        progress: who watches where it is a film: True draws a bar, None nothing.
        **options: of extraction that concern detection (`min_face_px`, `max_face_px`, `rotate`,
            `device`), and detectors' own (`detect={"mtcnn": {"scale_factor": 0.8}}`).

    Returns:
        Of a picture, its `Faces`, the surest first: `boxes_xyxy` (n, 4) and `scores` (n,) float64,
        boxes in pixels, where pixel i covers [i, i+1). Of a film, an iterator of frames, each with
        its faces, decoded as they are asked for.

    Raises:
        ValueRefused: no such option, or what is no picture.
        PluginError, WeightsError: no such detector, or its weights cannot be had.
        MediaError: a file cannot be read.

    Example:
        >>> faces = detect("ann.png", min_face_px=30)
        >>> len(faces), faces.boxes_xyxy.shape
        (1, (1, 4))
    """
    settings = chosen("extract", {"detector": detector, **options}, _DETECTING)
    if isinstance(picture, Film):
        return _through(picture, settings, False, progress)
    with watching(progress, stops=False) as told:
        return _looker(settings, False, True, told).look(frame_of(picture))


@overload
def align(
    picture: Film,
    faces: None = None,
    aligner: str = "auto",
    *,
    detector: str = "auto",
    progress: Watch = True,
    **options: Any,
) -> Iterator[tuple[Frame, Faces]]: ...


@overload
def align(
    picture: Picture,
    faces: Faces | None = None,
    aligner: str = "auto",
    *,
    detector: str = "auto",
    progress: Watch = True,
    **options: Any,
) -> Faces: ...


def align(
    picture: Picture | Film,
    faces: Faces | None = None,
    aligner: str = "auto",
    *,
    detector: str = "auto",
    progress: Watch = True,
    **options: Any,
) -> Faces | Iterator[tuple[Frame, Faces]]:
    """Find the 68 landmarks of faces in a picture, or in each frame of a film.

    Args:
        picture: as `detect`.
        faces: the faces of a picture, as `detect` gave them; None detects them first.
        aligner: a landmark predictor's name; "auto" takes the first choice whose weights can be
            had.
        detector: where faces are to be detected.
        progress: as `detect`.
        **options: as `detect`, and of extraction that concern alignment (`normalise`, `refeed`,
            `realign`), and predictors' own (`align={"fan": {...}}`).

    Returns:
        The same faces with `landmarks` (n, 68, 2) float64 in pixels. `Alignment.fit(landmarks,
        frame.space)` gives the crop around one. Of a film, as `detect`.

    Raises:
        ValueRefused, PluginError, WeightsError, MediaError: as `detect`.

    Example:
        >>> align("ann.png", min_face_px=30).landmarks.shape
        (1, 68, 2)
    """
    given = {"detector": detector, "aligner": aligner, **options}
    settings = chosen("extract", given, (*_DETECTING, *_ALIGNING))
    if isinstance(picture, Film):
        return _through(picture, settings, True, progress)
    with watching(progress, stops=False) as told:
        return _looker(settings, True, faces is None, told).look(frame_of(picture), faces)


def _through(
    film: Film, settings: ExtractOptions, landmarks: bool, progress: Watch
) -> Iterator[tuple[Frame, Faces]]:
    with watching(progress, stops=False) as told:
        looker = _looker(settings, landmarks, True, told)
        with told.task(f"faces of {film.name}", film.info.n_frames_guess, "frames") as bar:
            for frame in film:
                yield frame, looker.look(frame)
                bar.advance()


def _looker(
    settings: ExtractOptions, landmarks: bool, detects: bool, progress: Progress
) -> _Looker:
    """The nets for these settings; kept, because people look at many pictures one by one."""
    key = (settings, landmarks, detects)
    if key not in _READY:
        made = _Looker(settings, landmarks, detects, progress)
        while len(_READY) >= _KEPT:
            _READY.pop(next(iter(_READY)))
        _READY[key] = made
    return _READY[key]


class _Looker:
    """A detector and perhaps a landmark predictor, set up as extraction would."""

    def __init__(
        self, settings: ExtractOptions, landmarks: bool, detects: bool, progress: Progress
    ) -> None:
        registry = default_registry()
        # What is not needed is named, so that nobody decides `auto` for it and fetches weights.
        asked = replace(
            settings,
            detector=settings.detector if detects else "none",
            aligner=settings.aligner if landmarks else "none",
        )
        self._settings = s = resolved(asked, registry, None, progress)
        plugins = [registry.get("detect", s.detector)] if detects else []
        plugins += [registry.get("align", s.aligner)] if landmarks else []
        if s.commercial_safe:
            require_commercial(plugins, registry)
        ensure(plugins, progress, trust_on_first_use=s.trust_on_first_use)
        say_licences(plugins, progress)
        device = choose_device(s.device).device.type
        nets = {plugin.kind: _built(plugin, s, device) for plugin in plugins}
        self._unturned: Any = nets.get("detect")
        self._detector: Any = self._unturned
        if detects and s.rotations:
            self._detector = RotatedDetector(nets["detect"], s.rotations)
        self._aligner: Any = nets.get("align")
        say_devices(progress)

    def look(self, frame: Frame, faces: Faces | None = None) -> Faces:
        """The faces of a frame, found where none are given."""
        pixels = eight_bit(frame.pixels)
        if faces is None:
            (found,) = detect_all(self._detector, [pixels], [frame.at.index])
            faces = sized(found, self._settings.min_face_px, self._settings.max_face_px)
            if self._aligner is not None and len(faces):
                return aligned_upright(self._unturned, self._aligner, pixels, faces)
        if self._aligner is not None and len(faces):
            faces = self._aligner.align(pixels, faces)
        return faces


_KEPT = 4
_READY: dict[tuple[ExtractOptions, bool, bool], _Looker] = {}


def _built(plugin: Plugin, settings: ExtractOptions, device: str) -> Any:
    branch: Branch = getattr(settings, plugin.kind)
    built = plugin.build(branch.of(plugin.name), device, to_mapping(settings))
    if plugin.kind == "align":
        helped = RefineOptions(settings.normalise, settings.refeed, settings.realign)
        return refined(built, helped)
    return built
