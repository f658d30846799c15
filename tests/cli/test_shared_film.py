"""A donor's film serves several projects; none of them displaces what another one found."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from understudy.runs.consent.forgetting import holdings
from understudy.stages.faces.masks import mark_all_stale
from understudy.store.alignments import Alignments, alignments_path
from understudy.store.alignments.users import forget_users, note_user, users_of
from understudy.store.project import Project

OPTIONS = ("--size", 96, "--min-face-px", 31, "--workers", 1)


def test_another_project_with_other_options_keeps_its_own(done, understudy):
    second = done.folder / "second.understudy"
    shared = alignments_path(done.b)
    before = shared.read_bytes()
    understudy("add", second, done.b, "--person", "b").worked()
    told = understudy("extract", second, *OPTIONS).worked().err
    assert f"{shared} was made with other options and stays as it is" in told
    with Project.open(second, read_only=True) as store:
        own = store.alignments("b")
        assert own.is_relative_to(second) and own != shared
        assert len(store.faceset("b")[0].pictures()) == 8
    with Alignments.open(own, read_only=True) as store:
        assert store.source.setting("min_face_px", 0) == 31
    understudy("extract", second, *OPTIONS).worked()
    understudy("extract", second, "b", *OPTIONS, "--new").worked()
    assert own.with_name(f"{own.name}.bak").exists()
    assert shared.read_bytes() == before and not list(done.folder.glob("*.bak*"))
    understudy("extract", done.project, "b", "--size", 96, "--min-face-px", 30).worked()


def test_new_in_a_second_project_leaves_the_first_ones_file(done, understudy):
    second = done.folder / "second.understudy"
    shared = alignments_path(done.b)
    before = shared.read_bytes()
    understudy("add", second, done.b, "--person", "b").worked()
    understudy("extract", second, *OPTIONS, "--new").worked()
    assert shared.read_bytes() == before and not list(done.folder.glob("*.bak*"))


@pytest.fixture
def shared(done, done_place, understudy) -> Path:
    """A second project, which shares the first one's alignments of a film."""
    known = done.project / "project.json"  # the first one is a copy, and knows the copied films
    known.write_text(known.read_text().replace(str(done_place.folder), str(done.folder)))
    second = done.folder / "second.understudy"
    understudy("add", second, done.b, "--person", "b").worked()
    understudy("extract", second, "--size", 96, "--min-face-px", 30).worked()
    # the first one was copied here after it was extracted
    understudy("extract", done.project, "b", "--size", 96, "--min-face-px", 30).worked()
    return second


def test_a_file_says_which_projects_use_it(done, shared, understudy):
    path = alignments_path(done.b)
    assert {done.project, shared} <= set(users_of(path))
    told = understudy("alignments", "info", done.b).worked().out
    assert str(done.project) in told and str(shared) in told
    assert f"{done.project} (gone)" not in told and f"{shared} (gone)" not in told
    with Alignments.open(path):  # who reads asks nobody, and who writes is not stopped
        assert users_of(path)
    shutil.rmtree(shared)
    assert f"{shared} (gone)" in understudy("alignments", "info", done.b).worked().out
    understudy("alignments", "remove", done.b, "0_0").worked()  # nobody else is left


def test_one_projects_pruning_leaves_the_others_faces(done, shared, understudy):
    """112 pictures became 56 faces in the other project, and the exit code was 0."""
    path, faces = alignments_path(done.b), shared / "sources" / "b" / "faces"
    before, pictures = path.read_bytes(), sorted(faces.glob("*.png"))
    for picture in pictures[::2]:
        picture.unlink()
    prune = ("alignments", "remove", done.b, "--deleted", "--faces", faces)
    told = understudy(*prune)
    told.refused(str(done.project), str(shared), "understudy alignments own", "--shared")
    for words in (("remove", done.b, "0_0"), ("rekey", done.b), ("smooth", done.b)):
        understudy("alignments", *words).refused("understudy alignments own")
    understudy("alignments", "rekey", done.b, "--dry-run").worked()
    assert path.read_bytes() == before
    understudy("alignments", "own", shared, path).worked()
    own = shared / "sources" / "b" / path.name
    assert users_of(path).count(shared) == 0 and users_of(own) == []
    assert "4 faces were removed" in understudy(*prune).worked().out
    for place, n in ((own, 4), (path, 8)):
        with Alignments.open(place, read_only=True) as store:
            assert store.counts()[2] == n
    assert len(list((done.project / "sources" / "b" / "faces").glob("*.png"))) == 8


