"""Training as a person meets it: facesets in, a model folder out, whatever happens between."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

import understudy
from understudy.cli.app import app
from understudy.errors import (
    Cancelled,
    DiskFull,
    InUse,
    NoFaces,
    StoreError,
    TrainingError,
    ValueRefused,
)
from understudy.flow import Silent
from understudy.mask.manifest import PLUGINS as MASKERS
from understudy.nn import checkpoint, device
from understudy.plugin import Registry
from understudy.stages.train.feeding import faces as faces_module
from understudy.stages.train.feeding.crops import Cutting, cut
from understudy.stages.train.learning import loop
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.stage import TrainInputs, train
from understudy.store import atomic
from understudy.store.faceset import (
    FaceFolder,
    list_faceset,
    read_face_png,
    write_face_png,
)
from understudy.store.lock import WriterLock, holder_of
from understudy.store.project import Project
from understudy.swap import Crop
from understudy.swap.loading import load_swapper
from understudy.swap.manifest import PLUGINS
from understudy.testing.stops import StopsAfter
from understudy.testing.tiny import TINY

REGISTRY = Registry([TINY, *PLUGINS, *MASKERS])


def test_sixteen_bit_pictures_train_as_their_eight_bit_view(facesets, tmp_path):
    path = list_faceset(facesets[0])[0]
    pixels, record = read_face_png(path)
    cutting = Cutting(Crop(64, 64, "face", 0.9), "extended", 3.0, 2.0)
    narrow = cut(pixels, record, record.face.masks, cutting)["planes"]
    deep = pixels.astype(np.uint16) * 257
    write_face_png(tmp_path / path.name, deep, record)
    again, record = read_face_png(tmp_path / path.name)
    wide = cut(again, record, record.face.masks, cutting)["planes"]
    assert again.dtype == np.uint16 and wide.dtype == np.uint8
    assert np.abs(wide.astype(int) - narrow).max() <= 1  # each cut rounds in its own depth
    np.testing.assert_array_equal(wide[3], narrow[3])


def _options(**changes) -> TrainOptions:
    plain = {"iterations": 4, "batch": 2, "device": "cpu", "threads": 1, "previews": 0}
    # the probe of precisions may choose otherwise for the next one
    plain |= {"model": "tiny", "precision": "fp32"}
    return TrainOptions(**plain | changes)


def _train(facesets, folder, progress=None, **changes):
    persons = {name: (FaceFolder(path),) for name, path in zip("ab", facesets, strict=True)}
    inputs = TrainInputs(persons, folder)
    return train(inputs, _options(**changes), progress or Silent(), REGISTRY)


def test_leaves_checkpoints_previews_logs_and_a_report(facesets, tmp_path):
    report = _train(facesets, tmp_path / "model", previews=2, save_every=2)
    assert (report.model, report.step, report.iterations) == ("tiny", 4, 4)
    assert list(report.losses) == ["a", "b"] and report.seconds > 0
    assert all(map(math.isfinite, report.losses.values()))
    assert [p.name for p in checkpoint.steps(tmp_path / "model")] == [
        "step_00000004",
        "step_00000002",
    ]
    assert report.checkpoint == tmp_path / "model/step_00000004"
    sheets = sorted(p.name for p in (tmp_path / "model/previews").iterdir())
    assert sheets == ["step_00000002.png", "step_00000004.png"]
    picture = cv2.imread(str(report.preview))
    assert picture.shape == (2 * 128 + 22, 6 * 128 + 8, 3)
    # the mark of faces that a model made; its thin strokes are mixed with what lies around
    ink = (abs(picture.astype(int) - (60, 210, 255)) < 12).all(2)
    columns = [bool(ink[:, 128 * n : 128 * (n + 1)].any()) for n in range(3)]
    assert columns == [False, True, True]
    assert b"made by a trained model" in report.preview.read_bytes()[:200]
    assert list((tmp_path / "model/logs").glob("events.*"))
    assert not list((tmp_path / "model").rglob("*.part"))


def _tensors(folder: Path, step: int) -> dict[str, bytes]:
    path = folder / f"step_{step:08d}"
    return {p.name: p.read_bytes() for p in path.glob("*.safetensors")}


def test_a_resumed_run_is_bit_identical_to_an_uninterrupted_one(facesets, tmp_path):
    long = {"model": "quick", "iterations": 8}
    # faces, batch and steps are such that the interruption lies inside an epoch
    _train(facesets, tmp_path / "whole", **long)
    with pytest.raises(Cancelled, match="saved at iteration 3"):
        _train(facesets, tmp_path / "parts", StopsAfter(2 + 2), **long)
    progress = Silent()
    report = _train(facesets, tmp_path / "parts", progress, **long)
    assert report.iterations == 5
    assert any("going on with quick at iteration 3" in said for said in progress.said)
    assert _tensors(tmp_path / "whole", 8) == _tensors(tmp_path / "parts", 8)


def test_a_finished_plan_is_not_repeated(facesets, tmp_path):
    _train(facesets, tmp_path / "m", iterations=2)
    progress = Silent()
    report = _train(facesets, tmp_path / "m", progress, iterations=2)
    assert (report.step, report.iterations, report.seconds) == (2, 0, 0.0)
    assert any("already" in said for said in progress.said)


def test_minutes_count_all_runs(facesets, tmp_path):
    progress = Silent()
    _train(facesets, tmp_path / "m", progress, iterations=None, minutes=0.01)
    found = checkpoint.newest(tmp_path / "m")
    assert 0.6 <= found.state.trained_s < 5
    bar = [event for event in progress.events if event.kind == "done"][-1]
    assert bar.data["done"] == pytest.approx(0.6), "the bar ends where its plan does"
    report = _train(facesets, tmp_path / "m", iterations=None, minutes=0.01)
    assert report.iterations == 0


def test_no_picture_is_decoded_twice(facesets, tmp_path, monkeypatch):
    read, real = [], faces_module.read_face_png
    monkeypatch.setattr(faces_module, "read_face_png", lambda p: (read.append(p), real(p))[1])
    _train(facesets, tmp_path / "m", iterations=8)  # three epochs
    assert len(read) == len(set(read)) == 10
    _train(facesets, tmp_path / "m", iterations=12)
    assert len(read) == 10


def test_never_starts_over_an_existing_model_unless_told(facesets, tmp_path):
    _train(facesets, tmp_path / "m", iterations=2)
    with pytest.raises(StoreError, match=r"holds the model tiny.*not lightweight"):
        _train(facesets, tmp_path / "m", model="lightweight")
    progress = Silent()
    report = _train(facesets, tmp_path / "m", progress, iterations=1, new=True, seed=5)
    assert report.step == 1
    assert checkpoint.newest(tmp_path / "m.old-1").state.step == 2
    assert any("moved to" in said for said in progress.said)


def test_a_damaged_newest_checkpoint_costs_one_interval_and_is_told(facesets, tmp_path):
    _train(facesets, tmp_path / "m", iterations=4, save_every=2)
    (tmp_path / "m/step_00000004/weights.safetensors").write_bytes(b"torn")
    progress = Silent()
    report = _train(facesets, tmp_path / "m", progress, iterations=4)
    assert report.iterations == 2
    assert any("going back to step 2" in said for said in progress.said)


def test_a_folder_with_other_things_is_refused_and_left_alone(facesets, tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"dear")
    for new in (False, True):
        with pytest.raises(StoreError, match=r"not a model folder.*holiday\.jpg"):
            _train(facesets, tmp_path, new=new)
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.jpg"]
    with pytest.raises(StoreError, match="found a file"):
        _train(facesets, tmp_path / "holiday.jpg")


def test_a_side_without_faces_is_told(facesets, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(NoFaces, match="holds no face picture of b"):
        _train((facesets[0], tmp_path / "none"), tmp_path / "m")


def test_an_unknown_mask_is_told(facesets, tmp_path):
    with pytest.raises(StoreError, match="has no mask 'hair'"):
        _train(facesets, tmp_path / "m", mask="hair")


def test_weights_that_are_not_finite_never_reach_a_checkpoint(facesets, tmp_path, monkeypatch):
    _train(facesets, tmp_path / "m", iterations=2)
    step = loop.Trainer.step

    def poisoned(trainer, number):
        losses = step(trainer, number)
        with torch.no_grad():
            next(iter(trainer.model.parameters())).fill_(math.nan)
        return losses

    with monkeypatch.context() as patch, pytest.raises(TrainingError, match="not finite any more"):
        patch.setattr(loop.Trainer, "step", poisoned)
        _train(facesets, tmp_path / "m", iterations=3)
    assert [p.name[-1] for p in checkpoint.steps(tmp_path / "m")] == ["2"]
    assert _train(facesets, tmp_path / "m", iterations=3).step == 3, "the good one is there"


def test_a_checkpoint_of_no_numbers_is_not_trained_on(facesets, tmp_path):
    _train(facesets, tmp_path / "m", iterations=2)
    found = checkpoint.newest(tmp_path / "m")
    groups = {name: found.tensors(name) for name in ("weights", "ema", "optimizer")}
    next(iter(groups["weights"].values())).fill_(math.nan)
    poisoned = checkpoint.save(tmp_path / "m", replace(found.state, step=3), groups)
    before = (poisoned / "state.json").read_bytes()
    with pytest.raises(StoreError, match="finite"):
        _train(facesets, tmp_path / "m", iterations=5)
    assert [p.name[-1] for p in checkpoint.steps(tmp_path / "m")] == ["3", "2"]
    assert (poisoned / "state.json").read_bytes() == before


def test_a_full_disk_is_told_and_training_goes_on(facesets, tmp_path, monkeypatch):
    real, refusals = atomic.ops.replace, iter([True])

    def replace_once_full(source, target):
        if Path(target).name == "step_00000002" and next(refusals, False):
            raise OSError(errno.ENOSPC, "No space left on device", str(source))
        real(source, target)

    monkeypatch.setattr(atomic.ops, "replace", replace_once_full)
    progress = Silent()
    report = _train(facesets, tmp_path / "m", progress, iterations=4, save_every=2)
    assert any("not saved" in said for said in progress.said)
    assert report.step == 4
    assert [p.name for p in checkpoint.steps(tmp_path / "m")] == ["step_00000004"]


def test_checkpoints_are_written_beside_the_training(facesets, tmp_path, monkeypatch):
    real, threads, snapshots = checkpoint.save, [], []

    def slow(folder, state, tensors):
        threads.append(threading.current_thread())
        values = next(iter(tensors["weights"].values()))
        before = values.clone()
        time.sleep(0.5)  # training goes on meanwhile
        snapshots.append(torch.equal(before, values))
        return real(folder, state, tensors)

    monkeypatch.setattr(checkpoint, "save", slow)
    _train(facesets, tmp_path / "m", iterations=5, save_every=2)
    assert threading.main_thread() not in threads and snapshots == [True] * 3
    monkeypatch.undo()
    _train(facesets, tmp_path / "whole", iterations=5)
    assert _tensors(tmp_path / "m", 5) == _tensors(tmp_path / "whole", 5)


def test_a_disk_that_stays_full_ends_with_an_error(facesets, tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device", str(source))

    _train(facesets, tmp_path / "m", iterations=2)
    monkeypatch.setattr(atomic.ops, "replace", full)
    with pytest.raises(DiskFull):
        _train(facesets, tmp_path / "m", iterations=4)
    assert [p.name[-1] for p in checkpoint.steps(tmp_path / "m")] == ["2"]


def test_unmasked_training_needs_no_mask(facesets, tmp_path):
    assert _train(facesets, tmp_path / "m", iterations=1, masked=False, mask="hair").step == 1


def test_a_device_that_is_not_there_is_refused(facesets, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA GPU here")
    with pytest.raises(ValueRefused, match="sees no CUDA GPU"):
        _train(facesets, tmp_path / "m", device="cuda")


def test_a_resumed_run_computes_in_what_it_was_computed_in(facesets, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    monkeypatch.setattr(device, "_bf16_gain", lambda: 3.0)
    progress = Silent()
    _train(facesets, tmp_path / "m", progress, iterations=2, precision="auto")
    assert any("in bf16: the CPU has AVX-512 BF16, and it was 3.0" in x for x in progress.said)
    assert checkpoint.newest(tmp_path / "m").state.computed == {"cpu": "bf16"}
    monkeypatch.setattr(device, "_bf16_gain", lambda: 0.5)
    progress = Silent()
    _train(facesets, tmp_path / "m", progress, iterations=4, precision="auto")
    assert any("in bf16: as before" in said for said in progress.said)
    _train(facesets, tmp_path / "whole", iterations=4, precision="bf16")
    assert _tensors(tmp_path / "whole", 4) == _tensors(tmp_path / "m", 4)
    with pytest.raises(ValueRefused, match="bf16 does not pay"):
        monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
        _train(facesets, tmp_path / "m", iterations=5, precision="bf16")


def test_the_loader_converts_with_the_newest_checkpoint(facesets, tmp_path):
    with pytest.raises(StoreError, match="no trained model"):
        load_swapper(tmp_path / "m", "cpu", REGISTRY)
    _train(facesets, tmp_path / "m", model="quick", iterations=2)
    swapper = load_swapper(tmp_path / "m", "cpu", REGISTRY)
    assert (swapper.name, swapper.step) == ("quick", 2)
    assert (swapper.input_px, swapper.output_px) == (64, 96)
    assert (swapper.coverage, swapper.centering) == (1.0, "legacy")
    faces = np.random.default_rng(1).integers(0, 256, (11, 64, 64, 3), dtype=np.uint8)
    shown = swapper.convert(faces, "b").rgb
    assert shown.shape == (11, 96, 96, 3) and shown.dtype == np.float32
    assert shown.min() >= 0 and shown.max() <= 1
    # a face's result does not hang on its neighbours, nor on how it was stored
    assert np.array_equal(swapper.convert(faces[9:10], "b").rgb[0], shown[9])
    again = swapper.convert(faces[::-1].astype(np.float32) / 255, "b")
    assert np.array_equal(again.rgb[::-1], shown) and again.alpha is None
    other = swapper.convert(faces, "a").rgb
    assert not np.array_equal(other, shown)
    half = swapper.convert(faces, "a", morph=0.5, toward="b").rgb
    free = (np.minimum(other, shown) > 0) & (np.maximum(other, shown) < 1)  # not clipped
    np.testing.assert_allclose(half[free], (other + shown)[free] / 2, atol=1e-5)
    assert swapper.convert(faces[:0], "a").rgb.shape == (0, 96, 96, 3)
    with pytest.raises(ValueRefused, match="can show a, b, not 'zoe'"):
        swapper.convert(faces, "zoe")
    with pytest.raises(ValueRefused, match="no such knob"):
        swapper.convert(faces, "a", age=40)
    with pytest.raises(ValueRefused, match=r"expected \(n, 64, 64, 3\)"):
        swapper.convert(faces[:, :32], "a")


def test_the_loader_says_what_it_passed_over(facesets, tmp_path):
    _train(facesets, tmp_path / "m", iterations=2, save_every=1)
    before = load_swapper(tmp_path / "m", "cpu", REGISTRY).fingerprint
    state = tmp_path / "m/step_00000002/state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"format": 99}))
    swapper = load_swapper(tmp_path / "m", "cpu", REGISTRY)
    assert swapper.step == 1 and "format 1 or 2, got 99" in swapper.warning
    assert swapper.fingerprint != before


def _as_format_1(path: Path) -> None:
    """Turn a checkpoint of persons "a" and "b" into what the first format wrote."""
    plain = json.loads((path / "state.json").read_text()) | {"format": 1}
    del plain["persons"]
    for name in ("weights", "ema"):
        file = path / f"{name}.safetensors"
        old = {"decoders.0.": "decoders.a.", "decoders.1.": "decoders.b."}
        renamed = {}
        for key, value in load_file(file).items():
            renamed[old.get(key[:11], key[:11]) + key[11:]] = value
        save_file(renamed, file)
        plain["files"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    (path / "state.json").write_text(json.dumps(plain))


def test_a_checkpoint_of_the_first_format_converts_and_trains_on_untouched(facesets, tmp_path):
    _train(facesets, tmp_path / "new", model="quick", iterations=2)
    shutil.copytree(tmp_path / "new", tmp_path / "old")
    _as_format_1(tmp_path / "old/step_00000002")
    before = {p: p.read_bytes() for p in (tmp_path / "old/step_00000002").iterdir()}
    faces = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    new, old = (load_swapper(tmp_path / name, "cpu", REGISTRY) for name in ("new", "old"))
    assert old.persons == ("a", "b") and not old.warning
    assert np.array_equal(new.convert(faces, "b").rgb, old.convert(faces, "b").rgb)
    for name in ("new", "old"):
        assert _train(facesets, tmp_path / name, model="quick", iterations=4).iterations == 2
    assert _tensors(tmp_path / "new", 4) == _tensors(tmp_path / "old", 4)
    assert checkpoint.newest(tmp_path / "old").state.format == 2
    assert {p: p.read_bytes() for p in before} == before


def test_a_model_of_other_persons_is_not_trained_on(facesets, tmp_path):
    _train(facesets, tmp_path / "m", iterations=1)
    faces = [(FaceFolder(path),) for path in facesets]
    for names in (("b", "a"), ("ann", "bob")):
        inputs = TrainInputs(dict(zip(names, faces, strict=True)), tmp_path / "m")
        with pytest.raises(StoreError, match=f"model of a, b, not of {', '.join(names)}"):
            train(inputs, _options(), Silent(), REGISTRY)
    with pytest.raises(ValueRefused, match="two or more"):
        train(TrainInputs({"a": faces[0]}, tmp_path / "n"), _options(), Silent(), REGISTRY)


def test_a_person_has_any_number_of_folders_and_tracks(facesets, write_face, tmp_path):
    (tmp_path / "more").mkdir()
    for index, track in enumerate((None, 3, 4, 4)):
        write_face(tmp_path / "more", index, (200, 160, 140), 5, track)
    folder = FaceFolder(tmp_path / "more", frozenset({4}))
    assert [p.name[5:11] for p in folder.pictures()] == ["000002", "000003"]
    inputs = {"a": (FaceFolder(facesets[0]), folder), "b": (FaceFolder(facesets[1]),)}
    progress = _Totals()
    train(TrainInputs(inputs, tmp_path / "m"), _options(iterations=1), progress, REGISTRY)
    assert progress.totals["reading faces of a"] == 5 + 2


def test_a_model_has_one_trainer_at_a_time(facesets, tmp_path):
    with WriterLock(tmp_path / "m", "model"):
        for new in (False, True):
            with pytest.raises(InUse, match=f"process {os.getpid()} .* is writing this model"):
                _train(facesets, tmp_path / "m", new=new)
        _train(facesets, tmp_path / "beside", iterations=1)
    _train(facesets, tmp_path / "m", iterations=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["beside", "m"]


TRAINING = """
import sys
from pathlib import Path
from understudy.flow import Silent
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.stage import (TrainInputs, train)
from understudy.store.project import Project
with Project.open(Path(sys.argv[1])) as project:
    inputs = TrainInputs({name: project.faceset(name) for name in "ab"}, project.model("m"))
    options = TrainOptions(iterations=10**6, batch=2, device="cpu", threads=1, previews=0)
    train(inputs, options, Silent())
