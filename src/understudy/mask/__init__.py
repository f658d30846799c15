"""Maskers: which pixels of a face crop belong to the face."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from understudy.types import Alignment, Mask


class Masker(Protocol):
    """Makes one kind of mask for one face."""

    def mask(self, frame: NDArray[Any], alignment: Alignment) -> Mask:
        """Make the mask.

        Args:
            frame: (h, w, 3) uint8 RGB; maskers that go by landmarks alone ignore it.
            alignment: the face.

        Returns:
            A mask on a square grid around the face (128 px, face centering by default).
        """
