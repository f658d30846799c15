from __future__ import annotations

import pytest

from understudy.errors import PluginError, ValueRefused, WeightsError
from understudy.flow import Silent
from understudy.plugin import Plugin, Registry, Weights
from understudy.stages.extract.choose import default_plugins
from understudy.weights.needed import ensure, named, require_commercial


def _weights(name: str, commercial: bool) -> Weights:
    licence = "MIT" if commercial else "research only"
    return Weights(name, "0" * 64, 5, licence, commercial, "a test", url="https://example.org/x")


def _plugin(kind: str, name: str, *weights: Weights) -> Plugin:
    return Plugin(kind=kind, name=name, target="a:B", summary="", weights=weights)


FREE, BARRED = _weights("free.onnx", True), _weights("barred.pth", False)
REGISTRY = Registry(
    [
        _plugin("detect", "open", FREE),
        _plugin("detect", "plain"),
        _plugin("detect", "closed", FREE, BARRED),
        _plugin("align", "closed", BARRED),
        _plugin("align", "mediapipe", FREE),
        _plugin("embed", "only", BARRED),
    ]
)


def test_names_mean_files_or_plugins_of_any_kind():
    assert named(["free.onnx"], REGISTRY) == [FREE]
    assert named(["closed", "free.onnx"], REGISTRY) == [FREE, BARRED]
    with pytest.raises(ValueRefused, match=r"'square' is neither .*barred\.pth, closed, free"):
        named(["square"], REGISTRY)


def test_defaults_are_those_that_are_installed():
    assert [(p.kind, p.name) for p in default_plugins(REGISTRY)] == [("align", "mediapipe")]
    kinds = {p.kind for p in default_plugins(Registry.installed())}
    assert kinds == {"detect", "align", "mask", "embed"}


def test_commercial_use_is_refused_by_file_and_others_are_offered():
    get = REGISTRY.get
    require_commercial([get("detect", "open"), get("align", "mediapipe")], REGISTRY)
    with pytest.raises(PluginError) as refused:
        require_commercial([get("detect", "closed"), get("embed", "only")], REGISTRY)
    said = str(refused.value)
    assert "detect closed needs barred.pth (research only); instead: use open or plain" in said
    assert "embed only needs barred.pth (research only); instead: there is no other" in said
    assert "free.onnx" not in said


def test_ensure_says_nothing_when_all_is_here_and_names_what_is_not():
    told = Silent()
    assert ensure([Registry.installed().get("detect", "mtcnn")], told) == []
    assert told.said == []
    with pytest.raises(WeightsError, match=r"free\.onnx: UNDERSTUDY_OFFLINE is set"):
        ensure([REGISTRY.get("detect", "open")], told)
