"""Putting a converted face back: colour matching and compositing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

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


@runtime_checkable
class SteadyMatcher(ColourMatcher, Protocol):
    """A matcher that goes by numbers, which may be averaged over a face's neighbours in time.

    So colours follow the light of a shot and not the noise of a frame, and nothing flickers.
    """

    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[Any] | None:
        """What the match goes by.

        Args:
            swapped: as for `match`.
            original: as for `match`.
            mask: as for `match`.

        Returns:
            (n,) float64, as many for every face and such that a mean of several says what they
            have in common; None where the mask is too small to measure anything.
        """

    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """Match by numbers; by those of `measure` alone it gives what `match` gives.

        Args:
            swapped: as for `match`.
            mask: as for `match`.
            measured: (n,) float64, of this face or a mean with its neighbours.

        Returns:
            (h, w, 3) float32 RGB 0..1.
        """
