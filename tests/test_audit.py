"""What `make check` says of known vulnerabilities, whatever `pip-audit` and the network do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
KNOWN = {"name": "a", "version": "1", "vulns": []}
UNKNOWN = {"name": "b", "skip_reason": "not found"}
HURT = {**KNOWN, "name": "c", "vulns": [{"id": "V-1", "fix_versions": ["2"]}]}


@pytest.mark.parametrize(
    ("says", "code", "words"),
    [
        ([KNOWN, KNOWN], 0, "2 packages, 0 known vulnerabilities\n"),
        ([KNOWN, UNKNOWN], 0, "1 packages, 0 known vulnerabilities; it knows nothing of b\n"),
        ([KNOWN, HURT], 1, "c 1: V-1; mended in 2\n"),
        ([UNKNOWN, UNKNOWN], 0, "audit skipped: it knows of none of 2 packages"),
        ("no route to host", 0, "audit skipped: its data cannot be had here (no route to host)"),
    ],
)
def test_only_a_known_vulnerability_is_a_failure(
    tmp_path: Path, says: Any, code: int, words: str
) -> None:
    whole = says if isinstance(says, str) else json.dumps({"dependencies": says})
    stream = "stderr" if isinstance(says, str) else "stdout"
    (tmp_path / "pip_audit.py").write_text(f"import sys\nsys.{stream}.write({whole!r})\n")
    around = {**os.environ, "PYTHONPATH": os.fspath(tmp_path)}
    command = [sys.executable, ROOT / ".ci" / "audit.py", ROOT / "requirements.lock"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=around)
    assert (ran.returncode, words in ran.stdout) == (code, True), ran.stdout
