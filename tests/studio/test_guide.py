"""The guide's client, run against a studio that listens."""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path

import uvicorn

from understudy.runs.queue import behind
from understudy.runs.queue.store import Queue

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "studio.md"


def test_the_client_of_the_guide_works(studio, monkeypatch, capsys) -> None:
    from understudy.studio.app import build
    from understudy.studio.gate import local_names

    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    monkeypatch.setenv("UNDERSTUDY_TOKEN", studio.token)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        app = build([studio.folder], token=studio.token, names=local_names("127.0.0.1", port))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        try:
            exec(code, {"STUDIO": f"http://127.0.0.1:{port}"})  # noqa: S102 - of our own guide
            until = time.monotonic() + 200
            with Queue() as queue:
                while queue.jobs("waiting", "running") and time.monotonic() < until:
                    time.sleep(0.2)
                assert queue.jobs()[-1].state == "done"
                behind.stop(queue)
        finally:
            server.should_exit = True
            thread.join(60)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("p - ")
    assert told[1] in ("waiting", "running", "done")
