"""Whatever is wrong: one clear message, a code that is not 0, and nothing of the user's lost."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from understudy.provenance.audit import AuditLog
from understudy.provenance.verify import verify
from understudy.store import atomic
from understudy.store.alignments import Alignments

EXTRACT = ("--size", 96, "--min-face-px", 30, "--workers", 1)
TRAIN = ("--batch", 2, "--threads", 1, "--previews", 1, "--score-faces", 0)


def hashes(folder: Path) -> dict[str, str]:
    """Every file below a folder but logs, which grow; of weights, which are large, the time."""
    found = {}
    for path in folder.rglob("*"):
        if path.name in ("log.txt", ".lock", "audit.jsonl") or "logs" in path.parts:
            continue
        if path.is_file():
            large = path.suffix == ".safetensors"
            data = str(path.stat().st_mtime_ns).encode() if large else path.read_bytes()
            found[os.fspath(path.relative_to(folder))] = hashlib.sha256(data).hexdigest()
    return found


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file"),
        (b"", "is empty"),
        (b"#EXTM3U\nhttp://example.com/film.mp4\n", "is no video that can be read"),
        (b"just some words\n" * 50, "is no video that can be read"),
    ],
)
def test_a_file_that_is_no_film(place, understudy, side, content, said):
    film = place.folder / "film.mp4"
    if content is not None:
        film.write_bytes(content)
    before = hashes(place.folder)
    understudy(*place.swap(**{side: film})).refused("film.mp4", said)
    assert before.items() <= hashes(place.folder).items()
    assert not place.out.exists()


def test_a_film_cut_off_so_that_nothing_can_be_read(place, understudy):
    film = place.folder / "film.mp4"
    film.write_bytes(place.a.read_bytes()[:-2000])
    understudy(*place.swap(a=film)).refused("film.mp4", "cut off")


def test_a_film_cut_off_in_the_middle_is_worked_on_as_far_as_it_goes(
    done, understudy, film, people, tmp_path
):
    whole = film(tmp_path / "long.mkv", [*people.a] * 2, rate=Fraction(10))
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    project, out = tmp_path / "cut.understudy", tmp_path / "out.mp4"
    swap = ["swap", cut, done.b, "-o", out, "-p", project, "--consent", done.consent]
    quick = ("--model", "quick")
    told = understudy(
        *swap, *EXTRACT, *TRAIN, "--iterations", 1, "--preset", "ultrafast", *quick
    ).worked()
    assert "frames could be read" in told.err
    assert verify(out).state == "ours"
    assert "frames could be read" in (project / "renders" / "out" / "report.md").read_text()


def test_no_face_in_any_frame_of_either_side(place, understudy, films):
    for side in ("a", "b"):
        project = place.folder / f"{side}.understudy"
        told = understudy(*place.swap("-p", project, **{side: films.nobody}))
        told.refused("no face was found in any of the 6 frames of nobody.mp4", "--min-confidence")
        assert not place.out.exists()


def test_a_side_whose_pictures_are_all_gone(done, understudy):
    for picture in (done.project / "sources" / "b" / "faces").glob("*.png"):
        picture.unlink()
    before = hashes(done.project)
    understudy("train", done.project, *TRAIN, "--iterations", 9).refused("no face picture of b")
    assert hashes(done.project) == before


def test_a_model_stays_where_starting_over_is_refused(done, understudy):
    """It was moved away first, and the project had none."""
    models = done.project / "models"
    before = hashes(models)
    new = ["train", done.project, *TRAIN, "--iterations", 9, "--new"]
    understudy(*new, "--device", "mps").refused("mps", code=2)
    understudy(*new, "--model", "original", "--at-plateau", "stop", "--score-faces", 0).refused(
        "at_plateau", code=2
    )
    for picture in (done.project / "sources" / "b" / "faces").glob("*.png"):
        picture.unlink()
    understudy(*new).refused("no face picture of b")
    assert hashes(models) == before


def test_without_consent_the_code_is_3_and_the_refusal_is_kept(place, understudy):
    place.consent.unlink()
    swap = [x for x in place.swap() if x not in ("--consent", place.consent)]
    understudy(*swap).refused("nothing is converted", "understudy consent", code=3)
    told = [e.event for e in AuditLog(place.project / "audit.jsonl").entries()]
    assert told == ["shows", "shows", "refused"]
    assert not place.out.exists()
    assert not list(place.folder.glob("*.alignments"))


def test_a_wrong_model_folder(done, understudy):
    model = done.project / "models" / "model"
    before = hashes(model)
    train = ["train", done.project, *TRAIN, "--iterations", 9]
    understudy(*train, "--model", "lightweight").refused("holds the model mesh", "--new")
    understudy(*train, "--model", "nosuch").refused("nosuch", "quick", code=2)
    assert hashes(model) == before
    model.rename(done.project / "kept")
    model.mkdir()
    (model / "thesis.doc").write_text("mine")
    understudy(*train).refused("is not a model folder", "thesis.doc")
    understudy("convert", done.project, "-o", done.out).refused("holds no trained model")
    assert (model / "thesis.doc").read_text() == "mine"


def test_a_folder_that_is_no_project(place, understudy):
    before = hashes(place.folder)
    understudy("convert", place.folder).refused("is no project")
    understudy("train", place.folder / "nowhere").refused("is no project")
    understudy(*place.swap("-p", place.folder)).refused("nothing in it was touched")
    assert hashes(place.folder) == before


def test_what_later_stages_would_refuse_is_refused_before_the_work(place, understudy):
    place.out.write_bytes(b"mine")
    (place.folder / "file").write_bytes(b"mine")
    project = ["-p", place.folder / "p.understudy"]
    for changes, words, code in (
        ([], ("there already", "--overwrite"), 1),
        (["-o", place.folder / "nowhere" / "out.mp4"], ("is not there", "make it first"), 1),
        (["-o", place.folder / "file" / "out.mp4"], ("is not there",), 1),
        (["-o", place.folder / "out.avi"], ("out.avi", ".mp4"), 2),
        (["-o", place.a, "--overwrite"], ("never replaced",), 2),
        (["--model", "nosuch"], ("nosuch", "quick"), 2),
        (["--match-colour", "nosuch", "--overwrite"], ("nosuch", "reinhard"), 2),
        (["--mask", "nosuch", "--overwrite"], ("no mask 'nosuch'", "extended"), 2),
    ):
        understudy(*place.swap(*project, *changes)).refused(*words, code=code)
    understudy(*place.swap("-p", place.folder / "file" / "p")).refused("no such folder")
    assert not list(place.folder.glob("*.alignments")), "it began to work"
    assert place.out.read_bytes() == b"mine"


def test_films_are_looked_at_before_questions_are_asked(place, understudy, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("Ann\n"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    project = place.folder / "p.understudy"
    job = [word for word in place.swap("-p", project) if word not in ("--consent", place.consent)]
    missing = place.folder / "nowhere.mp4"
    for films in ((missing, place.b), (place.a, missing)):
        told = understudy("swap", *films, *job[3:])
        told.refused("nowhere.mp4: there is no such file")
        assert "Before anything is made" not in told.out + told.err
    understudy("swap", *job[1:3], *job[3:], "-o", place.folder / "x.avi").refused(".mp4", code=2)
    assert not project.exists()
    told = understudy("swap", *job[1:])  # the answers end after the first one
    assert "Before anything is made" in told.out + told.err and told.code != 0
    assert not project.exists(), "an empty project is left behind"


def test_a_name_that_begins_with_a_dash(place, understudy, monkeypatch):
    monkeypatch.chdir(place.folder)
    place.a.rename(place.folder / "-a.mp4")
    understudy("swap", "-a.mp4", "b.mp4").refused("-a.mp4", "./-a.mp4", "--", code=2)


@contextmanager
def no_file_larger_than(n_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def failing(operation: str, code: int, after: int) -> Iterator[None]:
    """The seam of all our own writing fails, after having worked so many times."""
    works: Callable[..., Any] = getattr(atomic.ops, operation)
    left = after

    def fail(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(code, os.strerror(code))
        return works(*arguments)

    setattr(atomic.ops, operation, fail)
    try:
        yield
    finally:
        setattr(atomic.ops, operation, works)


FULL: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "write": lambda: failing("write", errno.ENOSPC, 1),
    "fsync": lambda: failing("fsync", errno.ENOSPC, 2),
    "quota": lambda: failing("fsync", errno.EDQUOT, 2),
    "limit": lambda: no_file_larger_than(16_000),
    "tiny limit": lambda: no_file_larger_than(2_000),
}


@pytest.mark.parametrize("fault", FULL)
def test_a_full_disk_while_extracting(place, understudy, fault):
    before = hashes(place.folder)
    extract = ["extract", place.project, "a", place.a, *EXTRACT]
    with FULL[fault]():
        told = understudy(*extract)
    told.refused("space")
    assert before.items() <= hashes(place.folder).items()
    assert not list(place.folder.rglob("*.part"))
    understudy(*extract).worked()
    with Alignments.open(place.folder / "a.alignments", read_only=True) as store:
        assert store.finished
        assert store.counts() == (8, 8, 8)
    assert len(list((place.project / "sources" / "a" / "faces").glob("*.png"))) == 8


@pytest.mark.parametrize("fault", ["fsync", "limit", "tiny limit"])
def test_a_full_disk_while_training(done, understudy, fault):
    model = done.project / "models" / "model"
    before = {k: v for k, v in hashes(model).items() if k.startswith("step_")}
    train = ["train", done.project, *TRAIN, "--iterations", 4, "--save-every", 1]
    with FULL[fault]():
        told = understudy(*train)
    told.refused("space")
    assert before.items() <= hashes(model).items()
    assert not list(done.folder.rglob("*.part"))
    understudy(*train).worked()
    assert (model / "step_00000004").is_dir()


def but_project(folder: Path) -> dict[str, str]:
    """All files but the one that remembers which render was asked for."""
    return {name: h for name, h in hashes(folder).items() if not name.endswith("project.json")}


@pytest.mark.parametrize("fault", FULL)
def test_a_full_disk_while_converting(done, understudy, fault):
    before = but_project(done.folder)
    convert = ["convert", done.project, "-o", done.out, "--preset", "ultrafast", "--no-score"]
    with FULL[fault]():
        told = understudy(*convert)
    told.refused("space")
    assert before.items() <= hashes(done.folder).items()
    assert not done.out.exists()
    assert not list(done.folder.rglob("*.part"))
    understudy(*convert).worked()
    assert verify(done.out).state == "ours"


@pytest.mark.parametrize("operation", ["write", "fsync", "replace"])
def test_a_disk_that_turns_read_only(done, understudy, operation):
    before = but_project(done.folder)
    convert = ["convert", done.project, "-o", done.out, "--preset", "ultrafast", "--no-score"]
    with failing(operation, errno.EROFS, 0):
        told = understudy(*convert)
    told.refused("may not be written", "read-only")
    assert before.items() <= hashes(done.folder).items()
    assert not done.out.exists()
    understudy(*convert).worked()


def test_a_disk_that_fails_is_said_without_a_traceback(done, understudy):
    with failing("fsync", errno.EIO, 1):
        told = understudy(
            "convert", done.project, "-o", done.out, "--preset", "ultrafast", "--no-score"
        )
    told.refused("could not be written")
