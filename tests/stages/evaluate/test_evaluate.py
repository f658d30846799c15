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
from understudy.stages.evaluate.stage import Donor, EvaluateInputs, evaluate
from understudy.stages.faces.casting import Part
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset, read_record


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
        casting={"all": "b"},
        donors={"b": (Donor(donor.alignments, None, donor.faces),)},
        sheet=folder / "sheet.png",
        rows=3,
    )


def test_identity_and_truth_tell_a_swap_from_no_swap(scored, registry):
    inputs = replace(scored, truth=scored.output)
    told = Silent()
    report = evaluate(inputs, registry, told)
    [picture] = [e for e in told.events if e.kind == "picture"]
    assert (picture.code, picture.data["path"]) == ("contact-sheet", str(scored.sheet))
    assert [e.data["value"] for e in told.events if e.code == "identity/nearer_to_donor"] == [1]
    swapped = report.total
    assert report.frames == report.frames_with_face == len(swapped.to_donor) == 8
    assert swapped.nearer_to_donor == 1
    assert set(swapped.psnr_swap) == {math.inf}
    assert swapped.ssim_swap == pytest.approx([1] * 8)
    assert max(swapped.psnr_unswapped) < 30
    sheet = read_image(scored.sheet)
    assert sheet.shape == (22 + 3 * 244 + 4, 4 * 244 + 4, 3)
    untouched = replace(scored, output=scored.source)
    plain = evaluate(untouched, registry, Silent())
    assert plain.total.nearer_to_donor == 0
    assert read_image(scored.sheet).shape[1] == 3 * 244 + 4
    assert "identity: 0% of 8 faces" in plain.lines()[1]


def test_another_number_of_frames_is_refused(scored, film, people, registry, tmp_path: Path):
    short = film(tmp_path / "short.mp4", list(people.a[:6]))
    with pytest.raises(MediaError, match="same number of frames"):
        evaluate(replace(scored, output=short, sheet=tmp_path / "s.png"), registry, Silent())


def test_a_mask_that_is_not_there_is_named(scored, registry, tmp_path: Path):
    inputs = replace(scored, sheet=tmp_path / "s.png", mask="bisenet")
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
    assert len(evaluate(inputs, registry, Silent()).total.to_donor) == 8


def of_another_network(donor: Path, dimensions: int, made_by: str) -> None:
    """The donor's vectors as if another network had looked at the film."""
    rng = np.random.default_rng(3)
    with Alignments.open(donor) as store:
        store.put_faces(
            replace(
                face,
                embedding=rng.normal(size=dimensions).astype(np.float32),
                made_by={**face.made_by, "embed": made_by},
            )
            for _, found in store.by_frame()
            for face in found
        )


@pytest.mark.parametrize("made_by", ["arcface@1", "dlib128@0"])
@pytest.mark.parametrize("dimensions", [128, 512])
def test_a_donor_of_another_network_is_looked_at_again(
    scored, films, extracted, registry, tmp_path, dimensions, made_by
):
    own = extracted(films.b).copy(tmp_path / "own")
    of_another_network(own.alignments, dimensions, made_by)
    inputs = replace(scored, donors={"b": (Donor(own.alignments, None, own.faces),)})
    report = evaluate(inputs, registry, Silent())
    assert report.total.nearer_to_donor == 1
    right = evaluate(scored, registry, Silent()).total.to_donor
    assert report.total.to_donor == pytest.approx(right, abs=0.06)


def test_identity_that_cannot_be_told_is_said_with_the_reason(
    scored, films, extracted, registry, tmp_path
):
    own = extracted(films.b).copy(tmp_path / "own")
    of_another_network(own.alignments, 128, "arcface@1")
    cases = {
        "no footage of this person": replace(scored, donors={}),
        "not of dlib128@1": replace(scored, donors={"b": (Donor(own.alignments),)}),
    }
    bare = tmp_path / "bare.alignments"
    shutil.copy2(scored.alignments, bare)
    with Alignments.open(bare) as store:
        faces = [face for _, found in store.by_frame() for face in found]
        store.put_faces(replace(face, embedding=None) for face in faces)
    cases["extract it with an --embedder"] = replace(scored, alignments=bare)
    for says, inputs in cases.items():
        report = evaluate(inputs, registry, Silent())
        assert report.total.to_donor == []
        assert math.isnan(report.total.nearer_to_donor)
        (line,) = (line for line in report.lines() if "identity" in line)
        assert "not measured" in line and says in line


