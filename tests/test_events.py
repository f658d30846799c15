"""Codes are for programs: each is listed with its meaning."""

from __future__ import annotations

from typing import get_args

from understudy.cli.show import Terminal
from understudy.events import WARNINGS, WarningCode
from understudy.flow import Silent


def test_every_warning_code_has_a_meaning():
    assert list(get_args(WarningCode)) == list(WARNINGS) == sorted(WARNINGS)
    assert all(meaning.endswith(".") for meaning in WARNINGS.values())


def test_a_warning_stands_out_and_is_kept_with_its_code(tmp_path, capsys):
    terminal = Terminal(tmp_path / "log.txt")
    terminal.warn("the [bold] film ends early", code="film-damaged", decoded=3)
    assert "warning: the [bold] film ends early" in capsys.readouterr().err
    log = (tmp_path / "log.txt").read_text()
    assert "warning (film-damaged): the [bold] film ends early" in log


def test_a_silent_progress_keeps_codes():
    silent = Silent()
    silent.say("plain")
    silent.warn("stale", code="stale-masks", faces=2)
    assert silent.said == ["plain", "stale"] and silent.warned == ["stale-masks"]
