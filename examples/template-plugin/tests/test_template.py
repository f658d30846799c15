"""What the contracts cannot know: that faces are found where they are, and swaps look right."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from understudy.actors import portraits
from understudy.imaging.resample import crop_image
from understudy.swap import Batch
from understudy.types import Alignment
from understudy.types.frame import frame_space
from understudy_template.detector import SkinDetector
from understudy_template.model import LinearSwap
from understudy_template.options import LinearOptions, SkinOptions


@pytest.mark.parametrize("actor", ["actor_a", "actor_b"])
@pytest.mark.parametrize("size_wh", [(160, 120), (640, 360)])
def test_a_face_is_found_where_it_is(actor: str, size_wh: tuple[int, int]) -> None:
    for shot in portraits(3, actor, size_wh):
        (box,) = SkinDetector().detect([shot.pixels])[0].boxes_xyxy
        nose, height = shot.landmarks[30], box[3] - box[1]
        assert (np.abs((box[:2] + box[2:]) / 2 - nose) < 0.25 * height).all()
        assert 0.6 < height / (2 * (shot.landmarks[8, 1] - nose[1])) < 2


def test_the_smallest_share_can_be_chosen() -> None:
    picture = portraits(1)[0].pixels
    assert len(SkinDetector(SkinOptions(min_share=0.5)).detect([picture])[0]) == 0


def faces_of(actor: str, number: int) -> Batch:
    """Sixteen crops of an actor who says and does what the other one does, in the same order."""
    crops = []
    for shot in portraits(16, actor, (160, 120)):
        alignment = Alignment.fit(shot.landmarks, frame_space(160, 120))
        crops.append(crop_image(shot.pixels, alignment.crop(48, centering="legacy")))
    rgb = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2) / 255
    small = F.interpolate(rgb, (32, 32), mode="area")
    planes = {"input": small, "rgb": rgb, "weight": torch.ones(16, 1, 48, 48)}
    return Batch(planes, (number,) * 16)


def test_a_swap_shows_the_other_person_doing_the_same() -> None:
    torch.manual_seed(1)
    model = LinearSwap(LinearOptions(code=6), ("ann", "bob"))  # sixteen faces tell no more apart
    ann, bob = faces_of("actor_a", 0), faces_of("actor_b", 1)
    with torch.no_grad():
        model.init_from([ann, bob])
        shown = model.convert(ann.planes["input"], "bob").rgb
    middle = (..., slice(12, 36), slice(12, 36))
    true, before = bob.planes["rgb"][middle], ann.planes["rgb"][middle]
    apart = (shown[middle] - true).abs().mean()
    assert apart < 0.85 * (before - true).abs().mean(), "not nearer to bob than ann was"
    others = torch.stack([(shown[middle] - true.roll(i, 0)).abs().mean() for i in range(4, 13)])
    assert apart < 0.85 * others.mean(), "bob, but not doing what ann does"
