"""Short of room or memory: said before, or gone on with less."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy.errors import StoreError
from understudy.flow import Silent
from understudy.media.stills import read_image
from understudy.swap.loading import PASS, Swapper, load_swapper


@pytest.fixture(scope="module")
def footage(films, extracted):
    """Film A. Not to be changed."""
    return extracted(films.a)


def test_a_disk_that_will_likely_fill_is_named(footage, converter, monkeypatch):
    monkeypatch.setattr("understudy.stages.convert.output.free_bytes", lambda _: 200_000)
    easy, tight = Silent(), Silent()
    converter(footage, "few", easy, frames="3-4")
    assert "disk-may-fill" not in easy.warned
    converter(footage, "all", tight)
    assert tight.warned.count("disk-may-fill") == 1


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError])
def test_memory_that_runs_out_halves_the_pass(footage, converter, tmp_path, monkeypatch, error):
    converter(footage, "usual", frames="3-14")
    passes = []
    whole = Swapper._pass

    def full(self, faces, to, signals, knobs):
        passes.append(self.faces_a_pass)
        if self.faces_a_pass > 2:
            raise error("out of memory")
        return whole(self, faces, to, signals, knobs)

    monkeypatch.setattr(Swapper, "_pass", full)
    told = Silent()
    converter(footage, "short", told, frames="3-14")
    assert passes[:3] == [PASS, PASS // 2, 2] and set(passes[3:]) == {2}
    assert told.warned.count("smaller-passes") == 1
    for path in sorted((tmp_path / "usual").glob("*.png")):
        assert np.array_equal(read_image(path), read_image(tmp_path / "short" / path.name))


def test_one_face_too_many_is_the_end_and_other_errors_are_no_want_of_memory(
    painted, registry, monkeypatch
):
    swapper = load_swapper(painted, "cpu", registry)
    crops = np.zeros((3, 32, 32, 3), np.uint8)
    for raised, caught, words in (
        (MemoryError(), StoreError, "single face"),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), StoreError, "single face"),
        (RuntimeError("shapes differ"), RuntimeError, "shapes differ"),
    ):

        def full(*_, error=raised):
            raise error

        monkeypatch.setattr(Swapper, "_pass", full)
        with pytest.raises(caught, match=words):
            swapper.convert(crops, "b")
        swapper.faces_a_pass = PASS
