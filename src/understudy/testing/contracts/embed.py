"""What every identity embedding keeps to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from understudy.embed import Embedder
from understudy.geometry.mirror import MIRRORED_68
from understudy.types import Alignment
from understudy.types.frame import frame_space


def check_embedder(
    embedder: Embedder, frame: NDArray[np.uint8], alignments: Sequence[Alignment]
) -> None:
    """One finite vector a face, the same each time, near for two looks at one face.

    Args:
        embedder: under test.
        frame: with the faces.
        alignments: at least one.
    """
    none = embedder.embed(frame, [])
    assert none.shape == (0, embedder.dimensions), f"no faces gave {none.shape}"
    vectors = embedder.embed(frame, alignments)
    expected = (len(alignments), embedder.dimensions)
    assert vectors.shape == expected, f"expected {expected}, got {vectors.shape}"
    assert vectors.dtype == np.float32, f"expected float32, got {vectors.dtype}"
    assert np.isfinite(vectors).all(), "not finite"
    assert np.array_equal(embedder.embed(frame, alignments), vectors), "two runs differ"
    alone = embedder.embed(frame, alignments[:1])
    twice = embedder.embed(frame, [alignments[0], alignments[0]])
    for other in (alone, twice[:1], twice[1:]):
        assert np.allclose(other, vectors[:1], atol=1e-5), "company changes a face's vector"
    mirrored = np.ascontiguousarray(frame[:, ::-1])
    distance = np.linalg.norm(
        embedder.embed(mirrored, [_mirrored(alignments[0], frame.shape[1])])[0] - vectors[0]
    )
    assert distance < embedder.same_person_below, f"a face is {distance:.2f} from its mirror image"


def _mirrored(alignment: Alignment, width: int) -> Alignment:
    points = alignment.landmarks[list(MIRRORED_68)].copy()
    points[:, 0] = width - points[:, 0]
    space = alignment.unit_from_frame.src
    return Alignment.fit(points, frame_space(space.width, space.height))
