from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.errors import Cancelled, MediaError, PluginError, StoreError, ValueRefused
from understudy.flow import Silent
from understudy.imaging.nearness import psnr, ssim
from understudy.imaging.sheets import contact_sheet, fit
from understudy.media.stills import read_image
from understudy.stages.evaluate.options import ScoreOptions
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
    # every picture of the donor costs three looks; six of them are enough to be known by
    for path in list_faceset(donor.faces)[6:]:
        path.unlink()
    return EvaluateInputs(
        source=source,
        output=output,
        alignments=footage.alignments,
        casting={"all": "b"},
        donors={"b": (Donor(donor.alignments, None, donor.faces),)},
        sheet=folder / "sheet.png",
        rows=3,
    )


def test_a_swap_is_told_from_no_swap(scored, registry, tmp_path):
    inputs = replace(scored, truth=scored.output, curves=tmp_path / "curves.png")
    told = Silent()
    report = evaluate(inputs, registry, told)
    pictures = {e.code: e.data["path"] for e in told.events if e.kind == "picture"}
    assert pictures == {"contact-sheet": str(scored.sheet), "curves": str(inputs.curves)}
    metrics = {e.code: e.data["value"] for e in told.events if e.kind == "metric"}
    assert metrics["score/combined"] == report.combined
    assert report.frames == report.frames_with_face == 8
    (swapped,) = report.parts.values()
    assert swapped.looked_at + swapped.lost == len(swapped.psnr_swap) == 8
    assert metrics["score/identity"] == swapped.scores["identity"].value > 0.8
    assert set(swapped.psnr_swap) == {math.inf}
    assert swapped.ssim_swap == pytest.approx([1] * 8)
    assert max(swapped.psnr_unswapped) < 30
    assert set(swapped.curves) == {"eyes", "mouth", "yaw"}
    assert len(swapped.curves["yaw"]["swap"]) == len(swapped.frames) == swapped.looked_at
    assert read_image(inputs.curves).shape[2] == 3


def test_an_untouched_copy_performs_perfectly_and_is_the_wrong_person(scored, registry):
    report = evaluate(replace(scored, output=scored.source), registry, Silent())
    (plain,) = report.parts.values()
    for name in ("expression", "pose", "light", "seam", "flicker", "outline"):
        assert plain.scores[name].value == pytest.approx(1, abs=1e-6), name
        assert plain.unswapped[name] == plain.scores[name].value
    assert plain.scores["identity"].value < 0.05
    assert report.combined < 20
    assert "unswapped: 0" in report.lines()[1]


def test_the_sheet_has_faces_at_full_size_beside_donor_or_truth(scored, registry):
    evaluate(scored, registry, Silent())
    of_donor = read_image(scored.sheet)
    evaluate(replace(scored, truth=scored.output), registry, Silent())
    of_truth = read_image(scored.sheet)
    assert of_donor.shape[1] == of_truth.shape[1] == 3 * 196 + 4
    assert of_donor.shape[0] == 22 + 3 * 196 + 4
    third = (slice(22, None), slice(2 * 196 + 4, None))
    assert not np.array_equal(of_donor[third], of_truth[third])
    assert of_donor[third].std() > 20  # there is a donor


def test_scoring_stops_when_it_is_asked_to(scored, registry):
    """Ctrl-C said that it was stopping, and went through the film to its end."""
    stop = Silent()
    stop.cancelled = True
    with pytest.raises(Cancelled, match="the film is complete"):
        evaluate(scored, registry, stop)


def test_too_little_training_is_said_while_it_is_not_good(scored, registry):
    poor = replace(scored, output=scored.source, step=15)
    assert evaluate(poor, registry, Silent()).lines()[-1].startswith("15 iterations: train on")
    trained = replace(poor, step=9000)
    assert not any("train on" in line for line in evaluate(trained, registry, Silent()).lines())


