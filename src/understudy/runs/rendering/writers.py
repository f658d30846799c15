"""Which writer a project remembers, though one of its outputs had to be made by another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from understudy.runs.settings import KEY, WRITER, Said
from understudy.store.project import Project


@contextmanager
def writer_stays(project: Project, said: Said) -> Iterator[None]:
    """Let a project remember the writer that was last said, though a run gave way to a name.

    Else a film looked at in between would turn the next folder of OpenEXR into one of PNGs.

    Args:
        project: that a conversion is made in.
        said: for this conversion.
    """
    before = _kept(project)
    try:
        yield
    finally:
        unsaid = not said.defaults and WRITER not in {**said.config, **said.flags}
        if before is not None and unsaid and before != _kept(project):
            table = project.settings[KEY]
            convert = {**table["convert"], "writer": before}
            project.remember(**{KEY: {**table, "convert": convert}})


def _kept(project: Project) -> Any:
    return project.settings.get(KEY, {}).get("convert", {}).get("writer")
