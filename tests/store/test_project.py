from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import understudy
from understudy.errors import DiskFull, InUse, StoreError, ValueRefused
from understudy.store.alignments import Alignments, SourceRecord
from understudy.store.faceset import FaceFolder
from understudy.store.project import Person, Project, Render, shared
from understudy.types import Track

SRC = str(Path(understudy.__file__).parents[1])
HOLD = """
import sys, time
from pathlib import Path
from understudy.store.project import Project
with Project.open(Path(sys.argv[1]), create=True) as project, project.changing():
    print("held", flush=True)
    time.sleep(60)
"""
CHANGE = """
import sys
from pathlib import Path
from understudy.store.project import Project
with Project.open(Path(sys.argv[1])) as project:
    for k in range(12):
        project.add_person(f"{sys.argv[2]} {k}")
        if k % 3 == 0:
            film = Path(sys.argv[1], sys.argv[2], str(k), "clip.mp4")
            project.add_source(film, f"{k} {sys.argv[2]}")
    project.remember(**{sys.argv[2]: 1})
"""


def test_it_is_made_once_and_found_again(tmp_path: Path) -> None:
    film = tmp_path / "Clip One.mp4"
    film.touch()
    with Project.open(tmp_path / "p", create=True) as project:
        ann = project.add_person("Ann Lee")
        source = project.add_source(film, "x", ann.id)
        project.remember(train={"model": "quick"})
        render = Render("out", source.id, "model", {"all": "ann-lee", "1": None}, film, {"crf": 3})
        project.keep_render(render)
        project.keep_render(replace(render, id="other"))
        project.keep_render(render)
        created = project.created
    (tmp_path / "p" / "work" / "key").mkdir()
    (tmp_path / "p" / "work" / "key" / ".x.999999999-1.00000000.part").touch()
    with Project.open(tmp_path / "p") as project:
        assert not list((project.work / "key").iterdir())
        assert project.sources == (source,) and project.place("clip-one") == film
        assert project.persons == (Person("ann-lee", "Ann Lee"),)
        assert project.add_person("Ann Lee") == project.add_person("ann-lee") == project.persons[0]
        assert project.renders == (render, replace(render, id="other"))
        assert project.render("out") == render
        assert project.render_id(film) == "out"
        assert project.render_id(tmp_path / "sub" / "out.mp4") == "out-2"
        assert project.settings == {"train": {"model": "quick"}}
        assert project.created == created
        assert project.work.is_dir() and project.models == ()
        project.model("m").mkdir()
        assert project.models == ("m",)
        for ask, words in [
            (lambda: project.source("b"), "no source 'b'; there are: clip-one"),
            (lambda: project.person("b"), "no person 'b'; there are: ann-lee"),
            (lambda: project.render("b"), "no render 'b'; there are: out, other"),
            (lambda: project.faceset("b"), "no person 'b'"),
            (lambda: project.add_source(film, "x", "b"), "no person 'b'"),
            (lambda: project.name_found("clip-one", {"0": "b"}), "no person 'b'"),
        ]:
            with pytest.raises(StoreError, match=words):
                ask()
        with pytest.raises(ValueRefused, match="such as 'x'"):
            project.model("../x")
    plain = json.loads((tmp_path / "p" / "project.json").read_text())
    assert plain["format"] == "understudy-project" and plain["version"] == 2


