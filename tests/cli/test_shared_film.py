"""A donor's film serves several projects; none of them displaces what another one found."""

from __future__ import annotations

from understudy.store.alignments import Alignments, alignments_path
from understudy.store.project import Project

OPTIONS = ("--size", 96, "--min-face-px", 31, "--workers", 1)


def test_another_project_with_other_options_keeps_its_own(done, understudy):
    second = done.folder / "second.understudy"
    shared = alignments_path(done.b)
    before = shared.read_bytes()
    understudy("add", second, done.b, "--person", "b").worked()
    told = understudy("extract", second, *OPTIONS).worked().err
    assert f"{shared} was made with other options and stays as it is" in told
    with Project.open(second, read_only=True) as store:
        own = store.alignments("b")
        assert own.is_relative_to(second) and own != shared
        assert len(store.faceset("b")[0].pictures()) == 8
    with Alignments.open(own, read_only=True) as store:
        assert store.source.setting("min_face_px", 0) == 31
    understudy("extract", second, *OPTIONS).worked()
    understudy("extract", second, "b", *OPTIONS, "--new").worked()
    assert own.with_name(f"{own.name}.bak").exists()
    assert shared.read_bytes() == before and not list(done.folder.glob("*.bak*"))
    understudy("extract", done.project, "b", "--size", 96, "--min-face-px", 30).worked()


def test_new_in_a_second_project_leaves_the_first_ones_file(done, understudy):
    second = done.folder / "second.understudy"
    shared = alignments_path(done.b)
    before = shared.read_bytes()
    understudy("add", second, done.b, "--person", "b").worked()
    understudy("extract", second, *OPTIONS, "--new").worked()
    assert shared.read_bytes() == before and not list(done.folder.glob("*.bak*"))
