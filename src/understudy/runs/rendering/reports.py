"""What was measured of a render: kept for people and for programs, and read again."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from understudy.errors import PluginError, ValueRefused
from understudy.events import to_plain
from understudy.files import read_json
from understudy.options import results
from understudy.options.told import word
from understudy.plugin import Registry
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.output import chosen_writer
from understudy.stages.evaluate.report import EvaluateReport
from understudy.stages.release.place import Receipt
from understudy.store.atomic import commit_bytes
from understudy.store.project import Project, Render
from understudy.version import VERSION

_MAX_BYTES = 64 << 20
_MAX_VALUES = 4_000_000  # four for each picture of a sequence


def keep_report(
    project: Project,
    render: Render,
    scores: EvaluateReport,
    before: Sequence[str],
    truth: Path | None = None,
) -> None:
    """Write what was measured of a render, for people and for programs.

    Args:
        project: where everything lies.
        render: which one.
        scores: what was measured.
        before: lines about what was done before.
        truth: footage that it was compared with, if any.
    """
    places = project.report(render.id), project.scores(render.id)
    receipt = Receipt.of(render.output, render.output, scores.frames, "")
    of = {"output": asdict(receipt), **_how(truth)}
    write_report(*places, render.output.name, scores, before, of)


def settings_line(options: ConvertOptions, output: Path, registry: Registry) -> str:
    """The settings that a result depends on, for people.

    Args:
        options: of the conversion.
        output: what was made.
        registry: of plug-ins; options of those that did not make it are left out.
    """
    chosen = {name: value for name, value in results(options).items() if value != ""}
    colours = {name.strip() for name in options.match_colour.split(",")}
    used = {*colours, *options.write}
    with suppress(ValueRefused, PluginError):  # it may be another machine's writer
        used = {*colours, chosen_writer(registry, output, options).name}
    plug_ins = {n: v for n, v in {**options.colour, **options.write}.items() if n in used}
    said = [f"{name.replace('_', ' ')} {word(value)}" for name, value in chosen.items()]
    said += [f"{of}.{k} {word(v)}" for of, values in plug_ins.items() for k, v in values.items()]
    return f"settings: {', '.join(said)}"


def kept_report(project: Project, render: Render, truth: Path | None) -> EvaluateReport | None:
    """What was measured of a render's output as it is now, or None where it is to be measured.

    Args:
        project: where everything lies.
        render: which one.
        truth: footage that it is to be compared with, if any.
    """
    sheets = project.report(render.id), project.contact_sheet(render.id), project.curves(render.id)
    if not all(path.is_file() for path in sheets):
        return None
    try:
        plain = read_json(project.scores(render.id), _MAX_BYTES, _MAX_VALUES)
        of = plain["of"]
        receipt = Receipt.from_plain(of["output"])
        if not receipt.fits(render.output) or any(of[k] != v for k, v in _how(truth).items()):
            return None
        return EvaluateReport.from_plain(plain)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None  # a report of an earlier version, or no report


def write_report(
    text: Path,
    plain: Path,
    name: str,
    scores: EvaluateReport,
    before: Sequence[str],
    of: Mapping[str, Any] | None = None,
) -> None:
    """Write a report as Markdown and as JSON.

    Args:
        text: the Markdown file.
        plain: the JSON file.
        name: of what was scored.
        scores: what was measured.
        before: lines about what was done before.
        of: what is to be known again by programs, or None.
    """
    lines = [f"# {name}", "", time.strftime("Made %Y-%m-%d %H:%M."), ""]
    lines += [f"- {line}" for line in (*before, *scores.lines())]
    lines += ["", "Contact sheet: contact_sheet.png. Curves: curves.png.", "", *scores.tables(), ""]
    commit_bytes(text, "\n".join(lines).encode())
    found = to_plain(scores)
    if not isinstance(found, dict):
        raise ValueRefused(f"expected a report as a mapping, got {type(found).__name__}")
    known = found if of is None else {**found, "of": to_plain(of)}
    values = json.dumps(known, indent=1, ensure_ascii=False, allow_nan=False)
    commit_bytes(plain, values.encode())


def _how(truth: Path | None) -> dict[str, Any]:
    """What else a report depends on that is not said by the output."""
    return {"version": VERSION, "truth": None if truth is None else os.fspath(truth.absolute())}
