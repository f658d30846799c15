"""What `understudy` offers: light to import, whole, documented, and changed only on purpose."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import understudy as us

SURFACE = Path(__file__).with_name("surface.txt")
HEAVY = ("numpy", "torch", "cv2", "av", "rich", "typer", "PIL", "onnxruntime", "c2pa", "sqlite3")


def test_importing_it_imports_nothing_heavy() -> None:
    code = f"""
import sys
import understudy as us
assert 'convert' in dir(us)
print([m for m in sys.modules if m.split('.')[0] in {HEAVY!r}])
print([m for m in sys.modules if m.startswith('understudy')])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, ours = done.stdout.splitlines()
    assert heavy == "[]"
    assert ours == "['understudy.version', 'understudy']"


def test_every_name_is_there_and_no_other_is_offered() -> None:
    for name in us.__all__:
        assert getattr(us, name) is not None
    assert set(us.__all__) <= set(dir(us))
    with pytest.raises(AttributeError, match="no attribute 'deteckt'"):
        _ = us.deteckt
    star: dict[str, Any] = {}
    exec("from understudy import *", star)  # noqa: S102 - the very thing that is tested
    assert set(us.__all__) <= set(star)


def test_rooms_do_not_take_the_place_of_functions() -> None:
    """The rooms `detect` and `align` are imported by every extraction."""
    code = """
import understudy as us
import understudy.detect, understudy.align
from understudy.detect import detect_all
from understudy.detect.picture import shrunk
import sys
assert us.detect.__module__ == us.align.__module__ == 'understudy.api.look'
assert sys.modules['understudy.detect'].detect_all is detect_all
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_surface_is_as_it_was_agreed() -> None:
    now = surface()
    if os.environ.get("UNDERSTUDY_WRITE_SURFACE"):
        SURFACE.write_text(now)
    assert now == SURFACE.read_text(), (
        "the public API differs from tests/api/surface.txt. Others' programs call it: names and "
        "parameters may be added, but are renamed or removed only with a line in CHANGELOG.md. "
        "When it is meant, write the file anew:\n"
        "UNDERSTUDY_WRITE_SURFACE=1 python -m pytest tests/api/test_surface.py"
    )


def surface() -> str:
    lines = []
    for name in us.__all__:
        found = getattr(us, name)
        if inspect.isclass(found):
            lines.append(f"class {name}{inspect.signature(found)}")
            lines += [f"    {line}" for line in members(found)]
        elif callable(found):
            lines.append(f"{name}{inspect.signature(found)}")
        else:
            lines.append(name)
    return "\n".join(lines) + "\n"


def members(cls: type) -> list[str]:
    lines = []
    for name, value in sorted(vars(cls).items()):
        if name.startswith("_") and name not in ("__len__", "__iter__", "__getitem__"):
            continue
        if inspect.isfunction(value):
            lines.append(f"{name}{inspect.signature(value)}")
        elif not inspect.ismemberdescriptor(value):
            lines.append(name)
    return lines


@pytest.mark.parametrize("name", [n for n in us.__all__ if n not in ("__version__", "Declaration")])
def test_every_public_name_is_documented(name: str) -> None:
    found = getattr(us, name)
    text = inspect.getdoc(found) or ""
    assert "Example:" in text
    assert "Raises:" in text
    if not inspect.isclass(found):
        assert "Returns:" in text
        documented = [found]
    else:
        documented = [v for n, v in inspect.getmembers(found) if not n.startswith("_")]
        assert all(inspect.getdoc(each) for each in documented)
    for each in filter(inspect.isfunction, documented):
        for parameter in set(inspect.signature(each).parameters) - {"self"}:
            assert f"{parameter}:" in (inspect.getdoc(each) or ""), (each, parameter)
