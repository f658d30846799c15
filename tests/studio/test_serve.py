"""The studio as people start it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from understudy.errors import StoreError, ValueRefused
from understudy.studio.serve import Listening, serve


def test_others_are_served_by_tls_alone(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "192.168.1.5", "::", "example.org"):
        with pytest.raises(ValueRefused, match="ssh -L"):
            Listening(host)
    key = tmp_path / "key.pem"
    key.write_text("x")
    with pytest.raises(ValueRefused, match="belong together"):
        Listening("0.0.0.0", certificate=key)
    with pytest.raises(ValueRefused, match="no such file"):
        Listening("0.0.0.0", certificate=key, key=tmp_path / "none.pem")
    assert Listening("0.0.0.0", certificate=key, key=key).secure
    with pytest.raises(ValueRefused, match="at least"):
        Listening(token="short")


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StoreError, match="another --port"):
            serve([tmp_path], Listening(port=port), print, open_browser=False)


def test_it_starts_without_what_is_heavy() -> None:
    heavy = "torch", "c2pa", "onnxruntime", "scenedetect"
    code = (
        "import sys, understudy.studio.serve, understudy.studio.pages; "
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "understudy", "studio", str(tmp_path), "--port", "0"]
    served = subprocess.Popen(
        [*command, "--no-browser"], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        assert served.stdout is not None
        line = served.stdout.readline()
        found = re.search(r"(http://127\.0\.0\.1:\d+/)\?token=(\S+)", line)
        assert found, line
        address, token = found.groups()
        asked = urllib.request.Request(  # noqa: S310 - of this machine
            f"{address}api/v1/projects", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
            assert answer.read() == b"[]"
    finally:
        served.send_signal(signal.SIGTERM)
        left = served.wait(60)
    assert left == 0
