"""Words of commands."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from understudy.shell import quoted


@pytest.mark.parametrize("name", ["film.mp4", "my film.mp4", 'ann\'s "best" $take; rm.mp4', "a\nb"])
def test_a_quoted_path_is_read_by_a_shell_as_that_path(name):
    assert shlex.split(f"understudy verify {quoted(Path(name))}")[2:] == [name]


def test_what_needs_no_quotes_gets_none():
    assert quoted(Path("films/take-1.mp4")) == "films/take-1.mp4"
