"""Shared by all tests: one thread per worker, and where the real media lie when they do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Two test workers share two cores; more threads each would only spin. Set before torch loads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real media and weights; tests that need it skip without it."""
    if not (SHARED / "media").is_dir():
        pytest.skip("no shared media beside the checkout")
    return SHARED


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and caches of tests never touch the person's own."""
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path_factory.getbasetemp() / "home"))
