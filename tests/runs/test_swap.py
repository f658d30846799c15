"""The project's doors that `understudy convert` uses on its own."""

from __future__ import annotations

from understudy.runs.swap import _alignments_if_any
from understudy.store.project import Project


def test_a_donor_without_a_film_here_is_left_out_of_the_scores(tmp_path):
    with Project.open(tmp_path / "p", create=True) as project:
        assert not project.has_source("b")
        assert _alignments_if_any(project, "b") is None
        film = tmp_path / "b.mp4"
        film.write_bytes(b"film")
        project.set_source("b", film, "f" * 64)
        assert _alignments_if_any(project, "b") is None
        film.with_suffix(".alignments").write_bytes(b"rows")
        assert _alignments_if_any(project, "b") == film.with_suffix(".alignments")
