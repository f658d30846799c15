"""Putting a converted face back: colour matching and compositing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ColourMatcher(Protocol):
    """Brings the colours of a converted crop to those of the crop it replaces."""

    def match(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[Any]:
        """Match colours.

        Args:
            swapped: (h, w, 3) float32 RGB 0..1, the model's output.
            original: (h, w, 3) float32 RGB 0..1, the same crop of the frame.
            mask: (h, w) float32 0..1; statistics are taken inside.

        Returns:
            (h, w, 3) float32 RGB 0..1.
        """
