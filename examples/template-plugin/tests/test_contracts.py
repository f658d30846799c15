"""What every plug-in of its kind must keep to; three lines each."""

from understudy.actors import portraits
from understudy.testing.contracts import check_detector, check_swap
from understudy_template.detector import SkinDetector
from understudy_template.model import LinearSwap


def test_the_detector_keeps_to_its_contract() -> None:
    check_detector(SkinDetector(), [shot.pixels for shot in portraits()])


def test_the_model_keeps_to_its_contract() -> None:
    check_swap(LinearSwap)