"""


def test_a_project_is_read_while_another_process_trains_in_it(facesets, tmp_path):
    with Project.open(tmp_path / "p", create=True) as project:
        for name, folder in zip("ab", facesets, strict=True):
            project.add_source(folder, "", project.add_person(name).id, kind="faces")
        model = project.model("m")
    env = {**os.environ, "PYTHONPATH": str(Path(understudy.__file__).parents[1])}
    trainer = subprocess.Popen([sys.executable, "-c", TRAINING, str(tmp_path / "p")], env=env)
    try:
        until = time.monotonic() + 120
        while holder_of(model) is None and trainer.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        with Project.open(tmp_path / "p", read_only=True) as reader:
            assert [person.id for person in reader.persons] == ["a", "b"]
            for verb in (["consent", "--show"], ["models"], ["cast"]):
                told = CliRunner().invoke(app, [verb[0], str(tmp_path / "p"), *verb[1:]])
                assert told.exit_code == 0, told.output
        with Project.open(tmp_path / "p") as other:
            other.add_person("cid")
            _train(facesets, other.model("beside"), iterations=1)
        with pytest.raises(InUse, match=f"process {trainer.pid} "):
            _train(facesets, model)
        assert trainer.poll() is None
    finally:
        trainer.kill()
        trainer.wait()
    _train(facesets, model, iterations=1)
    with Project.open(tmp_path / "p", read_only=True) as reader:
        assert reader.models == ("beside", "m") and len(reader.persons) == 3


def test_the_number_of_threads_is_given_back(facesets, tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        _train(facesets, tmp_path / "model", iterations=1, threads=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


class _Totals(Silent):
    """Remembers how long each bar was to be."""

    def __init__(self) -> None:
        super().__init__()
        self.totals = {}

    def task(self, name, total, unit="", done=0):
        self.totals[name] = total
        return super().task(name, total, unit, done)


def test_no_minutes_keep_what_stands_in_closed_form_and_training_goes_on_from_it(
    facesets, tmp_path
):
    folder, seen = tmp_path / "m", []
    persons = {name: (FaceFolder(path),) for name, path in zip("ab", facesets, strict=True)}
    inputs = TrainInputs(persons, folder, begun=seen.append)
    options = _options(model="quick", iterations=None, minutes=0, previews=2)
    report = train(inputs, options, Silent(), REGISTRY)
    assert (report.step, report.iterations, seen) == (0, 0, [folder])
    assert report.loss_words() == "none yet, it stands in closed form"
    assert (folder / "preview.png").is_file()
    assert load_swapper(folder, "cpu", REGISTRY).step == 0
    again = train(inputs, _options(model="quick", iterations=2), Silent(), REGISTRY)
    assert (again.step, again.iterations) == (2, 2)
    assert seen == [folder], "only a new model is shown before training"
    _train(facesets, tmp_path / "whole", model="quick", iterations=2)
    assert _tensors(folder, 2) == _tensors(tmp_path / "whole", 2)


def test_a_model_that_knows_nothing_before_training_is_not_asked_for_it(facesets, tmp_path):
    with pytest.raises(ValueRefused, match="lightweight shows nobody before it is trained"):
        _train(facesets, tmp_path / "m", model="lightweight", iterations=None, minutes=0)
    assert checkpoint.newest(tmp_path / "m") is None