def test_a_face_that_is_gone_from_the_output_is_lost(scored, registry, film, people, tmp_path):
    pictures = list(people.b[:8])
    pictures[2:5] = [people.nobody] * 3
    output = film(tmp_path / "gone.mp4", pictures)
    whole = evaluate(scored, registry, Silent())
    report = evaluate(replace(scored, output=output), registry, Silent())
    (part,), (before,) = report.parts.values(), whole.parts.values()
    assert part.lost == before.lost + 3 and part.looked_at == before.looked_at - 3
    assert any("no face was found in" in line for line in report.lines())


def test_a_blurred_output_is_less_sharp_and_scores_less(scored, registry, film, people, tmp_path):
    blurred = [cv2.GaussianBlur(p, (0, 0), 2.0) for p in people.b[:8]]
    output = film(tmp_path / "blurred.mp4", blurred)
    sharp, soft = (
        evaluate(i, registry, Silent()) for i in (scored, replace(scored, output=output))
    )
    (a,), (b,) = sharp.parts.values(), soft.parts.values()
    assert b.scores["sharpness"].value < 0.7 * a.scores["sharpness"].value


def test_two_films_are_compared_without_anything_extracted(scored, films, registry, tmp_path):
    inputs = EvaluateInputs(
        scored.source,
        scored.output,
        tmp_path / "sheet.png",
        donors={"donor": [Donor(film=films.b)]},
        options=ScoreOptions(samples=6),
    )
    report = evaluate(inputs, registry, Silent())
    (part,) = report.parts.values()
    assert report.frames == 8 and 4 <= part.looked_at <= 6
    assert part.scores["identity"].value > 0.8


def test_readers_by_name_and_what_is_not_there(scored, registry):
    inputs = replace(scored, options=ScoreOptions(readers="dlib68", samples=5))
    report = evaluate(inputs, registry, Silent())
    assert report.readers == ("dlib68",)
    (part,) = report.parts.values()
    assert any("by dlib68" in f.name for f in part.scores["expression"].figures)
    with pytest.raises(PluginError, match="nobody"):
        evaluate(replace(scored, options=ScoreOptions(readers="nobody")), registry, Silent())


def test_another_number_of_frames_is_refused(scored, film, people, registry, tmp_path: Path):
    short = film(tmp_path / "short.mp4", list(people.a[:6]))
    with pytest.raises(MediaError, match="same number of frames"):
        evaluate(replace(scored, output=short, sheet=tmp_path / "s.png"), registry, Silent())


def test_a_mask_that_is_not_there_is_named(scored, registry, tmp_path: Path):
    inputs = replace(scored, sheet=tmp_path / "s.png", mask="bisenet")
    with pytest.raises(StoreError, match="bisenet"):
        evaluate(inputs, registry, Silent())


def test_a_donor_without_pictures_is_said_to_be_missing(scored, registry):
    for donors in ({}, {"b": (Donor(scored.alignments),)}):
        report = evaluate(replace(scored, donors=donors), registry, Silent())
        (part,) = report.parts.values()
        assert math.isnan(part.scores["identity"].value) and math.isnan(report.combined)
        (line,) = (line for line in report.lines() if line.startswith("identity"))
        assert "not measured: no pictures of the donor" in line
        assert "score not known" in report.lines()[1]


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
    assert read_image(tmp_path / "sheet.png").shape[0] > 2 * 196


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
    for f in footage.values():
        for path in list_faceset(f.faces)[6:]:
            path.unlink()
    inputs = EvaluateInputs(
        couple.media, couple.media, tmp_path / "sheet.png", couple.alignments, casting, donors
    )
    right = evaluate(inputs, registry, Silent())
    crossed = {str(large): "bob", str(1 - large): "ann"}
    wrong = evaluate(replace(inputs, casting=crossed), registry, Silent())
    for of in ("0", "1"):
        own = cosine(right.parts[str(Part(of, casting[of]))])
        other = cosine(wrong.parts[str(Part(of, crossed[of]))])
        # in each embedder's own measure: two people of dlib128 are at .92, of MobileFaceNet at .5
        assert 1 - own < 0.5 * (1 - other), (own, other)


def cosine(part) -> float:
    """To the donor."""
    return part.scores["identity"].figures[0].swap
