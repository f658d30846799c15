"""What a project remembers, configuration files, and which of them wins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from understudy.errors import ValueRefused
from understudy.nn import checkpoint
from understudy.options import branches_of
from understudy.options.layers import chosen_plugins
from understudy.plugin import default_registry
from understudy.runs.rendering.writers import writer_stays
from understudy.runs.settings import (
    Said,
    remembered,
    remembering,
    settled,
    whole_tree,
)
from understudy.stages.convert.options import ConvertOptions
from understudy.store.project import Project

QUICKLY = ("--iterations", 1, "--threads", 1, "--previews", 0, "--score-faces", 0)


def words(text: str) -> str:
    return " ".join(text.split())


def training(model: Path) -> dict:
    found = checkpoint.newest(model)
    assert found is not None
    return dict(found.state.training)


def model_of(project: Path) -> Path:
    return next(p.parent for p in project.rglob("step_*") if p.is_dir())


def test_training_goes_on_as_it_was_and_says_so(done, understudy, tmp_path):
    told = understudy(
        "train", done.project, "--iterations", 3, "--threads", 1, "--score-faces", 0
    ).worked()
    said = " ".join((told.out + told.err).split())
    small = "swap.mesh.texture 128, swap.mesh.components 8"
    assert f"train, as before in this project: {small}, model mesh, batch 2, previews 1" in said
    assert "train, changed: iterations 3 (was 2)" in said
    model = model_of(done.project)
    assert (training(model)["batch"], training(model)["iterations"]) == (2, 3)

    config = tmp_path / "mine.toml"
    config.write_text("[train]\nbatch = 3\nkeep = 2\n[extract]\nsize = 64\n")
    threads = ("--threads", 1, "--score-faces", 0)
    understudy("train", done.project, "--config", config, "--iterations", 4, *threads).worked()
    assert (training(model)["batch"], training(model)["keep"]) == (3, 2)
    given = ("--config", config, "--batch", "none", "--iterations", 5)
    understudy("train", done.project, *given, *threads).worked()
    assert (training(model)["batch"], training(model)["keep"]) == (None, 2)
    understudy("train", done.project, "--defaults", "--iterations", 6, *threads).worked()
    assert (training(model)["keep"], training(model)["previews"]) == (3, 6)


def test_what_a_stage_refused_is_not_remembered(done, understudy):
    understudy("train", done.project, "--model", "original", "--iterations", 9).refused("mesh")
    understudy(
        "train", done.project, "--iterations", 3, "--threads", 1, "--score-faces", 0
    ).worked()
    kept = json.loads((done.project / "project.json").read_text())["settings"]["options"]
    assert kept["train"]["model"] == "mesh"
    assert "threads" not in kept["train"] and "new" not in kept["train"]


def test_extraction_and_conversion_go_on_as_they_were(done, understudy):
    told = understudy("extract", done.project, "a", done.a).worked()
    said = " ".join((told.out + told.err).split())
    assert "extract, as before in this project: min_face_px 30, size 96" in said
    assert "extracted earlier" in said
    told = understudy("convert", done.project, "-o", done.out, "--no-score").worked()
    said = " ".join((told.out + told.err).split())
    assert "convert, as before in this project: write.h264.preset ultrafast" in said


def test_a_writer_of_before_gives_way_to_what_an_output_is_called(done, understudy):
    with Project.open(done.project) as project:
        kept = project.settings["options"]
        project.remember(options={**kept, "convert": {**kept["convert"], "writer": "exr"}})
    film = done.folder / "film.mp4"
    told = understudy("convert", done.project, "-o", film, "--frames", 0, "--no-score").worked()
    said = words(told.out + told.err)
    assert "writer auto (was exr, which makes no output of this name)" in said
    assert "its sound is left out, as only some frames are made\n" in told.err
    assert film.stat().st_size and "not scored" not in said, "a part cannot be"
    understudy("score", done.project, "--render", "film").refused("was made with --frames", code=2)
    with Project.open(done.project, read_only=True) as project:
        assert project.settings["options"]["convert"]["writer"] == "exr", "nobody said another"
    said_now = ("convert", done.project, "-o", film, "--writer", "exr")
    understudy(*said_now).refused("film.mp4: the writer exr makes a folder", code=2)


@pytest.mark.parametrize(
    ("said", "output", "works"),
    [
        (Said(short={"preset": "slow"}), "folder", False),
        (Said(short={"crf": 20}), "still.png", False),
        (Said(flags={"write.h264.preset": "slow"}), "folder", False),
        (Said(flags={"write.av1.preset": "slow"}), "film.mp4", False),
        (Said(flags={"write.h265.preset": "slow"}), "film.mp4", True),
        (Said(flags={"write.png.picture_bits": "8"}), "folder", True),
        (Said(short={"crf": 20}), "film.webm", True),
        (Said(short={"preset": "slow"}), "film.mp4", True),
    ],
)
def test_what_a_writer_would_not_look_at_is_refused(said, output, works):
    """`--preset` was taken for a folder of PNGs, and did nothing there, unsaid."""
    tree = whole_tree(default_registry())
    if works:
        settled("convert", said, None, tree, None, Path(output))
    else:
        with pytest.raises(ValueRefused, match=f"{output} is made by the writer (png|h264)"):
            settled("convert", said, None, tree, None, Path(output))


@pytest.mark.parametrize(
    ("writer", "output", "taken"),
    [
        ("exr", "film.mp4", "auto"),
        ("exr", "other-folder", "exr"),
        ("prores", "film.mov", "prores"),
        ("h265", "film.webm", "auto"),
        ("auto", "film.mp4", "auto"),
        ("of-a-package-that-went", "film.mp4", "of-a-package-that-went"),
    ],
)
def test_a_writer_is_remembered_for_what_it_makes(tmp_path, writer, output, taken):
    tree = whole_tree(default_registry())
    with Project.open(tmp_path / "p", create=True) as project:
        project.remember(options={"convert": {"writer": writer}})
        found = settled("convert", Said(), project, tree, None, Path(output))
        assert found.of(tree, "convert").writer == taken
        short = Said(short={"preset": "slow"})
        if "h264" in chosen_plugins(tree, "convert", written(tree), found.values):
            found = settled("convert", short, project, tree, None, Path(output))
            assert found.values["write.h264.preset"] == "slow"
        elif writer == "exr":
            with pytest.raises(ValueRefused, match="write exr, said by the project"):
                settled("convert", short, project, tree, None, Path(output))
        # what is said now, or in a file, is meant: the stage refuses it
        for said in (
            Said(flags={"convert.writer": writer}),
            Said(config={"convert.writer": writer}, config_name="mine.toml"),
        ):
            found = settled("convert", said, project, tree, None, Path(output))
            assert found.of(tree, "convert").writer == writer


@pytest.mark.parametrize("said", [Said(), Said(flags={"convert.writer": "auto"})])
def test_only_who_says_a_writer_changes_the_one_that_is_remembered(tmp_path, said):
    with Project.open(tmp_path / "p", create=True) as project:
        project.remember(options={"convert": {"writer": "exr"}, "train": {"batch": 2}})
        with writer_stays(project, said), remembering(project, "convert", ConvertOptions()):
            pass
        kept = project.settings["options"]
        assert kept["convert"]["writer"] == ("auto" if said.flags else "exr")
        assert kept["convert"]["mask"] == "extended" and kept["train"] == {"batch": 2}


def written(tree):
    return next(b for b in branches_of(tree.stages["convert"]) if b.kind == "write")


def test_a_wrong_word_in_a_configuration_file_ends_the_verb(done, understudy, tmp_path):
    config = tmp_path / "mine.toml"
    config.write_text("[train]\nbach = 3\n")
    understudy("train", done.project, "--config", config).refused(
        "mine.toml: train.bach: unknown option; did you mean batch?", code=2
    )


def test_config_shows_who_said_what_and_writes_what_verbs_read(done, understudy, tmp_path):
    config = tmp_path / "mine.toml"
    config.write_text("[train]\nkeep = 2\n[mask.extended]\nmask_px = 64\n")
    show = ("config", "show", done.project, "--config", config)
    rows = [line.split() for line in understudy(*show, "--verb", "train").worked().out.splitlines()]
    assert ["train.batch", "2", "the", "project"] in rows
    assert ["train.keep", "2", "mine.toml"] in rows
    assert ["train.model", "mesh", "the", "project"] in rows
    assert not any(row[0].startswith("extract.") for row in rows)
    understudy("train", done.project, "--batch", 4, "--model-name", "second", *QUICKLY).worked()
    show_first = ("config", "show", done.project, "--verb", "train")
    assert "train.batch 2 the project" in words(understudy(*show_first).worked().out)
    second = understudy(*show_first, "--model-name", "second").worked().out
    assert "train.batch 4 the project" in words(second)
    toml = tmp_path / "as-before.toml"
    toml.write_text(understudy(*show, "--toml").worked().out)
    again = understudy("config", "show", "--config", toml, "--toml").worked().out
    assert again == toml.read_text()
    assert "mask_px = 64" in again and "batch = 2" in again
    text = understudy("config", "template", "train").worked().out
    assert "#batch = " in text and "[swap" not in text.split("[train]")[0]
    toml.write_text(text)
    assert understudy("config", "show", "--config", toml).worked().out.count("as-before") == 0


def test_masks_of_another_size_on_the_command_line(done, understudy, tmp_path):
    from understudy.store.alignments import Alignments

    def sizes() -> set[tuple[int, ...]]:
        with Alignments.open(done.a.with_suffix(".alignments"), read_only=True) as store:
            return {f.masks["extended"].alpha.shape for _, fs in store.by_frame() for f in fs}

    understudy("mask", done.a, "--mask-px", 256).refused("--process all", code=2)
    understudy("mask", done.a, "--process", "all", "--mask-px", 256).worked()
    assert sizes() == {(256, 256)}
    understudy("mask", done.a, "--process", "all").worked()
    assert sizes() == {(256, 256)}, "as those in the file were"
    told = understudy("mask", done.a, "--process", "all", "--mask.extended.mask-px", 64).worked()
    assert sizes() == {(64, 64)}, told


def test_what_holds_for_one_run_is_not_a_project_s_to_say() -> None:
    """A stranger's project.json would replace outputs, and trust weights that nobody knows."""
    tree = whole_tree(default_registry())
    run = [path for path, leaf in tree.leaves.items() if leaf.field.scope != "project"]
    assert {"convert.overwrite", "extract.trust_on_first_use", "train.new"} <= set(run)
    table: dict[str, dict[str, object]] = {}
    for path in [*run, "train.minutes"]:
        stage, _, name = path.partition(".")
        value = tree.leaves[path].field.default
        table.setdefault(stage, {})[name] = not value if isinstance(value, bool) else value
    table["train"]["minutes"] = 3.0
    assert remembered({"options": table}, tree) == {"train.minutes": 3.0}
