"""`understudy alignments` and `understudy mask`, as people type them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from understudy.cli.verbs.alignments import app as jobs
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset, read_record


@pytest.fixture
def place(done, tmp_path):
    """A film with alignments and face pictures beside it."""
    return done


def test_every_job_shows_how_it_is_used(understudy):
    named = [command.name for command in jobs.registered_commands]
    assert {"info", "missing-frames", "no-faces", "multi-faces", "misaligned"} < set(named)
    for name in named:
        said = understudy("alignments", name, "--help").worked().out
        assert f"Example: understudy alignments {name}" in " ".join(said.split())


def faces_of(film):
    with Alignments.open(film.with_suffix(".alignments"), read_only=True) as store:
        return [face for _, faces in store.by_frame() for face in faces]


def test_sharpness_is_measured_where_it_lacks(place, understudy):
    known = {face.id: face.quality["sharpness"] for face in faces_of(place.a)}
    with Alignments.open(place.a.with_suffix(".alignments")) as store:
        for face in faces_of(place.a)[:8]:
            quality = {k: v for k, v in face.quality.items() if k != "sharpness"}
            store.put_face(replace(face, quality=quality))
    understudy("alignments", "blurred", place.a).refused("alignments redo", "--sharpness")
    said = understudy("alignments", "redo", place.a, "--sharpness").worked().out
    assert "sharpness of 8" in said
    again = {face.id: face.quality["sharpness"] for face in faces_of(place.a)}
    assert again == pytest.approx(known, rel=0.02)
    assert "made again: nothing" in understudy("alignments", "redo", place.a).worked().out


def test_a_round_of_repair(place, understudy, tmp_path):
    film, faces = place.a, place.project / "sources" / "a" / "faces"
    told = understudy("alignments", "info", film, "--faces", faces).worked().out
    assert "8 looked at, 8 with faces; 8 faces" in told and "stale: nothing" in told
    assert "pictures up to date: 8" in told
    assert "0 of 8 frames" in understudy("alignments", "missing-frames", film).worked().out
    assert "0 frames have no face" in understudy("alignments", "no-faces", film).worked().out
    listed = tmp_path / "bad.json"
    understudy("alignments", "misaligned", film, "--threshold", 0, "--to", listed).worked()
    ids = [f["id"] for f in json.loads(listed.read_text())["faces"]]
    assert len(ids) == 8
    order = tmp_path / "sharp.json"
    blurred = understudy("alignments", "blurred", film, "--below", 9, "--to", order).worked()
    assert "8 faces were filmed less sharply than 9 of what is usual" in blurred.out
    sharp = {face.id: face.quality["sharpness"] for face in faces_of(film)}
    in_order = [f["id"] for f in json.loads(order.read_text())["faces"]]
    assert in_order == sorted(sharp, key=sharp.__getitem__)

    (tmp_path / "ids.txt").write_text(f"{ids[0]}  # the first\n\n{ids[1]}\n")
    dry = ("alignments", "remove", film, "--list", tmp_path / "ids.txt", "--dry-run")
    assert "2 faces would be removed" in understudy(*dry).worked().out
    assert "2 faces were removed" in understudy(*dry[:-1], "--faces", faces).worked().out
    assert len(list_faceset(faces)) == 6
    (tmp_path / "none.txt").write_text("")
    empty = ("alignments", "remove", film, "--list", tmp_path / "none.txt")
    assert "0 faces were removed" in understudy(*empty).worked().out
    understudy("alignments", "remove", film).refused("say which faces", code=2)
    understudy("alignments", "remove", film, "--deleted").refused("--faces", code=2)
    understudy("alignments", "remove", film, "9_9").refused("no face 9_9", code=2)
    assert "0 ids" in understudy("alignments", "rekey", film, "--order", "left").worked().out
    understudy("alignments", "spatial", film).refused("too few to tell")
    understudy("alignments", "misaligned", film, "--copy", tmp_path / "c").refused(
        "--faces", code=2
    )
    sheet = tmp_path / "look.png"
    understudy("alignments", "draw", film, "-o", sheet, "--mask", "extended").worked()
    assert sheet.stat().st_size > 10_000
    assert "made again: nothing" in understudy("alignments", "redo", film).worked().out
    asked = understudy("alignments", "redo", film, "--signals").worked().out
    assert "made again: nothing" in asked, "extraction gave every face its mesh"
    understudy("alignments", "info", tmp_path / "none.mp4").refused("no alignments file")


@pytest.mark.parametrize(
    "words",
    [
        "alignments remove FILM",
        "alignments remove FILM 9_9",
        "alignments remove FILM --track 99",
        "alignments spatial FILM",
        "alignments spatial FILM --track 99",
        "alignments smooth FILM --track 99",
        "alignments interpolate FILM --track 0",
        "alignments interpolate FILM --track 99",
        "alignments rekey FILM --faces NOWHERE",
        "alignments redo FILM --media NOWHERE --signals",
        "alignments redo FILM --faces NOWHERE",
        "mask FILM --kind none",
        "mask FILM --process import --folder NOWHERE",
    ],
)
def test_what_is_refused_leaves_every_byte(words, place, understudy, tmp_path):
    file = place.a.with_suffix(".alignments")
    before = file.read_bytes()
    names = {"FILM": place.a, "NOWHERE": tmp_path / "nowhere"}
    said = understudy(*(names.get(word, word) for word in words.split()))
    assert said.code, said
    assert file.read_bytes() == before
    assert [p.name for p in place.folder.glob("a.alignments*")] == ["a.alignments"]


def test_what_has_nothing_to_do_leaves_every_byte(place, understudy):
    file = place.a.with_suffix(".alignments")
    before = file.read_bytes()
    understudy("alignments", "redo", place.a).worked()
    understudy("alignments", "rekey", place.a).worked()
    assert file.read_bytes() == before


def test_masks_by_command(place, understudy, tmp_path):
    film, faces = place.a, place.project / "sources" / "a" / "faces"
    out = tmp_path / "masks"
    make = ("mask", film, "--kind", "extended")
    assert "0 faces got masks" in understudy(*make).worked().out
    said = understudy(*make, "--process", "all", "--faces", faces).worked().out
    assert "8 faces got masks: extended" in said
    understudy(*make, "--process", "output").refused("--folder", code=2)
    assert "8 mask images" in understudy(*make, "--process", "output", "--folder", out).worked().out
    shutil.copytree(out, tmp_path / "painted")
    take = ("--process", "import", "--folder", tmp_path / "painted")
    assert "8 faces got a mask custom" in understudy("mask", faces, *take).worked().out
    assert all("custom" in read_record(p).face.masks for p in list_faceset(faces))
    understudy("mask", film, *take, "--kind", "mine").worked()
    with Alignments.open(film.with_suffix(".alignments"), read_only=True) as store:
        made = {"components": 8, "custom": 8, "extended": 8, "mine": 8}
        assert store.summary().masks == made
    understudy("mask", film, "--kind", "none").refused("no mask plug-in", code=2)
