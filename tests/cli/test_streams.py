"""Whoever reads what is printed may go away, or never have been there; and names may be no text."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "understudy"]
# A verb that has much to say, with what it may touch kept to one folder.
TALKS = [*COMMAND, "plugins"]


def _ran(words: list[str], **how) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(words, check=False, timeout=120, **how)


def test_a_reader_that_goes_away_ends_nothing() -> None:
    """As behind `| head`: no traceback, and no failure of what was done."""
    talking = subprocess.Popen(TALKS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert talking.stdout is not None and talking.stderr is not None
    talking.stdout.close()  # before the first word
    said = talking.stderr.read()
    talking.stderr.close()
    assert talking.wait(120) == 0
    assert said == ""


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_streams_that_were_never_there(closed: str) -> None:
    line = " ".join(["exec", *map(str, TALKS), closed])
    ran = _ran(["/bin/sh", "-c", line], capture_output=True)
    assert ran.returncode == 0
    assert b"Traceback" not in ran.stderr


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """Else what a library prints would be written into the first file that is opened."""
    script = (
        "import os\n"
        "from understudy.cli.streams import prepare\n"
        "prepare()\n"
        f"file = os.open({os.fspath(tmp_path / 'f')!r}, os.O_CREAT | os.O_WRONLY)\n"
        "os._exit(0 if file > 2 else 1)\n"
    )
    (tmp_path / "s.py").write_text(script)
    line = f"exec {sys.executable} {tmp_path / 's.py'} >&- 2>&- <&-"
    assert _ran(["/bin/sh", "-c", line]).returncode == 0


def test_a_full_disk_behind_what_is_printed_is_a_failure() -> None:
    """Only a reader that is gone may miss something; a file must be whole."""
    with Path("/dev/full").open("wb") as full:
        ran = _ran(TALKS, stdout=full, stderr=subprocess.PIPE)
    assert ran.returncode == 1  # with an answer, not with what Python says of it at its end
    assert b"no space left" in ran.stderr and b"Traceback" not in ran.stderr


@pytest.mark.parametrize("place", ["LC_ALL=C", "LC_ALL=POSIX", "PYTHONIOENCODING=ascii"])
def test_places_without_other_letters(tmp_path: Path, place: str) -> None:
    film = tmp_path / "Zoë – 見.mp4"
    film.write_bytes(b"no film")
    name, value = place.split("=")
    around = {**os.environ, name: value}
    ran = _ran([*COMMAND, "verify", str(film)], capture_output=True, env=around)
    assert ran.returncode == 1
    assert b"Traceback" not in ran.stderr + ran.stdout


def test_a_name_of_bytes_is_refused_before_any_work(tmp_path: Path) -> None:
    for word in (b"a\xfe.mp4", b"p\xfe.understudy"):
        words = [*map(os.fsencode, COMMAND), b"swap", word, b"b.mp4"]
        ran = subprocess.run(words, check=False, timeout=120, cwd=tmp_path, capture_output=True)
        assert ran.returncode == 2
        assert rb"\udcfe" in ran.stderr and b"not UTF-8" in ran.stderr
        assert not list(tmp_path.iterdir())


def test_a_film_of_a_very_long_name_is_refused_before_any_work(place, understudy) -> None:
    film = place.a.rename(place.a.with_name("x" * 240 + ".mp4"))
    said = understudy("extract", place.project, film)
    said.refused("240 bytes long", "a shorter one", code=2)


HANGS_UP = """
import os, signal, sys, time
if len(sys.argv) < 2:  # these tests may themselves be run under nohup, which is inherited
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
from understudy.errors import Cancelled
from understudy.flow import Reporter
from understudy.flow.signals import stoppable
reporter = Reporter()
with stoppable(reporter, lambda words: print(words, flush=True)):
    print("ready", flush=True)
    while not reporter.cancelled:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGHUP)  # the shell tells it as well
    print("saved", flush=True)
"""


@pytest.mark.parametrize("sent", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_lost_terminal_saves_and_stops(sent: signal.Signals) -> None:
    work = subprocess.Popen([sys.executable, "-c", HANGS_UP], stdout=subprocess.PIPE, text=True)
    assert work.stdout is not None
    assert work.stdout.readline() == "ready\n"
    work.send_signal(sent)
    assert work.communicate(timeout=60)[0].endswith("saved\n")
    assert work.returncode == 0


def test_who_said_nohup_is_not_stopped_by_a_lost_terminal() -> None:
    waits = "while not reporter.cancelled:\n        time.sleep(0.01)"
    script = HANGS_UP.replace(waits, "time.sleep(0.5)")
    script = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + script
    work = subprocess.Popen(
        [sys.executable, "-c", script, "nohup"], stdout=subprocess.PIPE, text=True
    )
    assert work.stdout is not None
    assert work.stdout.readline() == "ready\n"
    work.send_signal(signal.SIGHUP)
    assert work.communicate(timeout=60)[0] == "saved\n"
