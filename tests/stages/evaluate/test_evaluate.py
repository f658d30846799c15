from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import MediaError, StoreError, ValueRefused
from understudy.flow import Silent
from understudy.imaging.sheets import contact_sheet, fit
from understudy.media.stills import read_image
from understudy.stages.evaluate.metrics import psnr, ssim
from understudy.stages.evaluate.stage import EvaluateInputs, evaluate
from understudy.store.alignments import Alignments


def noise(seed: int = 0, shape: tuple[int, ...] = (40, 50, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def test_psnr_counts_only_what_is_inside_the_mask():
    a, mask = noise(), np.zeros((40, 50), np.float32)
    mask[10:20] = 1
    assert psnr(a, a, mask) == math.inf
    b = a.copy()
    b[:10] = 255 - b[:10]
    assert psnr(a, b, mask) == math.inf
    c = np.where(a < 128, a + 10, a - 10).astype(np.uint8)
    assert psnr(a, c, mask) == pytest.approx(10 * math.log10(255**2 / 100))
    mask[20:30] = 0.5  # half as important, and off by 20 there
    c[20:30] = np.where(a[20:30] < 128, a[20:30] + 20, a[20:30] - 20)
    assert psnr(a, c, mask) == pytest.approx(10 * math.log10(255**2 / ((100 + 0.5 * 400) / 1.5)))


def test_ssim_of_what_can_be_worked_out_by_hand():
    a, mask = noise(), np.ones((40, 50), np.float32)
    assert ssim(a, a, mask) == pytest.approx(1)
    flat, other = np.full((30, 30, 3), 100, np.uint8), np.full((30, 30, 3), 150, np.uint8)
    c1 = (0.01 * 255) ** 2
    want = (2 * 100 * 150 + c1) / (100**2 + 150**2 + c1)
    assert ssim(flat, other, np.ones((30, 30), np.float32)) == pytest.approx(want)
    assert ssim(a, 255 - a, mask) < -0.5  # the same edges turned round
    assert -0.1 < ssim(a, noise(1), mask) < 0.1


def test_pictures_that_do_not_fit_are_refused():
    a, mask = noise(), np.ones((40, 50), np.float32)
    for metric in (psnr, ssim):
        with pytest.raises(ValueRefused, match="equal sizes"):
            metric(a, a[:, 1:], mask)
        with pytest.raises(ValueRefused, match="empty"):
            metric(a, a, 0 * mask)


def test_a_contact_sheet_keeps_shapes_and_fills_its_cells():
    wide, tall = np.full((10, 40, 3), 200, np.uint8), np.full((90, 30, 3), 250, np.uint8)
    sheet = contact_sheet(["one", "two"], [[wide, tall]] * 3, ["x", "y", "z"], (60, 60))
    assert sheet.shape == (22 + 3 * 64 + 4, 2 * 64 + 4, 3)
    assert (fit(wide, (60, 60))[:, :, 0] == 200).sum() == 60 * 15
    assert (fit(tall, (60, 60))[:, :, 0] == 250).sum() == 60 * 20


@pytest.fixture(scope="module")
def scored(films, film, people, extracted, registry, tmp_path_factory):
    """Footage of A, whose output is B's performance in the same frames."""
    folder = tmp_path_factory.mktemp("scored")
    source = film(folder / "source.mp4", list(people.a[:8]))
    output = film(folder / "output.mp4", list(people.b[:8]))
    footage, donor = extracted(source), extracted(films.b)
    return EvaluateInputs(
        source=source,
        output=output,
        alignments=footage.alignments,
        donor=donor.alignments,
        sheet=folder / "sheet.png",
        rows=3,
    )


def test_identity_and_truth_tell_a_swap_from_no_swap(scored, registry):
    inputs = EvaluateInputs(
        scored.source, scored.output, scored.alignments, scored.donor, scored.sheet,
        truth=scored.output, rows=3,
    )  # fmt: skip
    swapped = evaluate(inputs, registry, Silent())
    assert swapped.frames == swapped.frames_with_face == len(swapped.to_donor) == 8
    assert swapped.nearer_to_donor == 1
    assert set(swapped.psnr_swap) == {math.inf}
    assert swapped.ssim_swap == pytest.approx([1] * 8)
    assert max(swapped.psnr_unswapped) < 30
    sheet = read_image(scored.sheet)
    assert sheet.shape == (22 + 3 * 244 + 4, 4 * 244 + 4, 3)
    untouched = EvaluateInputs(
        scored.source, scored.source, scored.alignments, scored.donor, scored.sheet, rows=3
    )
    plain = evaluate(untouched, registry, Silent())
    assert plain.nearer_to_donor == 0
    assert read_image(scored.sheet).shape[1] == 3 * 244 + 4
    assert "identity: 0% of 8 frames" in plain.lines()[1]


def test_another_number_of_frames_is_refused(scored, film, people, registry, tmp_path: Path):
    short = film(tmp_path / "short.mp4", list(people.a[:6]))
    with pytest.raises(MediaError, match="same number of frames"):
        inputs = EvaluateInputs(scored.source, short, scored.alignments, None, tmp_path / "s.png")
        evaluate(inputs, registry, Silent())


def test_a_mask_that_is_not_there_is_named(scored, registry, tmp_path: Path):
    inputs = EvaluateInputs(
        scored.source, scored.output, scored.alignments, None, tmp_path / "s.png", mask="bisenet"
    )
    with pytest.raises(StoreError, match="bisenet"):
        evaluate(inputs, registry, Silent())


def test_landmarks_that_a_repair_set_are_no_hindrance(scored, registry, tmp_path: Path):
    """Their maker is no plug-in: what looks at the result is then the usual predictor."""
    repaired = tmp_path / "repaired.alignments"
    shutil.copy2(scored.alignments, repaired)
    with Alignments.open(repaired) as store:
        faces = [face for _, found in store.by_frame() for face in found]
        store.put_faces(face.realigned(face.alignment, "two-way@1") for face in faces)
    inputs = replace(scored, alignments=repaired, sheet=tmp_path / "sheet.png")
    assert len(evaluate(inputs, registry, Silent()).to_donor) == 8
