"""The tree of all options: what is in it, layers over each other, files, and every word checked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from understudy.errors import ValueRefused
from understudy.options import fields_of, reference
from understudy.options.layers import Layer, settle
from understudy.options.toml_file import read_toml, template, written
from understudy.options.tree import Tree
from understudy.plugin import KINDS, Registry, default_registry
from understudy.runs.settings import STAGES, whole_tree


@pytest.fixture(scope="module")
def tree() -> Tree:
    return whole_tree(default_registry())


def file(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_plugins_options_lie_under_their_names(tree: Tree) -> None:
    assert not tree.broken
    for path in ("extract.size", "detect.mtcnn.scale_factor", "mask.occlusion.parser"):
        assert path in tree.leaves
    assert "detect.mtcnn.min_face_px" not in tree.leaves, "the stage's own is handed down"


def test_every_option_has_help_and_one_meaning_of_its_name() -> None:
    """Where a name is declared in several places, type and unit are the same everywhere."""
    declared: dict[str, list[tuple[str, Any]]] = {}
    classes = [(name, cls) for name, cls in STAGES.items()]
    for kind in KINDS:
        for plugin in default_registry().of_kind(kind):
            if (cls := plugin.load_options()) is not None:
                classes.append((f"{kind}.{plugin.name}", cls))
    for owner, cls in classes:
        for field in fields_of(cls):
            assert len(field.help) > 10 and field.help.rstrip().endswith("."), (owner, field.name)
            declared.setdefault(field.name, []).append((owner, field))
            default, low = field.default, field.low
            assert default is None or low is None or default >= low
    for name, found in declared.items():
        assert len({(f.kind, f.unit, f.choices, f.optional) for _, f in found}) == 1, name


def test_what_is_handed_down_means_the_same_in_the_stage() -> None:
    own = {f.name: f for cls in STAGES.values() for f in fields_of(cls)}
    known = dict.fromkeys(("container", "alone"), "the name of the output says it")
    for kind in KINDS:
        for plugin in default_registry().of_kind(kind):
            for field in fields_of(cls) if (cls := plugin.load_options()) else ():
                if field.handed and field.name not in known:
                    stages = own[field.name]
                    assert (stages.kind, stages.unit, stages.low, stages.high, stages.default) == (
                        field.kind, field.unit, field.low, field.high, field.default,
                    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[extract]\nsizes = 3", "extract.sizes: unknown option; did you mean size"),
        ("[extrac]\nsize = 3", "extrac.size: unknown option; did you mean extract"),
        ("[extract]\nsize = true", "extract.size: expected a whole number, 64 to 1024, got True"),
        ("[extract]\nmask_px = 256", "it as mask.bisenet.mask_px"),
        ("[extract]\nnew = true", "extract.new: holds for one run only"),
        ("[detect.mtcn]\nscale_factor = 0.5", "detect.mtcn.scale_factor: unknown.*mean mtcnn"),
        ("[detect.mtcnn]\nscale_facter = 0.5", "mean scale_factor"),
        ("[detect.mtcnn]\nscale_factor = 2", "detect.mtcnn.scale_factor: expected a number, 0.3"),
        ("[detect.mtcnn]\nmin_face_px = 20", "detect.mtcnn.min_face_px: unknown option"),
        ("[detect.dlib68]\nx = 2", "detect.dlib68.x: unknown option"),
        ("[align.dlib68]\nx = 2", "align.dlib68.x: unknown option; known are: none"),
        ("detect = 3", "detect: unknown option"),
        ("size = 3", "size: unknown option"),
        ("[mask.bisenet]\nregions = 'tail'", None),
        ("[extract", "is no TOML"),
    ],
)
def test_a_wrong_word_in_a_file_is_named(
    tree: Tree, tmp_path: Path, text: str, said: str | None
) -> None:
    path = file(tmp_path, text)
    if said is None:
        settled = settle(tree, ["extract"], [Layer("f", read_toml(path, tree))])
        assert settled.of(tree, "extract").mask.of("bisenet") == {"regions": "tail"}
        return
    with pytest.raises(ValueRefused, match=said) as caught:
        read_toml(path, tree)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_is_named(tree: Tree, tmp_path: Path) -> None:
    with pytest.raises(ValueRefused, match=r"none\.toml: cannot be read"):
        read_toml(tmp_path / "none.toml", tree)


def test_the_last_layer_wins_and_is_named(tree: Tree) -> None:
    found = settle(
        tree,
        ["extract"],
        [
            Layer("the project", {"extract.size": 96, "detect.mtcnn.scale_factor": 0.5}),
            Layer("f.toml", {"extract.size": 128, "extract.every": 2}),
            Layer("flags", {"extract.size": 64}),
        ],
    )
    options = found.of(tree, "extract")
    assert (options.size, options.every) == (64, 2)
    assert options.detect.of("mtcnn") == {"scale_factor": 0.5}
    assert found.origins["extract.size"] == "flags"
    assert found.origins["extract.every"] == "f.toml"
    assert found.before == {"extract.size": 128}


def test_minutes_said_now_put_iterations_said_earlier_aside(tree: Tree) -> None:
    earlier = Layer("the project", {"train.iterations": 500})
    now = settle(tree, ["train"], [earlier, Layer("flags", {"train.minutes": 60.0})])
    assert now.of(tree, "train").iterations is None
    both = {"train.minutes": 60.0, "train.iterations": 7}
    assert settle(tree, ["train"], [Layer("flags", both)]).of(tree, "train").iterations == 7


def test_short_values_go_to_the_plugins_that_are_chosen(tree: Tree) -> None:
    def made(own: dict[str, Any], short: dict[str, Any]) -> Any:
        return settle(tree, ["extract"], [Layer("flags", own, short)]).of(tree, "extract")

    assert dict(made({}, {"mask_px": 64}).mask) == {
        "components": {"mask_px": 64},
        "extended": {"mask_px": 64},
    }
    auto = made({}, {"min_confidence": 0.3}).detect
    assert set(auto) == {"mediapipe", "mtcnn"}
    long_goes_first = made({"mask.extended.mask_px": 32}, {"mask_px": 64}).mask
    assert long_goes_first.of("extended") == {"mask_px": 32}
    with pytest.raises(ValueRefused, match=r"boxes_path: none of.*detect mtcnn.*file would"):
        made({"extract.detector": "mtcnn"}, {"boxes_path": "x.json"})


def test_a_template_is_all_comments_and_read_back_gives_the_defaults(
    tree: Tree, tmp_path: Path
) -> None:
    text = template(tree)
    assert not read_toml(file(tmp_path, text), tree)
    for leaf in tree.leaves.values():
        assert (f"#{leaf.field.name} = " in text) == (leaf.field.scope != "run")
    taken_away = re.sub(r"(?m)^#(?=\S)", "", text)
    values = read_toml(file(tmp_path, taken_away), tree)
    assert values == {
        p: leaf.field.default for p, leaf in tree.leaves.items() if leaf.field.scope != "run"
    }
    for name, cls in STAGES.items():
        settled = settle(tree, [name], [Layer("f", values)]).of(tree, name)
        plain = {f.name: getattr(settled, f.name) for f in fields_of(cls)}
        assert plain == {f.name: f.default for f in fields_of(cls)}


def test_written_values_are_read_back(tree: Tree, tmp_path: Path) -> None:
    values = {
        "extract.wanted": 'a "b" \\ ü\n',
        "extract.max_face_px": None,
        "train.minutes": 1e-2,
        "mask.bisenet-v2.mask_px": 64,
    }
    text = written(tree, values)
    assert tomllib.loads(text)["mask"]["bisenet-v2"] == {"mask_px": 64}
    assert read_toml(file(tmp_path, text), tree) == values


def test_the_reference_says_place_default_and_range() -> None:
    plugin = default_registry().get("detect", "mtcnn")
    text = reference(plugin.load_options(), "detect.mtcnn")
    assert "| `detect.mtcnn.scale_factor` | 0.709 | a number, 0.3 to 0.95 | Size of each" in text
    assert "min_face_px" not in text


def test_broken_options_of_a_stranger_are_left_out_and_named() -> None:
    from understudy.plugin import Plugin

    broken = Plugin("detect", "mine", "nowhere:Mine", "A detector.", options="nowhere_at_all:O")
    tree = Tree(STAGES, Registry([broken]))
    assert "nowhere_at_all" in tree.broken["detect.mine"]
    with pytest.raises(ValueRefused, match="nowhere_at_all"):
        tree.checked("detect.mine.x", 3)