def test_films_get_ids_of_their_own_and_moved_ones_are_found(tmp_path: Path) -> None:
    films = [tmp_path / "a.mp4", tmp_path / "sub" / "a.mov", tmp_path / "c.mp4"]
    (tmp_path / "sub").mkdir()
    for film in films:
        film.touch()
    with Project.open(tmp_path / "p", create=True) as project:
        ids = [project.add_source(f, f"{n}").id for n, f in enumerate(films)]
        assert ids == ["a", "a-2", "c"]
        with pytest.raises(StoreError, match="changed since it was added as a"):
            project.add_source(films[0], "other")
        assert project.add_source(tmp_path / "copy.mp4", "0").id == "a"
        assert project.source("a").path == tmp_path / "copy.mp4"
        with pytest.raises(StoreError, match=r"not there any more.*understudy add"):
            project.place("a")
        with pytest.raises(StoreError, match="not the film that a is"):
            project.move_source("a", films[2], "2")
        project.move_source("a", films[0], "0")
        assert project.place("a") == films[0]
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("p", "a.mp4"):
        (tmp_path / name).rename(moved / name)
    with Project.open(moved / "p") as project:
        assert project.place("a") == moved / "a.mp4"


def test_alignments_lie_beside_the_film_or_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "a.mp4"
    film.touch()
    with Project.open(tmp_path / "p", create=True) as project:
        project.add_source(film, "x")
        assert project.alignments("a") == tmp_path / "a.alignments"
        with monkeypatch.context() as patch:
            patch.setattr(os, "access", lambda *_: False)
            here = project.alignments("a")
        assert here == tmp_path / "p" / "sources" / "a" / "a.alignments"
        here.touch()
        assert project.alignments("a") == here


def extracted(film: Path, folder: Path, tracks: list[Track]) -> None:
    """Alignments with tracks only, and an empty folder of pictures."""
    record = SourceRecord(film.name, film.name, 64, 48, Fraction(1, 25), 1, {})
    with Alignments.open(film.with_suffix(".alignments"), create=record) as store:
        store.finish(tracks)
    folder.mkdir(parents=True)


def test_a_faceset_comes_from_many_films_and_a_film_serves_many_persons(tmp_path: Path) -> None:
    both, alone, kept = tmp_path / "both.mp4", tmp_path / "alone.mp4", tmp_path / "kept"
    kept.mkdir()
    people = [Track(0, 0, 0), Track(1, 0, 1), Track(2, 1, 0), Track(3, 1, 2)]
    with Project.open(tmp_path / "p", create=True) as project:
        for film, tracks in ((both, people), (alone, people[:1])):
            film.touch()
            project.add_source(film, film.name)
            extracted(film, project.faces(film.stem), tracks)
        for name in ("ann", "bob"):
            project.add_person(name)
        assert project.faceset("ann") == ()
        project.name_found("both", {"0": "ann", "1": "bob"})
        project.name_found("alone", {"all": "ann"})
        project.add_source(kept, "", "ann", "faces")
        assert project.faceset("ann") == (
            FaceFolder(
                project.faces("both"), frozenset({0, 2}), project.alignments("both"), both.name
            ),
            FaceFolder(project.faces("alone"), None, project.alignments("alone"), alone.name),
            FaceFolder(kept),
        )
        (folder,) = project.faceset("bob")
        assert (folder.path, folder.tracks) == (project.faces("both"), {1})
        assert [s.id for s in project.sources_of("ann")] == ["both", "alone", "kept"]
        project.name_found("both", {"0": None, "1": "bob", "all": "ann"})
        assert project.faceset("ann")[0].tracks == {0, 2, 3}
        assert project.source("both").person_of(1) == "bob"
        assert project.source("both").person_of(None) == "ann"
        assert project.add_source(kept, "", kind="faces").id == "kept"


def test_what_is_not_a_project_is_not_touched(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "photo.jpg").write_text("x")
    (tmp_path / "file").write_text("x")
    for path, create, words in [
        (mine, True, "nothing in it was touched"),
        (mine, False, "is no project"),
        (tmp_path / "file", True, "found a file"),
        (tmp_path / "absent", False, "make one with understudy swap or understudy add"),
        (tmp_path / "absent" / "p", True, "no such folder"),
    ]:
        with pytest.raises(StoreError, match=words):
            Project.open(path, create=create)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "mine"]
    assert [p.name for p in mine.iterdir()] == ["photo.jpg"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / ".x.999999999-1.00000000.part").touch()
    with Project.open(tmp_path, create=True):
        assert (tmp_path / "project.json").is_file()


