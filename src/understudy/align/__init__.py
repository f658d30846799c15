"""Landmark predictors: from boxes to 68 points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.types import Faces


class Aligner(Protocol):
    """Finds the 68 landmarks of detected faces in one frame.

    A class attribute `signals` names those of its `extras` that a model may be told ("mesh",
    "blendshapes"), so that they can be filled in for faces found without it.
    """

    def align(self, frame: NDArray[Any], faces: Faces) -> Faces:
        """Fill in landmarks.

        Args:
            frame: (h, w, 3) uint8 RGB.
            faces: detections in that frame. Where they carry landmarks already, these are a guess
                (from the frame before, or from a first pass) that the predictor may take size,
                place and roll from instead of the box.

        Returns:
            The same faces, boxes and scores unchanged, with landmarks (n, 68, 2) in frame pixels;
            pixel i covers [i, i+1), so predictors that count pixel centres as integers add 0.5.
            `presence` and `extras` where the predictor knows them.
        """


@runtime_checkable
class BatchAligner(Protocol):
    """An aligner that gains from many frames at once, as networks on a GPU do."""

    def align_batch(
        self, frames: Sequence[NDArray[Any]], faces: Sequence[Faces]
    ) -> Sequence[Faces]:
        """`Aligner.align` for several frames, one `Faces` each."""


def align_all(
    aligner: Aligner, frames: Sequence[NDArray[Any]], faces: Sequence[Faces]
) -> list[Faces]:
    """Align the faces of several frames, at once where the aligner can."""
    if isinstance(aligner, BatchAligner):
        return list(aligner.align_batch(frames, faces))
    return [aligner.align(f, found) for f, found in zip(frames, faces, strict=True)]
