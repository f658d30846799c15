"""The measure of the code's structure counts right, and the code keeps to what we promise."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOP = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def structure() -> ModuleType:
    place = TOP / "benchmarks" / "structure.py"
    spec = importlib.util.spec_from_file_location("structure", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["structure"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "house/__init__.py": '"""A house."""\n',
        "house/one.py": "from house import two\nfrom house.room.door import Door\n",
        "house/two.py": "def f(x: int) -> int:  # why\n    from house import three\n    return x\n",
        "house/three.py": "from .room import door_bell\nfrom .one import Door\n",
        "house/room/__init__.py": "",
        "house/room/door.py": "from ..two import f\n\nclass Door:\n    def open(self, wide): ...\n",
        "house/room/door_bell.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
        "    from house import three\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_small_tree_is_counted(structure: ModuleType, tree: Path) -> None:
    counted = structure.read_tree(tree)
    assert counted.imports["house.one"] == {"house.two", "house.room.door"}
    assert counted.imports["house.two"] == set(), "imports inside functions are not module level"
    assert counted.imports["house.room.door_bell"] == set(), "nor are those for type checking"
    assert structure.find_cycles(counted.imports) == []
    assert structure.find_prefixed(list(counted.lines)) == ["house/room/door_bell.py"]
    assert (len(counted.functions), counted.typed) == (2, 1)
    assert (counted.public, counted.documented, counted.comments) == (10, 1, 1)
    table = structure.rows(counted)
    assert table["functions with every argument and result typed"] == "50.0 % of 2"


def test_a_cycle_is_found(structure: ModuleType, tree: Path) -> None:
    (tree / "house" / "two.py").write_text("import house.three\n")
    found = structure.find_cycles(structure.read_tree(tree).imports)
    assert found == [{"house.one", "house.two", "house.three", "house.room.door"}]


def test_this_code_keeps_its_promises(structure: ModuleType) -> None:
    counted = structure.read_tree(TOP / "src")
    assert structure.find_cycles(counted.imports) == []
    assert structure.find_prefixed(list(counted.lines)) == []
    assert counted.typed == len(counted.functions)
    assert {str(path): n for path, n in counted.lines.items() if n > 400} == {}
    assert {str(path): n for path, n in counted.folders().items() if n >= 1800} == {}
