"""A film with two people, from `add` to who they are; the films are of actors who do not exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from understudy.cli import main
from understudy.provenance.verify import verify
from understudy.store.alignments import Alignments, writer_lock
from understudy.store.alignments.query import Query
from understudy.store.lock import WriterLock
from understudy.store.project import Project, Render

EXTRACT = ("--size", 96, "--min-face-px", 30, "--workers", 1)
UNSEEN = ("--previews", 0, "--score-faces", 0)
SMALL = ("--swap.mesh.texture", 128, "--swap.mesh.components", 8)


@pytest.fixture(scope="session")
def first_cast(people, film, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of both, and one of each alone, extracted; not to be changed."""
    folder = tmp_path_factory.mktemp("cast") / "place"
    folder.mkdir()
    both = [np.concatenate([a, b], 1) for a, b in zip(people.a[:8], people.b[:8], strict=True)]
    film(folder / "both.mp4", both)
    film(folder / "ann 1.mp4", list(people.a[8:]))
    film(folder / "ann 2.mp4", list(people.a[4:9]))
    film(folder / "bob.mp4", list(people.b[8:]))
    for words in [
        ["add", folder / "p", folder / "ann 1.mp4", folder / "ann 2.mp4", "--person", "Ann Lee"],
        ["add", folder / "p", folder / "bob.mp4", "--person", "bob"],
        ["add", folder / "p", folder / "both.mp4"],
        ["extract", folder / "p", *EXTRACT],
    ]:
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as left:
            patch.setattr(sys, "argv", ["understudy", *map(str, words)])
            main()
        assert not left.value.code
    return folder


@pytest.fixture
def project(first_cast: Path, tmp_path: Path) -> Path:
    shutil.copytree(first_cast, tmp_path / "place")
    folder = tmp_path / "place" / "p"
    text = (folder / "project.json").read_text()
    (folder / "project.json").write_text(text.replace(str(first_cast), str(tmp_path / "place")))
    return folder


def persons_in(alignments: Path) -> dict[int, int | None]:
    with Alignments.open(alignments, read_only=True) as store:
        return {track.number: track.person for track in store.tracks()}


def tracks_of_faces(alignments: Path) -> set[int | None]:
    with Alignments.open(alignments, read_only=True) as store:
        return {row.track for row in store.select(Query())}


