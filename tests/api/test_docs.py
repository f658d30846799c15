"""What the docs say is run: every example in a docstring, the guide, and the ten lines."""

from __future__ import annotations

import doctest
import importlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guides" / "python.md"
MODULES = ("film", "look", "extract", "alignments", "train", "model", "convert", "verify")
SMALL = {"mesh": {"texture": "128", "components": 8}}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_are_true(studio, name: str, capsys) -> None:
    module = importlib.import_module(f"understudy.api.{name}")
    results = doctest.testmod(module, optionflags=FLAGS)
    assert not results.failed, capsys.readouterr().out
    assert results.attempted


def test_the_guide_is_true(studio, capsys) -> None:
    results = doctest.testfile(str(GUIDE), module_relative=False, optionflags=FLAGS)
    assert not results.failed, capsys.readouterr().out
    assert results.attempted > 30


def test_at_most_ten_lines_do_the_whole_job(fresh, capsys) -> None:
    lines = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)[0]
    assert sum(bool(line.strip()) for line in lines.splitlines()) <= 10
    exec(quickly(lines), {"SMALL": SMALL})  # noqa: S102 - our own guide
    assert_whole_job(capsys.readouterr().out)


def test_the_notebook_does_the_whole_job(fresh, capsys) -> None:
    book = json.loads((ROOT / "examples" / "whole_job.ipynb").read_text())
    names: dict[str, Any] = {"SMALL": SMALL}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            assert not cell["outputs"]
            exec(quickly("".join(cell["source"])), names)  # noqa: S102 - our own notebook
    assert_whole_job(capsys.readouterr().out)


@pytest.fixture
def fresh(made, tmp_path, monkeypatch) -> Path:
    """Films and consent, and nothing made of them yet."""
    for name in ("ann.mp4", "bob.mp4", "consent.toml"):
        shutil.copy2(made / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def quickly(code: str) -> str:
    """For small films and little time; all else is as people read it."""
    replaced = code.replace("minutes=10", "iterations=2, batch=2, score_faces=0, swap=SMALL")
    return re.sub(r"us\.extract\((.*?)\)", r"us.extract(\1, min_face_px=30, size=96)", replaced)


def assert_whole_job(said: str) -> None:
    assert "Signed by you" in said
    assert "real footage with parts made by a trained model" in said
    assert Path("out.mp4").stat().st_size > 1000