def test_changes_of_many_processes_are_all_kept(tmp_path: Path) -> None:
    """Each adds persons, and films that would all like the same id."""
    Project.open(tmp_path / "p", create=True).close()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", CHANGE, str(tmp_path / "p"), str(n)],
            env={**os.environ, "PYTHONPATH": SRC},
        )
        for n in range(3)
    ]
    with Project.open(tmp_path / "p") as here:
        for k in range(12):
            here.add_person(f"here {k}")
        assert [process.wait() for process in running] == [0] * 3
    with Project.open(tmp_path / "p", read_only=True) as project:
        assert len(project.persons) == 4 * 12
        assert len({source.path for source in project.sources}) == 3 * 4
        assert set(project.settings) == {"0", "1", "2"}
    assert not list((tmp_path / "p").glob(".*"))


def test_a_dead_process_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "p")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": SRC},
    )
    assert process.stdout is not None and process.stdout.readline() == b"held\n"
    with Project.open(tmp_path / "p", read_only=True) as reader:
        assert reader.persons == ()
    monkeypatch.setattr(shared, "_TURN_S", 0.1)
    with pytest.raises(InUse, match=f"process {process.pid} .* is writing this project"):
        Project.open(tmp_path / "p")
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with Project.open(tmp_path / "p") as project:
        project.add_person("ann")


def test_it_is_read_while_another_works_on_it(tmp_path: Path) -> None:
    film = tmp_path / "a.mp4"
    film.touch()
    with Project.open(tmp_path / "p", create=True) as project:
        project.add_source(film, "x")
        before = sorted(tmp_path.rglob("*"))
        with Project.open(tmp_path / "p", read_only=True) as reader:
            assert reader.sources == project.sources and not reader.brought_up
            assert reader.place("a") == film
            with pytest.raises(StoreError, match="opened to be read only"):
                reader.add_person("ann")
        assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(StoreError, match="is no project"):
        Project.open(tmp_path / "q", create=True, read_only=True)


def test_damaged_and_newer_projects_are_told(tmp_path: Path) -> None:
    with Project.open(tmp_path / "p", create=True) as project:
        project.add_person("ann")
        project.add_source(tmp_path, "x", "ann")
        project.keep_render(Render("r", "s", "m", {"0": "ann", "all": None}, tmp_path, {"n": 1}))
    path = tmp_path / "p" / "project.json"
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"version": 2', b'"version": 3'))
    with pytest.raises(StoreError, match="newer Understudy"):
        Project.open(tmp_path / "p")
    for old, new in [(b'"ann"', b'"../x"'), (b'"all"', b'"-1"'), (b'"film"', b'"rope"')]:
        path.write_bytes(good.replace(old, new))
        with pytest.raises(StoreError, match="is damaged"):
            Project.open(tmp_path / "p")
    rng = random.Random(5)  # noqa: S311
    told = 0
    for n in range(200):
        bad = bytearray(good)
        if n % 2:
            del bad[rng.randrange(len(bad)) :]
        else:
            bad[rng.randrange(len(bad))] = rng.randrange(256)
        path.write_bytes(bad)
        try:
            Project.open(tmp_path / "p").close()
        except StoreError:
            told += 1
    assert told > 100


def test_every_fault_keeps_the_old_state(tmp_path: Path, faults) -> None:
    with Project.open(tmp_path / "p", create=True) as project:
        project.remember(n=1)
        for k in range(1, 10):
            faults.arm(k)
            try:
                project.remember(n=2)
            except DiskFull:
                assert json.loads((tmp_path / "p" / "project.json").read_text())["settings"][
                    "n"
                ] in (1, 2)
            else:
                break
        assert k > 3 and project.settings == {"n": 2}
