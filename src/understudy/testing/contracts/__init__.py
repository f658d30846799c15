"""What every plug-in of a kind must keep to; run these over your own implementation.

    from understudy.testing.contracts import check_colour
    def test_contract():
        check_colour(MyMatcher())

Each check raises an AssertionError that says what was broken. Those of faces want pictures with a
face that the implementation can find; `understudy.actors.portraits` renders some:

    from understudy.actors import portraits
    from understudy.testing.contracts import check_detector
    def test_contract():
        check_detector(MyDetector(), [shot.pixels for shot in portraits()])

Convention: frames are (h, w, 3) uint8 RGB; pixel i covers [i, i+1).
"""

from collections.abc import Callable

from understudy.testing.contracts.align import check_aligner
from understudy.testing.contracts.colour import check_colour
from understudy.testing.contracts.detect import check_detector
from understudy.testing.contracts.embed import check_embedder
from understudy.testing.contracts.enhance import check_enhancer
from understudy.testing.contracts.mask import check_masker
from understudy.testing.contracts.score import check_scorer
from understudy.testing.contracts.swap import check_swap
from understudy.testing.contracts.write import check_writer

__all__ = [
    "CHECKS",
    "check_aligner",
    "check_colour",
    "check_detector",
    "check_embedder",
    "check_enhancer",
    "check_masker",
    "check_scorer",
    "check_swap",
    "check_writer",
]

CHECKS: dict[str, Callable[..., None]] = {
    "detect": check_detector,
    "align": check_aligner,
    "mask": check_masker,
    "embed": check_embedder,
    "swap": check_swap,
    "enhance": check_enhancer,
    "colour": check_colour,
    "write": check_writer,
    "score": check_scorer,
}
"""The check of each kind, by the kind's name in `understudy.plugin.KINDS`."""