def test_who_was_found_is_shown_and_proposed(project, understudy, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    told = understudy("cast", project).worked().out
    assert "ann-lee (Ann Lee): seen in ann-1, ann-2" in told and "bob: seen in bob" in told
    rows = [line.split("│")[1:5] for line in told.splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert ["both", "0", "-", "0"] in cells and ["both", "1", "-", "1"] in cells
    assert ["ann-2", "0", "ann-lee", "0"] in cells
    sheet = cv2.imread(str(project / "sources" / "both" / "cast.png"))
    assert sheet.shape[0] > 2 * 128 and sheet[10:120, 220:300].std() > 10
    assert understudy("cast", "show", project, "bob").worked().out.count("cast.png") == 1


def test_programs_are_told_who_was_found(project, understudy) -> None:
    lines = understudy("cast", "show", project, "both", "ann-1", "--json").worked().out.splitlines()
    report, result = map(json.loads, lines)
    assert (report["code"], result["code"], result["data"]["verb"]) == ("cast", "done", "cast show")
    both, ann = report["data"]["films"]
    assert [(f["number"], f["tracks"], f["frames"]) for f in both["found"]] == [
        (0, [0], 8),
        (1, [1], 8),
    ]
    assert both["strays"] == [] and both["picture"].endswith("cast.png")
    assert ann["found"][0]["person"] == "ann-lee" and ann["finished"]
    assert {"id": "bob", "name": "", "films": ["bob"]} in report["data"]["persons"]


def test_who_is_hardly_seen_is_said_with_what_to_do(project, understudy) -> None:
    """A pattern on a shirt had a number among the persons, and nobody said what it might be."""
    alignments = project.parent / "both.alignments"
    faces = project / "sources" / "both" / "faces"
    gone = [f"{frame}_1" for frame in range(7)]
    understudy("alignments", "remove", alignments, *gone, "--faces", faces).worked()
    told = " ".join(understudy("cast", project, "both").worked().out.split())
    assert "both: seen in a few frames only: 1." in told
    assert f"understudy cast merge {project} both:0,1;" in told
    command = re.search(r"understudy (alignments remove \S+ --person 1 --faces \S+);", told)[1]
    understudy("cast", "name", project, "both:1=bob").worked()
    assert "few frames" not in understudy("cast", project, "both").worked().out
    understudy(*command.split()).worked()
    assert tracks_of_faces(alignments) == {0}


def test_persons_have_pictures_beside_their_numbers(project, understudy) -> None:
    """Extraction said "2 persons" and not who; the pictures kept names that were no longer so."""
    sheet, alignments = (
        project / "sources" / "both" / "cast.png",
        project.parent / "both.alignments",
    )
    at_first = sheet.read_bytes()  # extraction drew it
    sheet.unlink()
    told = understudy("extract", project, "both", *EXTRACT).worked().out
    assert f"pictures of the persons: {sheet}" in told and sheet.read_bytes() == at_first
    understudy("cast", "name", project, "both:0=Ann Lee").worked()
    named = sheet.read_bytes()
    assert named != at_first
    understudy("cast", "assign", project, "both:0", "--tracks", "1").worked()
    assert cv2.imread(str(sheet)).shape[0] < 2 * 128  # one row is left
    understudy("cast", "split", project, "both:0", "--tracks", "1").worked()
    assert sheet.read_bytes() == named
    faces = project / "sources" / "both" / "faces"
    told = understudy("alignments", "info", alignments, "--faces", faces).worked().out
    assert "person 1: 8 faces; tracks 1" in told and f"pictures of them: {sheet}" in told
    gone = ("alignments", "remove", alignments, "--person", 9, "--no-backup")
    understudy(*gone).refused("no person 9; there are: 0, 1", code=2)
    understudy("remove", project, "--person", 9).refused("no person '9'", "ann-lee, bob")


def test_persons_are_named_for_training_and_casting(project, understudy) -> None:
    told = understudy("cast", "name", project, "both:0=Ann Lee", "both:1=bob").worked().out
    assert "both: 0 is ann-lee, 1 is bob" in told
    with Project.open(project, read_only=True) as store:
        ann, bob = store.faceset("ann-lee"), store.faceset("bob")
        assert [len(folder.pictures()) for folder in ann] == [8, 5, 8]
        assert [len(folder.pictures()) for folder in bob] == [8, 8]
        assert not set(ann[2].pictures()) & set(bob[1].pictures())
    understudy("cast", "name", project, "both:1=nobody", "both=cy").worked()
    with Project.open(project, read_only=True) as store:
        assert store.source("both").persons == {"0": "ann-lee", "all": "cy"}
    before = (project / "project.json").read_bytes()
    for words, said, code in [
        (["both:7=ann"], "no person 7 in both; found: 0, 1", 2),
        (["0=ann"], "say in which film, such as FILM:0; there are: ann-1, ann-2, bob, both", 1),
        (["none:0=ann"], "no source 'none'; there are", 1),
        (["both:0"], "expected FILM:NUMBER=NAME", 2),
        (["both:0=dee", "both:9=dee"], "no person 9", 2),
    ]:
        understudy("cast", "name", project, *words).refused(said, code=code)
        assert (project / "project.json").read_bytes() == before


def test_merge_split_and_assign_change_the_film_and_the_names(project, understudy) -> None:
    alignments = project.parent / "both.alignments"
    assert persons_in(alignments) == {0: 0, 1: 1}
    understudy("cast", "name", project, "both:0=Ann Lee", "both:1=bob").worked()
    understudy("cast", "merge", project, "both:0,1").refused("named ann-lee and bob", code=2)
    understudy("cast", "name", project, "both:0=nobody").worked()
    told = understudy("cast", "merge", project, "both:0,1").worked()
    assert "tracks 1 show person 0 now" in told.out and "of person 1 nothing is left" in told.out
    assert "seen twice in one frame" in " ".join(told.err.split())
    with Project.open(project, read_only=True) as store:
        assert store.source("both").persons == {"0": "bob"}
    assert persons_in(alignments) == {0: 0, 1: 0}
    understudy("cast", "split", project, "both:0", "--tracks", "1").worked()
    assert persons_in(alignments) == {0: 0, 1: 1}
    understudy("cast", "assign", project, "both:1", "--tracks", "0").worked()
    assert persons_in(alignments) == {0: 1, 1: 1}
    with Project.open(project, read_only=True) as store:
        assert store.source("both").persons == {}
    assert len(list(project.parent.glob("both.alignments.bak*"))) == 3
    understudy("cast", "split", project, "both:1", "--tracks", "x").refused("such as 5,7", code=2)
    understudy("cast", "split", project, "both", "--tracks", "1").refused("one person", code=2)


def test_a_refused_edit_changes_no_file(project, understudy) -> None:
    """Opening the alignments for writing changed their header before the refusal."""
    files = [p for p in project.parent.rglob("*") if p.is_file() and p.name != "log.txt"]
    before = {path: path.read_bytes() for path in files}
    split = ("cast", "split", project, "both:0", "--tracks")
    understudy(*split, "9").refused("tracks: 9", "has: 0", "understudy cast show", code=2)
    understudy(*split, "0").refused("nothing would be left", code=2)
    assign = ("cast", "assign", project, "both:0", "--tracks")
    understudy(*assign, "0").refused("show that person already", code=2)
    understudy("cast", "merge", project, "both:0").refused("got only person 0", code=2)
    assert {path: path.read_bytes() for path in files} == before


def test_a_known_film_keeps_its_person_and_its_place(project, understudy) -> None:
    """`add` of a known film renamed its person, and moved it to a copy, without a word."""
    before = (project / "project.json").read_bytes()
    bob, copy = project.parent / "bob.mp4", project.parent / "copy.mp4"
    understudy("add", project, bob, "--person", "carl").refused(
        "is bob in this project, not carl", "bob=carl", code=2
    )
    shutil.copy(bob, copy)
    told = understudy("add", project, copy, "--person", "bob").worked().out
    assert f"bob: {bob} (all: bob)" in told and f"{copy} is the same film" in told
    assert (project / "project.json").read_bytes() == before


def test_who_is_not_in_the_cast_is_not_asked_about(project, understudy) -> None:
    understudy("consent", project, "--person", "zed").refused("no person 'zed'", "ann-lee, bob")


def test_a_name_that_is_no_id_is_told_with_its_id(project, understudy) -> None:
    told = understudy("cast", "name", project, "both:0=../../x").worked().out
    assert "'../../x' has the id x" in told


def test_extract_takes_ids_films_and_the_old_form(project, understudy) -> None:
    assert understudy("extract", project, "bob", *EXTRACT).worked().out.startswith("bob: 8 faces")
    moved = project.parent / "elsewhere.mp4"
    (project.parent / "bob.mp4").rename(moved)
    understudy("extract", project, "bob", *EXTRACT).refused("not there any more", "understudy add")
    told = understudy("add", project, moved).worked().out
    assert told.startswith(f"bob: {moved} (all: bob)")
    shutil.copy(project.parent / "ann 2.mp4", project.parent / "new.mp4")
    fresh = project.parent / "fresh.understudy"
    told = understudy("extract", fresh, "a", project.parent / "new.mp4", *EXTRACT).worked().out
    assert told.startswith("new: 5 faces")
    with Project.open(fresh, read_only=True) as store:
        assert store.source("new").persons == {"all": "a"}
    shutil.copy(project.parent / "ann 1.mp4", moved)
    understudy("extract", project, "bob", *EXTRACT).refused("is not the film that was added as bob")
    understudy("extract", project, "nope", *EXTRACT).refused("no source 'nope'")
    understudy("extract", project.parent / "empty", *EXTRACT).refused("has no film yet", code=2)


def test_a_folder_of_face_pictures_is_a_source(project, understudy) -> None:
    kept = project.parent / "kept faces"
    shutil.copytree(project / "sources" / "bob" / "faces", kept)
    told = understudy("add", project, kept, "--person", "bob").worked().out
    assert told.startswith("kept-faces: ")
    understudy("extract", project, "kept-faces", *EXTRACT).refused("nothing is to be", code=2)
    with Project.open(project, read_only=True) as store:
        assert [len(folder.pictures()) for folder in store.faceset("bob")] == [8, 8]
    train = ("--model", "quick", "--iterations", 1, "--batch", 2, "--threads", 1, *UNSEEN)
    understudy("train", project, "--persons", "ann-lee,bob", *train).worked()
    convert = ("convert", project, "--source", "kept-faces", "--cast", "bob")
    understudy(*convert).refused("is a folder of face pictures", code=2)


def declare(understudy, project: Path, *persons: str) -> None:
    for person in persons:
        understudy(
            *("consent", project, "--person", person, "--name", "Nobody", "--basis", "synthetic"),
            *("--adult", "--scope", f"tests of {person}", "--purpose", "education"),
            *("--declared-by", "us"),
        ).worked()


def test_two_people_of_one_film_become_two_others_in_one_pass(project, understudy) -> None:
    """Each other's, by a model of three; then one is left; then another film of ann."""
    understudy("cast", "name", project, "both:0=bob", "both:1=Ann Lee").worked()
    understudy("cast", "name", project, "ann-2=cy").worked()
    train = ("--iterations", 2, "--batch", 2, "--threads", 1, *SMALL, *UNSEEN)
    understudy("train", project, "--persons", "bob,cy", "--model-name", "pair", *train).worked()
    told = understudy("train", project, *train).worked()
    assert "model model: ann-lee, bob, cy" in told.err
    understudy("train", project, "--persons", "bob,cy", *train).refused(
        "was trained on ann-lee, bob, cy, not on bob, cy", "--model-name", code=2
    )
    out = project.parent / "out.mp4"
    convert = ("convert", project, "-o", out, "--source", "both", "--preset", "ultrafast")
    understudy(*convert).refused("say who becomes whom", "found in it: 0, 1", code=2)
    crossed = (*convert, "--cast", "bob=ann-lee", "--cast", "1=bob")
    understudy(*crossed).refused("declared consent for bob", "--person ann-lee", code=3)
    declare(understudy, project, "ann-lee", "bob")
    told = understudy(*crossed).worked()
    report = (project / "renders" / "out" / "report.md").read_text()
    assert "16 faces in 8 frames" in report and "0 -> ann-lee, 1 -> bob" in report
    people = verify(out).disclosure["people"]
    assert [p["roles"] for p in people] == [["plate", "donor"]] * 2
    changed = mean_change(project.parent / "both.mp4", out)
    assert min(changed) > 2 * CODEC, changed  # ann on the left, bob on the right
    with Project.open(project, read_only=True) as store:
        assert store.render("out").casting == {"0": "ann-lee", "1": "bob"}
        assert store.contact_sheet("out").is_file()
    left = project.parent / "left.mp4"
    again = ("convert", project, "--render-name", "out", "--preset", "ultrafast")
    told = understudy(*again).worked()
    assert "is complete" in " ".join(told.err.split()) and str(out) in told.out
    again = (*again, "-o", left)
    understudy(*again, "--cast", "0=ann-lee", "--cast", "ann-lee=leave", "--no-score").worked()
    changed = mean_change(project.parent / "both.mp4", left)
    assert changed[0] < CODEC and changed[1] > 2 * CODEC, changed
    take = project.parent / "take.mp4"
    told = understudy(
        *("convert", project, "-o", take, "--source", project.parent / "ann 1.mp4"),
        *("--cast", "bob", "--model-name", "pair", "--preset", "ultrafast", "--no-score"),
    ).worked()
    assert "never saw ann-lee" in " ".join(told.err.split())
    assert verify(take).state == "ours" and str(take) in told.out
    with Project.open(project, read_only=True) as store:
        assert [(r.id, r.model) for r in store.renders] == [("out", "model"), ("take", "pair")]


CODEC = 2.5
"""Mean change of code values that encoding alone may cost."""


def mean_change(before: Path, after: Path) -> tuple[float, float]:
    """Mean difference in the middle of the left and of the right face."""
    with av.open(str(before)) as one, av.open(str(after)) as other:
        pairs = zip(one.decode(video=0), other.decode(video=0), strict=True)
        frames = [(a.to_ndarray(format="rgb24"), b.to_ndarray(format="rgb24")) for a, b in pairs]
    difference = np.mean([np.abs(a.astype(float) - b) for a, b in frames], (0, 3))
    width = difference.shape[1] // 2
    halves = difference[:, :width], difference[:, width:]
    left, right = (float(half[40:90, 50:110].mean()) for half in halves)
    return left, right


@pytest.mark.slow
def test_two_people_of_a_real_film(shared: Path, tmp_path: Path, understudy, tiny) -> None:
    """Found, proposed as who they are in films of each alone, and both cast in one pass."""
    for name in ("female", "male", "female-and-male"):
        shutil.copy(shared / "media" / "video" / f"intel_headpose_{name}.gif", tmp_path)
    project, both = tmp_path / "p", "intel_headpose_female-and-male"
    for name, person in (("female", "fay"), ("male", "max")):
        film = tmp_path / f"intel_headpose_{name}.gif"
        understudy("add", project, film, "--person", person).worked()
    understudy("add", project, tmp_path / f"{both}.gif").worked()
    understudy("extract", project, "--size", 128).worked()
    told = understudy("cast", project).worked().out
    words = [line.partition("understudy cast name ")[2].split() for line in told.splitlines()]
    proposed = [word for line in words if line for word in line[1:]]
    assert sorted(word.partition("=")[2] for word in proposed) == ["fay", "max"]
    assert {word.partition(":")[0] for word in proposed} == {both}
    understudy("cast", "name", project, *proposed).worked()
    train = ("--iterations", 3, "--batch", 4, "--threads", 1, *UNSEEN)
    understudy("train", project, "--persons", "fay,max", "--model", tiny, *train).worked()
    declare(understudy, project, "fay", "max")
    out = tmp_path / "out.mp4"
    told = understudy(
        *("convert", project, "-o", out, "--source", both, "--preset", "ultrafast", "--json"),
        *("--cast", "fay=max", "--cast", "max=fay", "--no-score"),
    ).worked()
    events = [json.loads(line) for line in told.out.splitlines()]
    (made,) = [event["data"] for event in events if event.get("code") == "convert"]
    assert (made["swapped_faces"], made["frames"]) == (112, 56)
    assert [p["roles"] for p in verify(out).disclosure["people"]] == [["plate", "donor"]] * 2


def test_a_film_is_taken_out_and_leaves_nothing_behind(project, understudy) -> None:
    film = project.parent / "bob.mp4"
    pictures = len(list((project / "sources" / "bob" / "faces").glob("*.png")))
    told = understudy("remove", project, film).worked().out
    assert f"bob: removed; {film} stays" in told
    assert film.exists() and film.with_suffix(".alignments").exists()
    kept = project / "removed" / "bob" / "faces"
    assert len(list(kept.glob("*.png"))) == pictures > 0
    understudy("extract", project, "bob", *EXTRACT).refused("no source 'bob'", "ann-1")
    understudy("remove", project, "bob").refused("no source 'bob'")
    understudy("remove", project, "--person", "bob").worked()
    with Project.open(project, read_only=True) as store:
        assert "bob" not in [p.id for p in store.persons]
    understudy("add", project, film, "--person", "bob").worked()
    understudy("extract", project, "bob", *EXTRACT).worked()
    with Project.open(project, read_only=True) as store:
        assert [len(folder.pictures()) for folder in store.faceset("bob")] == [pictures]
    understudy("remove", project, "bob").worked()
    assert (project / "removed" / "bob-2").is_dir()


def test_what_is_needed_is_not_taken_out(project, understudy) -> None:
    understudy("cast", "name", project, "both:0=ann-lee").worked()
    train = ("--model", "quick", "--iterations", 1, "--batch", 2, "--threads", 1, *UNSEEN)
    understudy("train", project, "--persons", "ann-lee,bob", *train).worked()
    with Project.open(project) as store:
        casting = {"all": "ann-lee"}
        store.keep_render(Render("r", "bob", "model", casting, project.parent / "r.mp4"))
    before = (project / "project.json").read_bytes()
    understudy("remove", project).refused("say what to remove", code=2)
    understudy("remove", project, "both", "bob").refused("render r was made of it", code=2)
    understudy("remove", project, "both", "nope").refused("no source 'nope'")
    understudy("remove", project, "--person", "Ann Lee").refused("ann-1=nobody", code=2)
    both = ("remove", project, "both", "ann-1", "ann-2", "--person", "ann-lee")
    understudy(*both).refused("model model and render r show ann-lee", code=2)
    with writer_lock(project.parent / "both.alignments"):
        understudy("remove", project, "both").refused("is writing this")
    with WriterLock(project / "models" / "model", "model"):
        understudy("remove", project, "ann-2").refused("is writing this")
    assert (project / "project.json").read_bytes() == before
    assert not (project / "removed").exists()
    told = understudy("remove", project, "bob", "--render", "r").worked().out
    assert "r: removed; " in told and (project / "removed" / "r").is_dir()


def test_a_film_that_is_away_can_be_taken_out(project, understudy) -> None:
    (project.parent / "both.mp4").unlink()
    assert "both: removed" in understudy("remove", project, "both").worked().out


def test_a_person_is_called_otherwise(project, understudy) -> None:
    told = understudy("cast", "rename", project, "Ann Lee", "Ann B. Lee").worked().out
    assert "ann-lee is called 'Ann B. Lee'" in told
    understudy("cast", "rename", project, "ann-lee", "bob").refused("somebody else", code=2)
    understudy("cast", "rename", project, "zed", "x").refused("no person 'zed'", "ann-lee")
    assert "ann-lee (Ann B. Lee)" in understudy("cast", project).worked().out


def test_a_film_found_anew_tells_of_the_names_it_loses(project, understudy) -> None:
    """They went unsaid by whom; and a refused `--new` took them, and the faces, for nothing."""
    understudy("cast", "name", project, "both:0=bob", "both:1=Ann Lee").worked()
    names, alignments = project / "project.json", project.parent / "both.alignments"
    before = names.read_bytes(), alignments.read_bytes()
    anew = ("extract", project, "both", *EXTRACT, "--new")
    understudy(*anew, "--detector", "nonsense").refused("nonsense", code=2)
    understudy(*anew, "--masks", "nonsense").refused("nonsense", code=2)
    assert (names.read_bytes(), alignments.read_bytes()) == before
    told = " ".join(understudy(*anew).worked().err.split())
    assert "both:0=bob both:1=ann-lee" in told and "name them again" in told
    with Project.open(project, read_only=True) as store:
        assert store.source("both").persons == {}


def test_a_finished_film_with_other_settings_does_not_stop_the_rest(project, understudy) -> None:
    shutil.copy(project.parent / "bob.mp4", project.parent / "copied.mp4")
    understudy("remove", project, "bob").worked()
    (project.parent / "bob.alignments").unlink()
    (project.parent / "bob.mp4").unlink()
    understudy("add", project, project.parent / "copied.mp4", "--person", "bob").worked()
    said = understudy("extract", project, "--min-face-px", 31).worked()
    assert "copied: 8 faces" in said.out and "ann-1" not in said.out
    told = " ".join(said.err.split())
    assert "ann-1: is done, with other settings" in told and "ann-1 --new" in told
    understudy("extract", project, "ann-1", "--min-face-px", 32).refused(
        "was made with min_face_px"
    )


def test_people_and_films_are_known_by_their_names(project, understudy, monkeypatch) -> None:
    """The guide said so; only ids, and paths from the current folder, were."""
    monkeypatch.chdir("/")
    train = ("--model", "quick", "--iterations", 1, "--batch", 2, "--threads", 1, *UNSEEN)
    understudy("train", project, "--persons", "Ann Lee,bob", *train).worked()
    declare(understudy, project, "Ann Lee", "bob")
    names = ("--source", "ann 2.mp4", "--cast", "Ann Lee=bob")
    understudy("convert", project, *names, "-o", project.parent / "o.mp4", "--no-score").worked()
    with Project.open(project, read_only=True) as store:
        assert (store.render("o").source, store.render("o").casting) == ("ann-2", {"all": "bob"})


def test_a_film_that_is_away_does_not_stop_the_rest(project, understudy) -> None:
    """On a disk that is not plugged in, say: `cast` and `extract` refused because of it."""
    (project.parent / "ann 1.mp4").unlink()
    (project.parent / "bob.mp4").rename(project.parent / "new.mp4")
    (project.parent / "bob.alignments").unlink()
    understudy("add", project, project.parent / "new.mp4").worked()
    shown = understudy("cast", project).worked().out
    assert "ann-1 (the film is away)" in " ".join(shown.split()) or "is away" in shown
    said = understudy("extract", project, *EXTRACT)
    said.refused("ann 1.mp4: is not there any more")
    assert "bob: 8 faces" in said.out


def test_a_project_that_may_not_be_written_is_shown(project, understudy, monkeypatch) -> None:
    before = {p: p.stat().st_mtime_ns for p in project.rglob("*")}
    may = os.access
    monkeypatch.setattr(os, "access", lambda p, m: (Path(p), m) != (project, os.W_OK) and may(p, m))
    told = understudy("cast", project).worked().out
    assert "ann-lee (Ann Lee)" in told and "may not be written" in told
    assert {p: p.stat().st_mtime_ns for p in project.rglob("*")} == before
