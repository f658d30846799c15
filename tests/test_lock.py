"""`requirements.lock` holds every package of `constraints.txt` in its version, with digests."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def _versions(text: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s\\]+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_everything_that_is_installed_is_locked() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    wanted = _versions((ROOT / "constraints.txt").read_text())
    locked = _versions(lock)
    # torch has its build in its name, which constraints leave open
    assert {n: v.split("+")[0] for n, v in locked.items()} == wanted
    assert "://" not in lock
    for entry in re.split(r"\n(?=[A-Za-z])", lock)[1:]:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
