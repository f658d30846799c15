"""What was measured is read again as it was, or measured again."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from understudy.events import to_plain
from understudy.runs.rendering.reports import keep_report, kept_report
from understudy.score import Figure, Score
from understudy.stages.evaluate.report import EvaluateReport, PartReport
from understudy.store.project import Project, Render


@pytest.fixture
def project(tmp_path: Path):
    (tmp_path / "clip.mp4").write_bytes(b"film")
    with Project.open(tmp_path / "p", create=True) as project:
        project.add_source(tmp_path / "clip.mp4", "f" * 64)
        yield project


@pytest.fixture
def render(project: Project, tmp_path: Path) -> Render:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"swapped")
    return Render("out", "clip", "model", {"all": "b"}, out, {})


def measured() -> EvaluateReport:
    figures = (Figure("r", 0.25, math.nan, 0.5, "deg"),)
    part = PartReport(
        faces=3,
        looked_at=2,
        lost=1,
        scores={"pose": Score(0.5, figures, "half"), "gaze": Score.unknown("no irises")},
        unswapped={"pose": 1.0, "gaze": math.nan},
        answers={"person": 0.25, "performance": 0.5, "picture": math.nan},
        psnr_swap=[21.5, math.nan],
        psnr_unswapped=[11.5, 12.0],
        ssim_swap=[0.5, 0.75],
        ssim_unswapped=[0.25, 0.5],
        frames=[0, 7],
        seconds=[0.0, 0.28],
        curves={"yaw": {"plate": [1.0], "swap": [2.0]}},
    )
    return EvaluateReport(8, 3, "eyes", ("one", "two"), "net", 40, {"all -> b": part})


def keep(project: Project, render: Render, truth: Path | None = None) -> None:
    project.report(render.id).parent.mkdir(parents=True)
    keep_report(project, render, measured(), ["a line"], truth)
    for path in (project.contact_sheet(render.id), project.curves(render.id)):
        path.write_bytes(b"picture")


def test_what_was_measured_is_read_as_it_was(project, render):
    keep(project, render)
    kept = kept_report(project, render, None)
    assert kept is not None and to_plain(kept) == to_plain(measured())
    assert kept.lines() == measured().lines() and kept.tables() == measured().tables()


@pytest.mark.parametrize("fault", ["output", "sheet", "truth", "version", "damaged", "none"])
def test_what_does_not_fit_any_more_is_measured_again(project, render, tmp_path, fault):
    if fault != "none":
        keep(project, render, tmp_path / "truth.mp4" if fault == "truth" else None)
    scores = project.scores(render.id)
    if fault == "output":
        render.output.write_bytes(b"another film")
    elif fault == "sheet":
        project.contact_sheet(render.id).unlink()
    elif fault == "version":
        plain = json.loads(scores.read_text())
        plain["of"]["version"] = "0"
        scores.write_text(json.dumps(plain))
    elif fault == "damaged":
        plain = json.loads(scores.read_text())
        plain["parts"] = ["nobody"]
        scores.write_text(json.dumps(plain))
    assert kept_report(project, render, None) is None