def test_masks_are_made_again_for_all_only_when_that_is_said(done, shared, understudy, tmp_path):
    path = alignments_path(done.b)
    faces = shared / "sources" / "b" / "faces"
    understudy("mask", done.b, "--process", "output", "--kind", "extended", "--folder", tmp_path)
    before = path.read_bytes()
    painted = ("--process", "import", "--folder", tmp_path)
    for how in (("--process", "all", "--faces", faces), painted):
        told = understudy("mask", done.b, *how)
        told.refused(str(done.project), "understudy alignments own", "--shared")
    understudy("alignments", "redo", done.b).worked()  # nothing is stale, and nothing is changed
    assert path.read_bytes() == before
    understudy("mask", done.b, *painted, "--shared").worked()
    with Alignments.open(path) as store:
        mark_all_stale(store, ["extended"])
    understudy("alignments", "redo", done.b).refused("understudy alignments own", "--shared")
    understudy("alignments", "redo", done.b, "--shared").worked()
    with Alignments.open(path, read_only=True) as store:
        assert "mask:extended" not in store.summary().stale


def test_extracting_anew_leaves_the_others_faces(done, shared, understudy):
    path = alignments_path(done.b)
    before = path.read_bytes()
    understudy("extract", shared, "b", *OPTIONS, "--every", 2, "--new").worked()
    with Alignments.open(path, read_only=True) as store:
        assert store.counts()[2] == 8
    with Project.open(shared, read_only=True) as project:
        assert project.alignments("b").is_relative_to(shared)
        assert len(project.faceset("b")[0].pictures()) == 4
    assert not list(done.folder.glob("*.bak*")) and len(path.read_bytes()) >= len(before) // 2
    understudy("extract", done.project, "b", "--size", 96, "--min-face-px", 30).worked()


def test_correcting_the_cast_leaves_the_other_project_as_it_is(done, shared, understudy):
    path = alignments_path(done.b)
    with Alignments.open(path) as store:
        store.put([], tracks=[t.__class__(7, 1, 1) for t in store.tracks()[:1]])
    told = understudy("cast", "merge", shared, "b:0,1").worked()
    assert "is used by" in told.err and (shared / "sources" / "b" / path.name).is_file()
    with Alignments.open(path, read_only=True) as store:
        assert {t.person for t in store.tracks()} == {0, 1}


def test_files_of_before_are_read_and_written_as_they_are(done, understudy, tmp_path):
    """The table of projects comes when the first of them notes itself; nothing is copied for it."""
    path = alignments_path(done.b)
    forget_users(path)
    with Alignments.open(path) as store:
        store._db.execute("DROP TABLE users")
        store._db.execute("DELETE FROM migrations WHERE name = 'projects that use it'")
        (version,) = store._db.execute("PRAGMA user_version").fetchone()
        store._db.execute(f"PRAGMA user_version = {version - 1}")
    before = path.read_bytes()
    assert users_of(path) == []
    understudy("alignments", "info", done.b).worked()
    understudy("cast", done.project, "b").worked()
    assert path.read_bytes() == before
    with Alignments.open(path) as store:
        store.remove_faces(["0_0"])
    note_user(path, tmp_path / "p")
    assert users_of(path) == [tmp_path / "p"]
    with Alignments.open(path, read_only=True) as store:
        assert store.counts()[2] == 7
    assert not list(done.folder.glob("*.bak*"))


def test_what_a_stranger_s_file_calls_projects_is_no_line_of_its_own(done, understudy, tmp_path):
    path = alignments_path(done.b)
    forget_users(path)
    note_user(path, done.project)
    long, odd = "/" + "x" * 5000, "/a\nstale: everything\x1b[31m"
    rows = [(name, "now") for name in (odd, "../x", long, *(f"/no/{i}" for i in range(500)))]
    with Alignments.open(path) as store:
        store._db.executemany("INSERT INTO users VALUES (?, ?)", rows)
    told = understudy("alignments", "info", done.b).worked().out
    (line,) = [line for line in told.splitlines() if line.startswith("used by")]
    assert "stale: everything" not in told.replace(line, "") and "\x1b" not in told
    assert str(done.project) in line and "\\n" in line and "and 88 more" in line
    assert len(line) < 1000 and len(users_of(path)) == 98


def test_forgetting_names_the_projects_whose_faces_go_as_well(done, understudy):
    second = done.folder / "second.understudy"
    understudy("add", second, done.b, "--person", "b").worked()
    note_user(alignments_path(done.b), second)
    with Project.open(done.project) as project:
        for source in project.sources:
            place = done.folder / source.path.name
            project.move_source(source.id, place, source.fingerprint)
        held = {Path(each.path): each.what for each in holdings(project, "b").erased}
    assert f"used by {second} as well: extract it again" in held[alignments_path(done.b)]
