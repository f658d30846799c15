"""Which model is trained where nobody says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from understudy.flow import Silent
from understudy.plugin import default_registry
from understudy.stages.train.choose import chosen_model
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.stage import TrainInputs, train
from understudy.store.alignments import Alignments
from understudy.store.faceset import FaceFolder


@pytest.fixture
def footage(extracted, films, tmp_path):
    return extracted(films.a).copy(tmp_path / "mine")


def test_faces_with_meshes_are_drawn_on_them(footage, facesets, tmp_path):
    both = {"ann": [FaceFolder(footage.faces)], "bob": [FaceFolder(footage.faces)]}
    silent = Silent()

    def chosen(sets, model="auto"):
        options = TrainOptions(model=model)
        return chosen_model(sets, tmp_path / "none", options, default_registry(), silent).name

    assert chosen(both) == "mesh"
    assert not silent.warned
    # one person whose landmarks came from elsewhere is enough
    assert chosen({**both, "bob": [FaceFolder(facesets[1])]}) == "quick"
    assert silent.warned == ["last-resort"]
    assert str(facesets[1]) in silent.said[-1] and "--signals" in silent.said[-1]
    assert chosen(both, "original") == "original"
    with Alignments.open(footage.alignments) as store:
        face = store.faces(0)[0]
        store.put_face(replace(face, stale=frozenset({"extra:mesh"})))
    assert chosen(both) == "quick", "a mesh of other landmarks is none"


def test_what_is_there_is_gone_on_with(facesets, tmp_path):
    sets = dict(zip(("a", "b"), ([FaceFolder(f)] for f in facesets), strict=True))
    inputs = TrainInputs(sets, tmp_path / "model")
    first = train(inputs, TrainOptions(model="quick", iterations=1, batch=2), Silent())
    silent = Silent()
    again = train(inputs, TrainOptions(iterations=2, batch=2), silent)
    assert (first.step, again.step) == (1, 2)
    assert "last-resort" not in silent.warned, "nothing was chosen anew"
