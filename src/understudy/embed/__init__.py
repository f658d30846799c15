"""Identity embeddings: numbers that are near for one person and far for two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.types import Alignment


class Embedder(Protocol):
    """Turns aligned faces into identity vectors."""

    dimensions: int
    same_person_below: float
    """Euclidean distance under which two faces are usually one person's."""

    def embed(self, frame: NDArray[Any], alignments: Sequence[Alignment]) -> NDArray[Any]:
        """Embed the faces of one frame.

        Args:
            frame: (h, w, 3) uint8 RGB.
            alignments: n faces.

        Returns:
            (n, dimensions) float32; compare by Euclidean distance.
        """
