"""What people mistype is shown as they typed it, and never taken for something else."""

from __future__ import annotations

import shutil

import pytest

from understudy.runs.rendering.renders import Wanted, planned
from understudy.stages.convert.options import ConvertOptions
from understudy.store.project import Project


def test_an_error_holds_the_words_that_were_typed(done, understudy) -> None:
    for number in ("x", "-1"):
        typed = f"{source(done)}:{number}"
        understudy("cast", "name", done.project, f"{typed}=ann").refused(f"{typed}: there", code=2)


def test_a_mistyped_project_is_not_made(understudy, tmp_path) -> None:
    """`consent` without anybody to declare made a folder of the mistyped name."""
    understudy("consent", tmp_path / "projct").refused("is no project")
    assert not (tmp_path / "projct").exists()


def source(place) -> str:
    with Project.open(place.project, read_only=True) as project:
        return str(project.sources[0].id)


def test_a_mistyped_knob_is_said_before_a_swap_begins(done, understudy) -> None:
    shutil.rmtree(done.project)  # where nobody said yet which model it is to be
    said = understudy(*done.swap("--knob", "moth=0"))
    said.refused("moth", "mouth", code=2)
    assert "reading faces" not in said.out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("train", "PROJECT", "--persons", ""), "--persons"),
        (("train", "PROJECT", "--model-name="), "--model-name"),
        (("convert", "PROJECT", "--render-name", ""), "--render-name"),
        (("convert", ""), "an argument"),
    ],
)
def test_an_empty_word_is_not_nothing_said(done, understudy, words, named) -> None:
    """`--persons "$WHO"` without WHO would train everybody."""
    given = [done.project if word == "PROJECT" else word for word in words]
    understudy(*given).refused(f"{named}: is empty", code=2)


def test_a_render_that_is_not_there_makes_no_film(done, understudy, monkeypatch) -> None:
    """A mistyped name converted the usual film into out.mp4 of the current folder."""
    monkeypatch.chdir(done.folder)
    before = sorted(done.folder.rglob("*.mp4"))
    understudy("convert", done.project, "--render-name", "outt").refused(
        "has no render 'outt'", "there are: out", "-o"
    )
    assert sorted(done.folder.rglob("*.mp4")) == before


def test_training_tells_only_of_what_is_there(done, understudy) -> None:
    """Neither a preview where none was drawn, nor a change from nothing to nothing."""
    shutil.rmtree(done.project / "models", ignore_errors=True)
    usual = ("--model", "quick", "--threads", 1, "--previews", 0, "--batch", 2, "--score-faces", 0)
    understudy("train", done.project, "--minutes", 0.01, *usual).worked()
    told = understudy("train", done.project, "--minutes", 0.02, *usual).worked()
    assert "None" not in told.out
    assert "none (was none)" not in " ".join(told.err.split())


def test_two_conversions_begun_at_once_are_two_renders(done) -> None:
    """Both chose the id `pair` and the second took the place of the first."""
    options = ConvertOptions()
    outputs = [done.folder / name / "pair.mp4" for name in ("x", "y")]
    for output in outputs:
        output.parent.mkdir()
    with Project.open(done.project) as one, Project.open(done.project) as other:
        wanted = [Wanted(output, "a", ("b",)) for output in outputs]
        renders = [
            planned(store, each, options) for store, each in zip((one, other), wanted, strict=True)
        ]
        again = planned(one, wanted[0], options)
    assert [r.id for r in renders] == ["pair", "pair-2"]
    assert again.id == "pair"
    with Project.open(done.project, read_only=True) as store:
        assert {r.id: r.output for r in store.renders}.items() >= {
            ("pair", outputs[0]),
            ("pair-2", outputs[1]),
        }


def test_castings_that_say_two_things_or_nothing_are_refused(done, understudy) -> None:
    convert = ("convert", done.project, "--source", "a", "-o", done.folder / "y.mp4")
    understudy(*convert, "--cast", "b", "--swap").refused("--swap and --cast b", code=2)
    understudy(*convert, "--swap").refused("--swap and --source a", "--cast", code=2)
    understudy(*convert, "--cast", "a=a").refused("would become the same person", code=2)
    assert not (done.folder / "y.mp4").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("jobs", "cancel", "x"), "expected a whole number, got 'x'"),
        (("jobs", "cancel", "1", "--grace", "x"), "expected a number, got 'x'"),
        (("config", "show", "--verb", "trian"), "'trian' is not one of"),
    ],
)
def test_what_is_mistyped_is_told_in_plain_words(understudy, words, told) -> None:
    said = understudy(*words)
    assert said.code == 2 and told in " ".join(said.err.replace("\u2502", " ").split())
    assert "Input should" not in said.err and "Value error" not in said.err


def test_the_same_conversion_again_is_the_same_film(done, understudy) -> None:
    """With a third film in the project, what had been made could not be asked for again."""
    again = ("convert", done.project, "-o", done.out, "--no-score")
    understudy(*again).worked()
    shutil.copytree(done.project / "sources" / "b" / "faces", done.folder / "others")
    shutil.copy(done.a, done.folder / "more.mp4")
    with (done.folder / "more.mp4").open("ab") as film:
        film.write(bytes([0, 0, 0, 8, 102, 114, 101, 101]))  # another film to all who look
    understudy("add", done.project, done.folder / "more.mp4", "--person", "a").worked()
    assert "is complete" in understudy(*again).worked().err
    understudy("convert", done.project, "-o", done.folder / "z.mp4").refused("--source")


def test_what_is_refused_is_no_render(done, understudy) -> None:
    """It was told of ever after, and kept its film from being taken out."""
    before = (done.project / "project.json").read_bytes()
    donor = done.b.read_bytes()
    convert = ("convert", done.project, "--source", "a", "-o")
    understudy(*convert, "x.avi").refused(".mov, .mp4", code=2)
    knob = (done.folder / "k.mp4", "--knob", "beard=1")
    understudy(*convert, *knob).refused("no such knob", '--knob ""', code=2)
    understudy(*convert, done.folder / "nowhere" / "x.mp4").refused("make it first")
    understudy(*convert, done.a, "--overwrite").refused("sources are never replaced", code=2)
    understudy(*convert, done.b, "--overwrite").refused("sources are never replaced", code=2)
    done.out.write_bytes(b"mine")
    understudy(*convert, done.out).refused("is there already")
    (done.project / "consent.toml").unlink()
    understudy(*convert, done.folder / "y.mp4").refused("nobody has declared", code=3)
    assert (done.project / "project.json").read_bytes() == before
    assert done.b.read_bytes() == donor
