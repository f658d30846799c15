"""Whoever watches sees the work, in a terminal, a notebook or a function; nobody else does."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

import understudy as us
from understudy.api.bars.line import Bars
from understudy.api.bars.notebook import NotebookBars, in_notebook
from understudy.api.bars.progress import watching
from understudy.errors import ValueRefused
from understudy.events import Event
from understudy.flow import Reporter, Silent

LOOK = "import understudy as us; list(us.detect(us.Film('ann.mp4'), min_face_px=30))"


class Page:
    """What a notebook shows below a cell."""

    def __init__(self) -> None:
        self.shown: list[list[str]] = []

    def __call__(self, text: str) -> Any:
        states = [text]
        self.shown.append(states)
        return SimpleNamespace(update=states.append)


def test_a_terminal_shows_a_bar_and_a_pipe_nothing(studio) -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, check=True)
    assert done.stdout == b""
    assert b"faces of" not in done.stderr and b"using detect" not in done.stderr
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen([sys.executable, "-c", LOOK], stderr=theirs, env=env) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
    os.close(ours)
    assert process.returncode == 0
    assert b"faces of ann.mp4" in seen and b"/16" in seen and "━".encode() in seen


def test_a_notebook_shows_bars_that_end_as_lines(monkeypatch, studio) -> None:
    """Through IPython's own interface, which tells a kernel from a shell in a terminal."""
    page = Page()
    shown = SimpleNamespace(
        HTML=lambda text: text,
        display=lambda html, display_id: page(html),
    )
    kernel = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: kernel))
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    assert in_notebook()
    assert len(list(us.detect(us.Film("ann.mp4"), min_face_px=30))) == 16
    (bar,) = [states for states in page.shown if "<progress" in states[0]]
    assert 'value="0.000" max="16.000"' in bar[0] and "faces of ann.mp4" in bar[0]
    assert bar[-1].startswith("<p>faces of ann.mp4: done in ")
    shell = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert not in_notebook()


def test_names_and_warnings_are_text_in_a_notebook() -> None:
    page = Page()
    progress = Reporter(NotebookBars(page))
    progress.warn("a <b> & c", code="stale-masks")
    with pytest.raises(KeyError), progress.task("<i>film</i>", None, "frames", done=3) as bar:
        bar.advance(2, "note <x>")
        raise KeyError
    text = "".join("".join(states) for states in page.shown)
    assert "a &lt;b&gt; &amp; c" in text and "<i>" not in text and "<x>" not in text
    assert page.shown[-1][-1] == "<p>&lt;i&gt;film&lt;/i&gt;: stopped at 5 frames</p>"


def test_a_function_gets_every_event_and_a_progress_is_used_as_it_is() -> None:
    told: list[Event] = []
    with watching(told.append) as progress, progress.task("work", 2) as bar:
        bar.advance()
    assert [event.kind for event in told] == ["task", "advance", "done"]
    mine = Silent()
    with watching(mine) as progress:
        assert progress is mine
    for nobody in (None, False):
        with watching(nobody) as progress:
            progress.say("into the void")
    with (
        pytest.raises(ValueRefused, match="progress: expected True, None, a function"),
        watching(3),  # type: ignore[arg-type]
    ):
        pass


def test_work_in_another_thread_leaves_signals_alone() -> None:
    def work() -> str:
        with watching(None) as progress:
            return type(progress).__name__

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result() == "Reporter"


LONG = "iteration 1234, loss ann 0.0412 bob 0.0523, score 61 (best 63 at 1,200), 3.4 it/s"


def _drawn(width: int, **task: Any) -> list[str]:
    """The lines of one bar in a terminal of this width."""
    shown = Console(file=io.StringIO(), width=width, force_terminal=False)
    bars = Bars(console=shown)
    note, done = task.pop("note", ""), task.pop("done", 0)
    number = bars.add_task(task.pop("name"), note=note, **task)
    bars.update(number, completed=done)
    shown.print(*bars.get_renderables())
    return shown.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize("name", ["training mesh", f"extracting {'x' * 200}.mp4"])
def test_a_bar_keeps_its_numbers_however_narrow_the_terminal(width: int, name: str) -> None:
    lines = _drawn(width, name=name, total=12_000, unit="it", done=54, note=LONG)
    assert max(map(len, lines)) <= width
    assert "  0%    54/12000 it" in lines[0] and "0:00" in lines[0]
    assert " ".join(" ".join(lines).split()).endswith(LONG), "what the work says is not cut"
    assert len(_drawn(width, name=name, total=None, unit="frames", done=3)) == 1


def test_a_finished_bar_says_what_it_took() -> None:
    """Rich says how long it took where the time left stood, and "left" beside it."""
    (line,) = _drawn(80, name="training mesh", total=120.0, unit="s", done=120.0)
    assert "100% 120/120 s" in line and "took 0:0" in line and "left" not in line
    page = Page()
    progress = Reporter(NotebookBars(page))
    with progress.task("training", 2) as bar:
        bar.advance(2)
    assert "took 0:00" in page.shown[0][-2] and "left" not in page.shown[0][-2]
