"""A model's own options: those said, else those it was built with, else its defaults."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from understudy.errors import StoreError, ValueRefused
from understudy.flow import Silent
from understudy.nn import checkpoint
from understudy.options import check, option
from understudy.plugin import Plugin, Registry
from understudy.stages.train.learning.run import TrainReport
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.stage import TrainInputs, train
from understudy.store.faceset import FaceFolder
from understudy.swap.quick import Quick


@dataclass(frozen=True)
class Depth:
    depth: int = option(2, "How deep it goes.", low=1, high=9, result=True)

    def __post_init__(self) -> None:
        check(self)


BUILT: list[int] = []


class Deep(Quick):
    """The quick model, which notes what it was built with."""

    def __init__(self, options: Depth, persons: Sequence[str]) -> None:
        super().__init__(None, persons)
        BUILT.append(options.depth)


@pytest.fixture
def deep() -> Iterator[Registry]:
    module: Any = types.ModuleType("tests_deep")
    module.Deep, module.Depth = Deep, Depth
    sys.modules[module.__name__] = module
    target, options = "tests_deep:Deep", "tests_deep:Depth"
    yield Registry([Plugin("swap", "deep", target, "deep", options=options)])
    del sys.modules[module.__name__]


def test_values_said_reach_the_model_and_stay_with_it(
    deep: Registry, films, extracted, tmp_path: Path
) -> None:
    folders = {"a": films.a, "b": films.a}
    facesets = {name: (FaceFolder(extracted(film).faces),) for name, film in folders.items()}

    def run(iterations: int, new: bool = False, **depth: Any) -> TrainReport:
        options = TrainOptions(
            model="deep", iterations=iterations, batch=2, device="cpu", threads=1, previews=0,
            new=new, swap={"deep": depth},
        )  # fmt: skip
        return train(TrainInputs(facesets, tmp_path / "m"), options, Silent(), deep)

    BUILT.clear()
    run(1, depth=3)
    run(2)
    found = checkpoint.newest(tmp_path / "m")
    assert found is not None and found.state.model_options == {"depth": 3}
    assert BUILT == [3, 3]
    with pytest.raises(StoreError, match="was built with depth 3"):
        run(3, depth=4)
    with pytest.raises(ValueRefused, match=r"swap\.deep\.dept: unknown option; did you mean depth"):
        run(3, dept=4)
    run(1, new=True)
    assert BUILT[-1] == 2
    assert np.isfinite(list(found.state.losses.values())).all()
