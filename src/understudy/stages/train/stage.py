"""Training: from faces of two or more persons to a model folder with always a good checkpoint.

Kill it, fill the disk, cancel it: the newest checkpoint stays, and the next run goes on from it.
Training never starts from scratch over an existing model unless it is told to, and then the old
model is moved aside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from understudy.errors import StoreError, ValueRefused
from understudy.flow import Progress
from understudy.nn import checkpoint
from understudy.nn.device import choose_device, choose_dtype, threads
from understudy.plugin import Plugin, Registry, default_registry
from understudy.stages.faces.found import Finder
from understudy.stages.train.choose import chosen_model
from understudy.stages.train.feeding.crops import Cutting
from understudy.stages.train.feeding.faces import FaceSource, Preparer, pictures_of
from understudy.stages.train.folder import open_folder, ready_folder, writing
from understudy.stages.train.learning.guard import comparable
from understudy.stages.train.learning.loop import Trainer, optimizer_file
from understudy.stages.train.learning.run import Run, TrainReport
from understudy.stages.train.moments.coverage import tell_gaps
from understudy.stages.train.moments.even import even_shares
from understudy.stages.train.moments.heldout import without
from understudy.stages.train.moments.read import OCCLUSION, Moments
from understudy.stages.train.options import TrainOptions
from understudy.stages.train.scored.judge import Judge
from understudy.stages.train.scored.watch import Watch
from understudy.store.faceset import FaceFolder, read_record
from understudy.swap.loading import load_into, new_model


@dataclass(frozen=True, slots=True)
class TrainInputs:
    """What training works on.

    Attributes:
        facesets: each person's face pictures, by the person's id; two persons or more. The model
            knows them in this order.
        model: the model folder; made when it is not there.
        begun: called once with the model folder when a new model stands in closed form and is
            saved, before its first iteration; only for models that have such a form.
        judge: scores the model at saves; None scores nothing.
    """

    facesets: Mapping[str, Sequence[FaceFolder]]
    model: Path
    begun: Callable[[Path], None] | None = None
    judge: Judge | None = None


def train(
    inputs: TrainInputs,
    options: TrainOptions,
    progress: Progress,
    registry: Registry | None = None,
) -> TrainReport:
    """Train a model, or go on training it, until it has had what the options plan.

    Raises:
        NoFaces: a person has no face picture.
        ValueRefused: fewer than two persons.
        ConsentMissing: a picture among a film's was cut from another film.
        InUse: another process trains this model; says which.
        StoreError: the model folder is foreign, damaged or of another model.
        ValueRefused: the device or precision asked for is not there, or no training is asked for
            of a model that shows nothing before.
        TrainingError: the loss explodes again and again; the last checkpoint is good.
        DiskFull: the last checkpoint could not be written; the one before is good.
        Cancelled: after saving.
    """
    registry = registry or default_registry()
    if options.model != "auto":
        registry.get("swap", options.model)
    with threads(options.threads), writing(inputs.model):
        plugin = chosen_model(inputs.facesets, inputs.model, options, registry, progress)
        options = replace(options, model=plugin.name)
        return _train(inputs, options, plugin, registry, progress)


def _train(
    inputs: TrainInputs,
    options: TrainOptions,
    plugin: Plugin,
    registry: Registry,
    progress: Progress,
) -> TrainReport:
    persons = tuple(inputs.facesets)
    found = open_folder(inputs.model, plugin, persons, options.new, progress)
    chosen = choose_device(options.device)
    before: Any = found.state.computed.get(chosen.device.type) if found else None
    computed = choose_dtype(options.precision, chosen.device, before)
    progress.say(f"training on {chosen.reason}; in {computed.reason}")
    seed = found.state.seed if found else options.seed
    model_options = _model_options(plugin, options, inputs.model, found)
    model = new_model(plugin, seed, persons, model_options)
    if inputs.judge is None and options.at_plateau != "go-on":
        raise ValueRefused(
            f"at_plateau: {options.at_plateau} goes by scores, and nothing is scored here; say "
            "go-on, or train in a project whose film is there and with --score-faces above 0"
        )
    if not model.instant and not options.minutes and not options.iterations:
        raise ValueRefused(
            f"minutes: {plugin.name} shows nobody before it is trained; give it minutes, or choose "
            "mesh or quick"
        )
    folders = [folder for faceset in inputs.facesets.values() for folder in faceset]
    with Finder(folders, registry) as finder:
        cutting = Cutting.of(model, options)
        _refuse_unlike(inputs, cutting, finder)
        ready_folder(inputs.model, options.new, progress)
        preparer = Preparer(inputs.facesets, inputs.model, cutting, options, finder, progress)
        moments = {person: preparer.moments(person) for person in persons}
        faces = {person: preparer.faces(person) for person in persons}
        mirrored = options.flip and model.recipe.flip > 0
        tell_gaps({p: m.traits for p, m in moments.items()}, progress, mirrored=mirrored)
        # where the mask leaves out what covers a face, the rest of it is worth learning
        free = cutting.mask == OCCLUSION
        even = even_shares(moments, progress, covered_too=free) if options.even else None
        left_out = inputs.judge.left_out if inputs.judge is not None else ()
        shares = without(even, moments, left_out)
        trainer = _trainer(
            model, faces, options, seed, (chosen.device, computed.dtype), found, shares
        )
        watch = Watch(inputs.model, inputs.judge, trainer, options, found, progress)
        run = Run(
            inputs.model,
            plugin,
            model_options,
            trainer,
            faces,
            options,
            found,
            watch,
            progress,
            _origins(moments, found),
        )
        with closing(trainer.feed):
            return run.finish_plan(inputs.begun if model.instant else None)


def _refuse_unlike(inputs: TrainInputs, cutting: Cutting, finder: Finder) -> None:
    """Refuse faces that are not there, or lack a mask, before a model is moved for them."""
    for person, faceset in inputs.facesets.items():
        for path in pictures_of(person, faceset):
            with suppress(StoreError):  # one that is damaged is left out, and told
                record = read_record(path)
                break
        else:
            continue
        for kind in cutting.kinds:
            finder.mask(record, finder.face(record), kind, path)


def _trainer(
    model: Any,
    faces: Mapping[str, FaceSource],
    options: TrainOptions,
    seed: int,
    where: tuple[torch.device, torch.dtype],
    found: checkpoint.Checkpoint | None,
    shares: Sequence[NDArray[np.float64]] | None,
) -> Trainer:
    if found is not None:
        tensors = found.tensors("weights")
        load_into(model, tensors, found.path)
    trainer = Trainer(model, faces, options, seed, *where, shares)
    if found is None:
        trainer.init_from_faces()
    else:
        ema = found.tensors("ema") if found.has("ema") else None
        moments = {
            g.name: found.tensors(optimizer_file(g.name, trainer.groups)) for g in trainer.groups
        }
        known = found.has("guard") and comparable(found.state.training, options)
        trainer.restore(tensors, moments, ema, found.tensors("guard") if known else None)
        if not found.has("guard"):
            # from before there was one, when the rate fell to nearly nothing at the plan's end
            trainer.guard.rewarm(found.state.step)
    return trainer


def _origins(
    moments: Mapping[str, Moments], found: checkpoint.Checkpoint | None
) -> dict[str, list[str]]:
    """The films that each person was learnt from, in earlier runs too."""
    before = {} if found is None else found.state.origins
    return {
        person: sorted(
            {film for film, _ in seen.keys}
            | set(("",) if before is None else before.get(person, ()))
        )
        for person, seen in moments.items()
    }


def _model_options(
    plugin: Plugin, options: TrainOptions, folder: Path, found: checkpoint.Checkpoint | None
) -> dict[str, Any]:
    """The model's own options, as they are kept: those said, else as it is, else its defaults.

    Raises:
        StoreError: the model that is there was built with others.
        ValueRefused: an option that it does not have, or a value out of range.
    """
    known = dict(found.state.model_options) if found else {}
    wanted = plugin.settings({**known, **options.swap.of(plugin.name)})
    other = [name for name, value in wanted.items() if name in known and known[name] != value]
    if other:
        was = ", ".join(f"{name} {known[name]!r}" for name in other)
        raise StoreError(
            f"{folder}: was built with {was}; go on with that, begin another beside it (understudy "
            "train --model-name NAME), or start over with --new"
        )
    return wanted
