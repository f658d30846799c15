"""The pages of `docs/reference` say what the code does."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from understudy.plugin import Plugin
from understudy.plugin.registry import default_registry

PLACE = Path(__file__).parents[1] / "docs" / "generate.py"


def _generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", PLACE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = _generate()


@pytest.mark.parametrize("name", GENERATE.PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    if GENERATE.read(name) != GENERATE.PAGES[name]():
        pytest.fail(f"docs/reference/{name} is stale; try: make docs")


def test_pages_name_every_plugin_and_verb() -> None:
    plugins, cli = GENERATE.read("plugins.md"), GENERATE.read("cli.md")
    known = [p for kind in GENERATE.KINDS for p in default_registry().of_kind(kind)]
    assert [p.name for p in known if f"| `{p.name}` | {p.summary}" not in plugins] == []
    for verb in ("swap", "add", "cast show", "train", "alignments info", "weights fetch", "doctor"):
        assert f"## understudy {verb}\n" in cli
    assert "[bold]" not in cli and str(Path.home()) not in cli


def test_plugins_of_other_packages_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Plugin("detect", "elsewhere", "elsewhere:Detector", "from another package")
    (tmp_path / "reference_elsewhere.py").write_text(
        f"from understudy.plugin import Plugin\nONE = {record!r}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("UNDERSTUDY_PLUGINS", "reference_elsewhere:ONE")
    assert "elsewhere" not in GENERATE.plugins_page()
