"""`understudy doctor`: what is installed, what is chosen, and whether it will work."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from understudy.cli.work import AsJson

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.runs.verbs.health import Health

_MATTERS = {
    "broken": ("broken, and to be mended first", "bold red"),
    "slower": ("works, but could be better", "yellow"),
    "optional": ("not needed unless you want it", "dim"),
}


def doctor(as_json: AsJson = False) -> None:
    """Say whether it works here, and what could be better; then versions, device, memory, weights.

    Leaves with 1 where something is broken.
    """
    from understudy.cli.report import write
    from understudy.plugin import default_registry
    from understudy.runs.verbs.health import look

    found = look(default_registry())
    if as_json:
        write("doctor", "doctor", found)
    else:
        _verdict(found)
        _facts(found)
    if not found.works:
        raise typer.Exit(1)


def _verdict(found: Health) -> None:
    _print([found.verdict], indent="", style="bold")
    before = ""
    for finding in found.findings:
        words, style = _MATTERS[finding.matters]
        if finding.matters != before:
            _print(["", f"{words}:"], indent="", style=style)
        before = finding.matters
        _print([finding.what + (f": {finding.todo}" if finding.todo else "")], mark="- ")
    _print([""])


def _facts(found: Health) -> None:
    folders: dict[Path, list[str]] = {}
    for name, path in found.weights.items():
        if path is not None:
            folders.setdefault(path.parent, []).append(name)
    rows: list[tuple[str, Sequence[str]]] = [
        ("Python", [f"{found.python} on {found.system}"]),
        ("packages", [", ".join(f"{n} {v}" for n, v in found.packages.items() if v)]),
        ("device", [found.device_reason]),
        ("memory", [found.memory.words()]),
        ("GPU memory", [f"{gpu.words()}, {gpu.name}" for gpu in found.gpu_memory] or ["none"]),
        ("free disk", [f"{disk.words()} at {disk.name}" for disk in found.disks]),
        ("H.264 encoder", ["yes" if found.h264 else "no"]),
        ("keys and caches", [str(found.home)]),
        ("plug-ins", [f"{kind}: {', '.join(names)}" for kind, names in found.plugins.items()]),
        ("weights here, checked", [f"{', '.join(n)} in {at}" for at, n in folders.items()]),
    ]
    for name, lines in rows:
        if len(lines) == 1:
            _print([f"{name}: {lines[0]}"], indent="", hang="  ")
        else:
            _print([f"{name}:"], indent="")
            _print(lines, hang="  ")


def _print(
    lines: Sequence[str], *, mark: str = "", indent: str = "  ", hang: str = "", style: str = ""
) -> None:
    """Lines that are wrapped at words; a path stays whole, however long it is."""
    from understudy.api.bars.console import console

    out = console(markup=False, soft_wrap=True)
    for line in lines:
        parts = textwrap.wrap(
            line,
            out.width,
            initial_indent=indent + mark,
            subsequent_indent=indent + " " * len(mark) + hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for part in parts or [""]:
            out.print(part, style=style)
