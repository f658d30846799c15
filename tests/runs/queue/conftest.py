from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def torment() -> ModuleType:
    """`tests/kill_queue.py`, loaded by its place: tests are no package."""
    place = Path(__file__).parents[2] / "kill_queue.py"
    spec = importlib.util.spec_from_file_location("kill_queue", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kill_queue"] = module  # its verb is found by the module's name
    spec.loader.exec_module(module)
    return module
