"""One broken plug-in is named and passed over; the others, and everything else, work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from understudy.errors import PluginError
from understudy.plugin import Registry

GOOD = """
from understudy.plugin import Plugin
GOOD = Plugin("detect", "stranger", "stranger_parts:Detector", "finds strangers")
NAMED = [GOOD, Plugin("mask", "veil", "stranger_parts:Veil", "a veil")]
"""

Offer = Callable[..., None]


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """Puts a module on the path, and an installed package's entry point that names it."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)

    def add(module: str, text: str, entry: str = "", dist: str = "") -> None:
        (tmp_path / f"{module}.py").write_text(text)
        if entry:
            about = tmp_path / f"{dist or module}-1.0.dist-info"
            about.mkdir(exist_ok=True)
            (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist or module}\n")
            points = f"[understudy.plugins]\nmine = {entry}\n"
            (about / "entry_points.txt").write_text(points)

    yield add
    for name in set(sys.modules) - before:
        if name.startswith("stranger"):
            del sys.modules[name]


def test_a_variable_names_records_without_packaging(
    offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer("stranger_dev", GOOD)
    monkeypatch.setenv("UNDERSTUDY_PLUGINS", "stranger_dev:GOOD, stranger_dev:NAMED")
    registry = Registry.installed()
    assert registry.get("detect", "stranger").summary == "finds strangers"
    assert registry.get("mask", "veil").target == "stranger_parts:Veil"
    assert registry.get("detect", "mediapipe")
    assert registry.passed_over == ()


def test_an_installed_package_offers_records(offer: Offer) -> None:
    offer("stranger_pack", GOOD, "stranger_pack:NAMED")
    assert Registry.installed().get("mask", "veil")


BROKEN = {
    "missing package": ("import not_there_at_all\n", "No module named 'not_there_at_all'"),
    "raises": ("raise RuntimeError('no licence')\n", "RuntimeError: no licence"),
    "no syntax": ("def (:\n", "SyntaxError"),
    "no such name": ("OTHER = 1\n", "AttributeError"),
    "no record": ("NAMED = ['mtcnn']\n", "expected an understudy.plugin.Plugin, got 'mtcnn'"),
    "no iterable": ("NAMED = 5\n", "expected an understudy.plugin.Plugin, got 5"),
    "unknown kind": (
        GOOD + "NAMED = [Plugin('nose', 'long', 'a:B', '')]\n",
        "unknown kind 'nose'; kinds are detect",
    ),
    "bad name": (GOOD + "NAMED = [Plugin('mask', 'My Veil', 'a:B', '')]\n", "name 'My Veil'"),
    "bad target": (GOOD + "NAMED = [Plugin('mask', 'veil', 'a.B', '')]\n", "target 'a.B'"),
    "bad options": (
        GOOD + "NAMED = [Plugin('mask', 'veil', 'a:B', '', options='a')]\n",
        "options 'a': expected",
    ),
    "no text": (GOOD + "NAMED = [Plugin('mask', 'veil', 'a:B', 7)]\n", "summary: expected text"),
    "bad weights": (
        GOOD + "NAMED = [Plugin('mask', 'veil', 'a:B', '', weights=['net'])]\n",
        "weights: expected a tuple of Weights",
    ),
    "bad requires": (
        GOOD + "NAMED = [Plugin('mask', 'veil', 'a:B', '', requires='numpy')]\n",
        "requires: expected a tuple of module names",
    ),
    "rival weights": (
        GOOD + "from understudy.plugin import Weights\n"
        "W = Weights('mobilefacenet_foamliu.onnx', '0' * 64, 1, 'MIT', True, 'me')\n"
        "NAMED = [Plugin('mask', 'veil', 'a:B', '', weights=(W,))]\n",
        "weights mobilefacenet_foamliu.onnx have the name of another file",
    ),
    "clash with ours": (
        GOOD + "NAMED = [Plugin('detect', 'mtcnn', 'stranger_parts:Mine', '')]\n",
        "another detect plug-in is called 'mtcnn': understudy.detect",
    ),
}


@pytest.mark.parametrize("way", ["package", "variable"])
@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_broken_is_named_and_passed_over(
    offer: Offer, monkeypatch: pytest.MonkeyPatch, fault: str, way: str
) -> None:
    text, said = BROKEN[fault]
    if way == "package":
        offer("stranger_bad", text, "stranger_bad:NAMED")
    else:
        offer("stranger_bad", text)
        monkeypatch.setenv("UNDERSTUDY_PLUGINS", "stranger_bad:NAMED")
    offer("stranger_pack", GOOD, "stranger_pack:GOOD")
    registry = Registry.installed()
    (broken,) = registry.passed_over
    assert said in broken.reason and "stranger_bad:NAMED" in broken.where
    assert registry.get("detect", "mtcnn").target.startswith("understudy.")
    assert registry.get("detect", "stranger"), "another stranger's plug-in must not suffer"


def test_using_a_broken_one_gives_the_reason(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_PLUGINS", "stranger_bad:NAMED,nonsense")
    offer("stranger_bad", BROKEN["bad target"][0])
    registry = Registry.installed()
    with pytest.raises(PluginError, match=r"mask plug-in 'veil' cannot be used: target 'a\.B'"):
        registry.get("mask", "veil")
    with pytest.raises(PluginError, match=r"could not be read: UNDERSTUDY_PLUGINS=nonsense: .*mod"):
        registry.get("mask", "hood")


def test_of_two_strangers_with_one_name_neither_is_taken(offer: Offer) -> None:
    offer("stranger_one", GOOD, "stranger_one:GOOD")
    two = GOOD.replace("stranger_parts:Detector", "stranger_two:Detector")
    offer("stranger_two", two, "stranger_two:GOOD")
    registry = Registry.installed()
    assert [p.called for p in registry.passed_over] == ["detect stranger"] * 2
    with pytest.raises(
        PluginError,
        match=r"is called 'stranger': stranger_two:Detector .*: stranger_parts:Detector",
    ):
        registry.get("detect", "stranger")


def test_one_package_found_twice_is_one(offer: Offer) -> None:
    offer("stranger_pack", GOOD, "stranger_pack:GOOD")
    offer("stranger_copy", GOOD, "stranger_pack:GOOD")
    registry = Registry.installed()
    assert registry.get("detect", "stranger") and registry.passed_over == ()


def test_a_class_that_cannot_be_imported_says_why(
    offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer("stranger_dev", GOOD)
    offer("stranger_parts", "1 / 0\n")
    monkeypatch.setenv("UNDERSTUDY_PLUGINS", "stranger_dev:NAMED")
    with pytest.raises(PluginError, match=r"'veil': .*ZeroDivisionError"):
        Registry.installed().get("mask", "veil").load()
