"""Whose face is it: distances to the mean identity of who was there and of who took over.

Vectors of two networks, or of two versions of one, say nothing of each other, also where they are
of one length. So everything is compared in one network's vectors: the one that looked at the
film. A donor whose vectors are another's has some of the face pictures looked at again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import PluginError, StoreError, WeightsError
from understudy.plugin import Plugin, Registry
from understudy.stages.evaluate.report import PartReport
from understudy.stages.faces.casting import Casting, Part
from understudy.stages.faces.views import picture_view
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset
from understudy.types import Alignment, Face, Faces, Frame

PICTURES = 48
"""So many of a donor's pictures are looked at again, evenly spread."""


@dataclass(frozen=True, slots=True)
class Donor:
    """Footage of a trained person.

    Attributes:
        alignments: of the film.
        persons: numbers of the persons found in it that are this one; None for all of them, of
            whom the largest of each frame counts.
        faces: the folder of its face pictures, to be looked at where the vectors are of another
            network than the output's; or None.
    """

    alignments: Path
    persons: frozenset[int] | None = None
    faces: Path | None = None


class Identity:
    """Looks at faces of the output, and tells how far they are from two people.

    Attributes:
        unknown: why this cannot be told of a part, by part.
    """

    def __init__(
        self,
        casting: Casting,
        donors: Mapping[str, Sequence[Donor]],
        parts: Iterable[Part],
        registry: Registry,
    ) -> None:
        parts = list(parts)
        self.unknown: dict[Part, str] = {}
        self._means: dict[Part, tuple[NDArray[Any], NDArray[Any]]] = {}
        tools = _tools(casting, registry)
        if isinstance(tools, str):
            self.unknown = dict.fromkeys(parts, tools)
            return
        self._network, self._embedder, self._aligner = tools
        originals = _originals(casting, self._network.made_by)
        of_donor = {to: self._donor(donors.get(to, ())) for to in {p.to for p in parts}}
        for part in parts:
            donor, original = of_donor[part.to], originals.get(part)
            if isinstance(donor, str):
                self.unknown[part] = f"{part.to}: {donor}"
            elif original is None:
                self.unknown[part] = f"the faces carry no vectors of {self._network.made_by}"
            else:
                self._means[part] = original, donor

    def judge(self, output: Frame, face: Face, part: Part, report: PartReport) -> None:
        """Look at the face in the output that lies where this one was."""
        if part not in self._means:
            return
        original, donor = self._means[part]
        boxes = Faces(face.box_xyxy[None], np.array([face.score]))
        found = self._aligner.align(output.pixels, boxes)
        alignment = Alignment.fit(found.landmarks[0], output.space)
        vector = self._embedder.embed(output.pixels, [alignment])[0]
        report.to_donor.append(float(np.linalg.norm(vector - donor)))
        report.to_original.append(float(np.linalg.norm(vector - original)))

    def _donor(self, films: Sequence[Donor]) -> NDArray[Any] | str:
        """A person's mean vector in the output's network, or why there is none."""
        if not films:
            return "no footage of this person is at hand"
        mean = _Mean()
        for film in films:
            for vector in _vectors_of(film, self._network.made_by):
                mean.add(vector)
        if mean.n == 0:
            for film in films:
                for vector in self._looked_at_again(film, PICTURES // len(films) + 1):
                    mean.add(vector)
        if mean.n == 0:
            return (
                f"the vectors of this person are not of {self._network.made_by}, which looked at "
                "the film, and there are no face pictures to look at again"
            )
        return mean.value

    def _looked_at_again(self, film: Donor, count: int) -> Iterable[NDArray[Any]]:
        if film.faces is None or not film.faces.is_dir():
            return
        theirs = None if film.persons is None else _tracks_of(film)
        paths = list_faceset(film.faces)
        step = max(1, len(paths) // count)
        for path in paths[step // 2 :: step]:
            try:
                view = picture_view(path)
            except StoreError:
                continue  # training names what is wrong with it
            if theirs is None or view.face.track in theirs:
                yield self._embedder.embed(view.pixels, [view.alignment])[0]


class _Mean:
    """A mean of vectors that come one by one."""

    def __init__(self) -> None:
        self.n = 0
        self._sum: Any = 0.0

    def add(self, vector: NDArray[Any]) -> None:
        self._sum, self.n = self._sum + vector.astype(np.float64), self.n + 1

    @property
    def value(self) -> NDArray[Any]:
        mean: NDArray[Any] = self._sum / self.n
        return mean


def _tools(casting: Casting, registry: Registry) -> tuple[Plugin, Any, Any] | str:
    """The network that looked at the film, its embedder and a predictor, or what is missing."""
    networks = Counter(v.made_by for v in casting.store.vectors())
    if not networks:
        return "the film's faces carry no identity vectors; extract it with an --embedder"
    made_by = networks.most_common(1)[0][0]
    name = made_by.partition("@")[0]
    aligner = _aligner(_aligner_of(casting), registry)
    if aligner is None:
        return "no landmark predictor can be had here; see understudy weights list"
    try:
        plugin = registry.get("embed", name)
        if plugin.made_by != made_by:
            return f"the film was looked at with {made_by}, and here is {plugin.made_by}"
        return plugin, plugin.build(), aligner
    except (PluginError, WeightsError) as error:
        return f"{made_by} looked at the film, but {error}"


def _aligner_of(casting: Casting) -> str:
    """Who found the landmarks of the faces that are replaced."""
    for index, found in casting.in_frames(""):
        (face,) = (f for f in casting.store.faces(index) if f.id == found[0][0].id)
        return face.made_by.get("align", "").partition("@")[0]
    return ""


def _aligner(name: str, registry: Registry) -> Any:
    """The predictor of that name, or one that is here: landmarks may be smoothed or set by hand."""
    for known in dict.fromkeys((name, "mediapipe", "dlib68")):
        try:
            return registry.get("align", known).build()
        except (PluginError, WeightsError):
            continue
    return None


def _originals(casting: Casting, made_by: str) -> dict[Part, NDArray[Any]]:
    """The mean vector of who was there before, by part."""
    means: dict[Part, _Mean] = {}
    for vector in casting.store.vectors():
        part = casting.part(vector.person)
        if part is not None and vector.made_by == made_by:
            means.setdefault(part, _Mean()).add(vector.values)
    return {part: mean.value for part, mean in means.items()}


def _vectors_of(film: Donor, made_by: str) -> Iterable[NDArray[Any]]:
    with Alignments.open(film.alignments, read_only=True) as store:
        largest: Any = None
        for vector in store.vectors():
            if vector.made_by != made_by:
                continue
            if film.persons is not None:
                if vector.person in film.persons:
                    yield vector.values
                continue
            if largest is not None and largest.frame != vector.frame:
                yield largest.values
                largest = None
            if largest is None or vector.size_px > largest.size_px:
                largest = vector
        if largest is not None:
            yield largest.values


def _tracks_of(film: Donor) -> set[int]:
    with Alignments.open(film.alignments, read_only=True) as store:
        return {t.number for t in store.tracks() if t.person in (film.persons or ())}
