"""Maskers: which pixels of a face crop belong to the face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
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


@runtime_checkable
class BatchMasker(Protocol):
    """A masker that gains from many faces at once, as networks on a GPU do."""

    def mask_batch(
        self, frames: Sequence[NDArray[Any]], alignments: Sequence[Alignment]
    ) -> Sequence[Mask]:
        """`Masker.mask` for several faces; frame i shows face i, frames may repeat."""


def mask_all(
    masker: Masker, frames: Sequence[NDArray[Any]], alignments: Sequence[Alignment]
) -> list[Mask]:
    """Masks of several faces, at once where the masker can."""
    if isinstance(masker, BatchMasker):
        return list(masker.mask_batch(frames, alignments)) if alignments else []
    return [masker.mask(f, a) for f, a in zip(frames, alignments, strict=True)]
