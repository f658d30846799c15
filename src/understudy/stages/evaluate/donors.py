"""Pictures of the donor: what the output is to look like, and what the model's size leaves of it.

They are brought to the size that the plate shows faces at, never enlarged, so that a close-up of
the donor does not ask for detail that the plate could not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import StoreError
from understudy.geometry import Centering
from understudy.imaging.resample import crop_image, resize, warp_image
from understudy.media import FilmReader, probe
from understudy.media.colour.light import is_hdr
from understudy.score import Pair, Sight
from understudy.score.regions import face_region
from understudy.stages.evaluate.gather import Gathered, Scorers
from understudy.stages.evaluate.looking import CROP_PX, Eyes, Found, crop_of, sight
from understudy.stages.faces.views import picture_view
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset
from understudy.types import Alignment

PICTURES = 32
"""So many of a donor's pictures are looked at at most, evenly spread."""
_SMALLER = 0.97
"""A donor's picture that would be made smaller by less stays as it is."""


@dataclass(frozen=True, slots=True)
class Donor:
    """Footage of a trained person.

    Attributes:
        alignments: of the film; where it is None, the film itself is looked at.
        persons: numbers of the persons found in it that are this one; None for all of them.
        faces: the folder of its face pictures, or None.
        film: a film that shows this person, of whose frames the largest faces count, or None.
    """

    alignments: Path | None = None
    persons: frozenset[int] | None = None
    faces: Path | None = None
    film: Path | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a model shows: a square crop of so many pixels.

    Attributes:
        px: pixels a side.
        coverage, centering: which part of the frame it shows, see `geometry.crops`.
    """

    px: int
    coverage: float
    centering: Centering


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture of the donor, for sheets: what was read off it, and its pixels."""

    found: Found
    pixels: NDArray[np.uint8]


def look_at_donor(
    films: Sequence[Donor],
    eyes: Eyes,
    scorers: Scorers,
    plate_unit_px: float,
    resolution: Resolution | None,
    count: int = PICTURES,
) -> tuple[Gathered, list[Shown]]:
    """Look at a donor's pictures, whole and as the model's resolution leaves them.

    Args:
        films: the donor's footage.
        eyes: those that look at the output.
        scorers: the parts of the score.
        plate_unit_px: side of the mean face's unit square in the plate, pixels.
        resolution: the model's; None leaves the pictures as they are.
        count: how many pictures at most, evenly spread.
    """
    gathered, shown = Gathered(scorers), []
    each = -(-count // max(1, len(films)))
    for film in films:
        for picture in _pictures(film, each):
            as_in_plate = _as_in_plate(picture, eyes, plate_unit_px)
            if as_in_plate is None:
                continue
            pixels, found = as_in_plate
            pair = _pair(pixels, found, eyes, resolution)
            if pair is not None:
                gathered.add(pair)
                shown.append(Shown(found, pixels))
    return gathered, shown


def _pictures(donor: Donor, count: int) -> Iterator[NDArray[np.uint8]]:
    if donor.film is not None:
        yield from _frames(donor.film, count)
        return
    if donor.faces is None or not donor.faces.is_dir():
        return
    theirs = _tracks_of(donor)
    paths = list_faceset(donor.faces)
    for path in _spread(paths, count):
        try:
            view = picture_view(path)
        except StoreError:
            continue  # training names what is wrong with it
        if theirs is None or view.face.track in theirs:
            yield view.pixels


def _frames(film: Path, count: int) -> Iterator[NDArray[np.uint8]]:
    info = probe(film).squared()
    every = max(1, (info.n_frames_guess or count) // count)
    reader = FilmReader(info, assume_colour="tags" if is_hdr(info) else "rec709")
    for frame in reader.frames(every=every):
        yield frame.pixels


def _tracks_of(donor: Donor) -> set[int] | None:
    if donor.persons is None or donor.alignments is None:
        return None
    with Alignments.open(donor.alignments, read_only=True) as store:
        return {t.number for t in store.tracks() if t.person in donor.persons}


def _as_in_plate(
    pixels: NDArray[np.uint8], eyes: Eyes, unit_px: float
) -> tuple[NDArray[np.uint8], Found] | None:
    """The picture, smaller where its face is larger than the plate's, and the face in it."""
    place = eyes.place(pixels)
    if place is None:
        return None
    share = unit_px * place.unit_from_frame.scale
    if share < _SMALLER:
        height, width = pixels.shape[:2]
        size = max(16, round(width * share)), max(16, round(height * share))
        pixels = np.asarray(resize(pixels, size), np.uint8)
    found = eyes.find(pixels, _box(place) * (share if share < _SMALLER else 1.0))
    return None if found is None else (pixels, found)


def _pair(
    pixels: NDArray[np.uint8],
    found: Found,
    eyes: Eyes,
    resolution: Resolution | None,
) -> Pair | None:
    reduced = pixels if resolution is None else _reduced(pixels, found.alignment, resolution)
    again = eyes.find(reduced, _box(found.alignment))
    if again is None:
        return None
    crop = crop_of(found.alignment)
    own = sight(found, pixels, crop)
    through: Sight = sight(again, reduced, crop)
    return Pair(own, through, face_region(own.outline, CROP_PX))


def _reduced(
    pixels: NDArray[np.uint8], alignment: Alignment, resolution: Resolution
) -> NDArray[np.uint8]:
    """The picture with its face through a crop of the model's size and back."""
    r = resolution
    crop_from_frame = alignment.crop(r.px, r.coverage, r.centering)
    back = warp_image(crop_image(pixels, crop_from_frame), crop_from_frame.inverse(), "cubic")
    region = face_region(crop_of(alignment).points(alignment.landmarks), CROP_PX)
    inside = warp_image(region, crop_of(alignment).inverse())[..., None].clip(0, 1)
    mixed = pixels + inside * (back.astype(np.float32) - pixels)
    return np.asarray(np.rint(mixed.clip(0, 255)), np.uint8)


def _box(alignment: Alignment) -> NDArray[Any]:
    return np.concatenate([alignment.landmarks.min(0), alignment.landmarks.max(0)])


def _spread(paths: Sequence[Path], count: int) -> Iterable[Path]:
    if len(paths) <= count:
        return paths
    return [paths[int((k + 0.5) * len(paths) / count)] for k in range(count)]
