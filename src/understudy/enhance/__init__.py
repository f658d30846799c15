"""Enhancers: networks that make a face that a model has made finer before it goes into its frame.

A model's output is enhanced, never what a model is trained on: what a network invents there would
be learnt as the person's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Enhancer(Protocol):
    """Makes pictures of faces finer. No I/O, and nothing remembered from face to face.

    Attributes:
        face_px: side of the square that it wants a whole face in, upright and placed as in the FFHQ
            data (`enhance.square`); None where it takes whatever square a model makes, textures of
            a face's surface as well.
        fingerprint: tells its weights from all others, so that no film is joined from both.
    """

    @property
    def face_px(self) -> int | None:
        """See the class."""

    @property
    def fingerprint(self) -> str:
        """See the class."""

    def enhance(self, pictures: NDArray[Any]) -> NDArray[Any]:
        """Make pictures finer.

        Args:
            pictures: (n, s, s, 3) float32 RGB 0..1, n at least 1; s is `face_px` where that says.

        Returns:
            (n, t, t, 3) float32 RGB 0..1, t at least s, showing the same squares. What comes of one
            picture does not hang on the others.
        """
