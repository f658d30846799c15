"""The same few faces of a film, scored with one model after another.

Plates and donor are looked at once; what is swapped is found anew each time, by the same eyes and
the same parts of the score as in a finished film. Frames are taken one by one, so flicker is not
measured, and parts that drop out of a question leave the others their weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.plugin import Registry
from understudy.score import Pair
from understudy.stages.evaluate.donors import Donor, Resolution, look_at_donor
from understudy.stages.evaluate.gather import Gathered, scorers_of
from understudy.stages.evaluate.looking import Eyes, Found, crop_of, sight
from understudy.stages.evaluate.plates import Target
from understudy.stages.evaluate.report import PartReport, judged_part
from understudy.stages.faces.casting import Part

DONOR_PICTURES = 12
"""Fewer than for a finished film: they are looked at before the first score of a training."""


@dataclass(frozen=True, slots=True, eq=False)
class _Plate:
    target: Target
    found: Found
    pixels: NDArray[np.uint8]


class Panel:
    """Faces to be swapped, found in their plates.

    Args:
        eyes: those that look.
        registry: of the parts of the score.
        donors: footage of the persons who go in, by their ids.
    """

    def __init__(
        self, eyes: Eyes, registry: Registry, donors: Mapping[str, Sequence[Donor]]
    ) -> None:
        self._eyes, self._donors = eyes, donors
        self._scorers = scorers_of(registry)
        self._plates: list[_Plate | None] = []
        self._theirs: dict[Part, Gathered] = {}

    def add(self, faces: Sequence[tuple[Target, NDArray[np.uint8]]]) -> int:
        """Look at plates.

        Args:
            faces: each with its (h, w, 3) uint8 RGB plate.

        Returns:
            How many were found anew; the others are not scored.
        """
        for target, pixels in faces:
            found = self._eyes.find(pixels, target.box_xyxy)
            self._plates.append(None if found is None else _Plate(target, found, pixels))
        return sum(plate is not None for plate in self._plates)

    def judged(
        self, swaps: Iterable[NDArray[np.uint8]], resolution: Resolution
    ) -> dict[Part, PartReport]:
        """Score swaps of all faces that were added, in their order.

        Args:
            swaps: (h, w, 3) uint8 RGB each.
            resolution: what the model shows.
        """
        gathered: dict[Part, Gathered] = {}
        for plate, pixels in zip(self._plates, swaps, strict=True):
            if plate is None:
                continue
            target = plate.target
            mine = gathered.setdefault(target.part, Gathered(self._scorers))
            swap = self._eyes.find(pixels, target.box_xyxy)
            if swap is None:
                mine.lost += 1
                continue
            crop = crop_of(target.alignment)
            before, after = sight(plate.found, plate.pixels, crop), sight(swap, pixels, crop)
            mine.add(Pair(before, after, target.matte_on_crop()))
        return {
            part: judged_part(mine, self._donor(part, resolution), self._scorers)
            for part, mine in gathered.items()
        }

    def _donor(self, part: Part, resolution: Resolution) -> Gathered:
        """The donor at the size of this part's plates; looked at once."""
        if part not in self._theirs:
            units = [p.found.unit_px for p in self._plates if p and p.target.part == part]
            footage, size = self._donors.get(part.to, ()), float(np.median(units))
            self._theirs[part], _ = look_at_donor(
                footage, self._eyes, self._scorers, size, resolution, DONOR_PICTURES
            )
        return self._theirs[part]
