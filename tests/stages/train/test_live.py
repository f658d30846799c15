"""What may be asked of a training while it runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.errors import ValueRefused
from understudy.flow import Silent
from understudy.mask.manifest import PLUGINS as MASKERS
from understudy.plugin import Registry
from understudy.stages.train import live
from understudy.stages.train.live import CONTROL, Asked, Live, ask, is_trained, read_asked
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.stage import TrainInputs, train
from understudy.store.faceset import FaceFolder
from understudy.store.lock import WriterLock
from understudy.swap.manifest import PLUGINS
from understudy.testing.tiny import TINY


class Trainer:
    """Remembers what is set; `masked` it cannot do."""

    def __init__(self) -> None:
        self.set: list[tuple[str, object]] = []

    def change(self, name: str, value: object) -> str:
        if name == "masked":
            return "its faces are cut without"
        self.set.append((name, value))
        return ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(live, "_LOOK_EVERY_S", -1.0)
    (tmp_path / "m").mkdir()
    return tmp_path / "m"


def of(told: Silent) -> list[dict]:
    return [dict(e.data) for e in told.events if e.kind == "report" and e.code == "switched"]


def test_a_running_training_does_what_is_asked_and_tells(folder: Path) -> None:
    trainer, told = Trainer(), Silent()
    with pytest.raises(ValueRefused, match="not being trained now"):
        ask(folder, {"warp": False})
    with WriterLock(folder, "model"):
        assert is_trained(folder)
        run = Live(folder, TrainOptions(), None, trainer.change, told)
        assert not run.look(3)
        ask(folder, {"warp": False, "learning_rate": 2e-5})
        assert not run.look(4)
        assert trainer.set == [("warp", False), ("learning_rate", 2e-5)]
        assert of(told)[0] == {"switch": "warp", "value": False, "before": True, "step": 4}
        ask(folder, {}, sheet=True)
        assert run.look(5)
        assert not run.look(6), "one sheet for one wish"
        ask(folder, {"masked": False})
        run.look(7)
        assert told.warned == ["switch-refused"]
        assert "masked" not in read_asked(folder).changed, "what cannot be is asked no more"
        assert len(trainer.set) == 2
    assert not is_trained(folder)


def test_what_was_set_holds_when_training_goes_on(folder: Path) -> None:
    with WriterLock(folder, "model"):
        ask(folder, {"warp": False, "colour": False}, sheet=True)
    before = {"warp": True, "colour": True}
    trainer, told = Trainer(), Silent()
    run = Live(folder, TrainOptions(), before, trainer.change, told)
    assert trainer.set == [("warp", False), ("colour", False)]
    assert not run.look(9), "a sheet that was asked of the run before"
    # asked for otherwise since: the option holds, and the switch is forgotten
    trainer = Trainer()
    Live(folder, TrainOptions(colour=False), before, trainer.change, told)
    assert trainer.set == [("warp", False)]
    assert read_asked(folder).changed == {"warp": False}


@pytest.mark.parametrize(
    "changed",
    [
        {"batch": 3},
        {"warp": 1},
        {"warp": None},
        {"learning_rate": True},
        {"learning_rate": 5.0},
        {},
    ],
)
def test_what_may_not_change_is_refused(folder: Path, changed: dict) -> None:
    with WriterLock(folder, "model"), pytest.raises(ValueRefused):
        ask(folder, changed)
    assert not (folder / CONTROL).exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "nonsense",
        json.dumps({"format": 2, "sheets": 1, "changed": {}}),
        json.dumps({"format": 1, "sheets": 1, "changed": {"batch": 1}}),
        json.dumps({"format": 1, "sheets": 1, "changed": ["warp"]}),
        json.dumps({"format": 1, "sheets": 1, "changed": {"learning_rate": 1e9}}),
    ],
)
def test_a_damaged_file_keeps_nobody_from_training(folder: Path, text: str) -> None:
    (folder / CONTROL).write_text(text)
    assert read_asked(folder) == Asked()
    trainer = Trainer()
    Live(folder, TrainOptions(), None, trainer.change, Silent()).look(1)
    assert trainer.set == []


class AsksAfter(Silent):
    """Asks for a sheet, and for no warp, once this many iterations are done."""

    def __init__(self, folder: Path, after: int) -> None:
        super().__init__()
        self._folder, self._after = folder, after

    def emit(self, event) -> None:
        super().emit(event)
        if event.kind == "advance" and "iteration" in event.data["note"]:
            self._after -= 1
            if self._after == 0:
                ask(self._folder, {"warp": False}, sheet=True)


def test_a_sheet_is_drawn_at_once_and_the_next_run_knows_the_switch(
    facesets, tmp_path, folder
) -> None:
    persons = {n: (FaceFolder(path),) for n, path in zip("ab", facesets, strict=True)}
    plain = {"model": "tiny", "batch": 2, "device": "cpu", "threads": 1, "previews": 0}
    options = TrainOptions(iterations=6, precision="fp32", **plain)
    registry = Registry([TINY, *PLUGINS, *MASKERS])
    model = tmp_path / "model"
    told = AsksAfter(model, 2)
    train(TrainInputs(persons, model), options, told, registry)
    assert [path.name for path in (model / "previews").iterdir()] == ["step_00000002.png"]
    assert of(told) == [{"switch": "warp", "value": False, "before": True, "step": 2}]
    assert not told.warned
    again = Silent()
    train(TrainInputs(persons, model), replace(options, iterations=7), again, registry)
    assert of(again) == [{"switch": "warp", "value": False, "before": True, "step": 0}]
    assert len(list((model / "previews").iterdir())) == 1