def test_each_replaced_person_is_scored_and_nobody_else(
    couple, converter, films, extracted, registry, tmp_path
):
    """The larger of the two is left alone; one of the smaller one's faces was deleted."""
    own = couple.copy(tmp_path / "own")
    with Alignments.open(own.alignments, read_only=True) as store:
        person = {t.number: t.person for t in store.tracks()}
        seen = {f.id: f for _, found in store.by_frame() for f in found}
    size = {
        p: max(f.quality["size_px"] for f in seen.values() if person[f.track] == p) for p in (0, 1)
    }
    small = min(size, key=size.__getitem__)
    (gone,) = (i for i, f in seen.items() if f.at.index == 5 and person[f.track] == small)
    (path,) = (p for p in list_faceset(own.faces) if read_record(p).face.id == gone)
    path.unlink()
    casting = {str(small): "b", str(1 - small): None}
    converter(own, "out", casting=casting)
    inputs = EvaluateInputs(
        source=own.media,
        output=tmp_path / "out",
        alignments=own.alignments,
        casting=casting,
        sheet=tmp_path / "sheet.png",
        donors={"b": (Donor(extracted(films.b).alignments),)},
        faces=own.faces,
        which="faceset",
        truth=own.media,
    )
    report = evaluate(inputs, registry, Silent())
    assert (report.frames, report.frames_with_face) == (8, 7)
    ((part, scores),) = report.parts.items()
    assert part == str(Part(str(small), "b")) and scores.faces == len(scores.psnr_swap) == 7
    assert max(scores.psnr_swap) < 20  # blue; where the large one is nothing changed
    both = evaluate(
        replace(inputs, casting={"0": "b", "1": "a"}, which="all", donors={}), registry, Silent()
    )
    untouched, painted = (
        both.parts[str(Part(str(1 - small), "ba"[1 - small]))],
        both.parts[str(Part(str(small), "ba"[small]))],
    )
    assert min(untouched.psnr_swap) > 60 and np.median(painted.psnr_swap) < 20
    assert any(line.startswith("person 0 -> b: 8 faces") for line in both.lines())
    assert read_image(tmp_path / "sheet.png").shape[0] > 3 * 244


def test_two_donors_each_have_their_own_mean(couple, films, extracted, registry, tmp_path):
    """Everybody is himself in the source: nearer to his own footage, whoever is asked first."""
    footage = {"ann": extracted(films.a), "bob": extracted(films.b)}
    donors = {name: (Donor(f.alignments, frozenset({0}), f.faces),) for name, f in footage.items()}
    with Alignments.open(couple.alignments, read_only=True) as store:
        size = {}
        person = {t.number: t.person for t in store.tracks()}
        for face in store.faces(0):
            size[person[face.track]] = face.quality["size_px"]
    large = max(size, key=size.__getitem__)  # who is A
    casting = {str(large): "ann", str(1 - large): "bob"}
    inputs = EvaluateInputs(
        couple.media, couple.media, couple.alignments, casting, tmp_path / "sheet.png", donors
    )
    right = evaluate(inputs, registry, Silent())
    crossed = {str(large): "bob", str(1 - large): "ann"}
    wrong = evaluate(replace(inputs, casting=crossed), registry, Silent())
    for of in ("0", "1"):
        own = np.mean(right.parts[str(Part(of, casting[of]))].to_donor)
        other = np.mean(wrong.parts[str(Part(of, crossed[of]))].to_donor)
        assert own < other
