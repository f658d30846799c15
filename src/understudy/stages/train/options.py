"""What can be chosen for training. Light to import: the command line reads it for --help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from understudy.options import Branch, Names, branch, check, option

MODELS = Names("swap", auto=("mesh", "quick"))
"""What `auto` takes: the first, or where faces have no mesh the last."""


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Options of the training stage."""

    model: str = option(
        "auto",
        "Which model: auto goes on with the one that is there, and else takes mesh, which keeps "
        "the performance, or quick where faces have no mesh (imported landmarks); see "
        "`understudy plugins`.",
        group="Training",
        result=True,
        names=MODELS,
        common=True,
    )
    minutes: float = option(
        10.0,
        "Minutes of training that the model gets in all, earlier runs included. Raise it and run "
        "again to train on. 0 stops before the first iteration: what mesh and quick know in closed "
        "form after seconds. Not looked at when iterations is given.",
        low=0,
        high=1e6,
        unit="min",
        group="Training",
        instead_of=("iterations",),
        common=True,
    )
    iterations: int | None = option(
        None,
        "Train until the model has had exactly this many iterations, earlier runs included; with "
        "the same precision the result does not depend on the machine's speed.",
        low=1,
        high=1e9,
        group="Training",
        common=True,
    )
    batch: int | None = option(
        None,
        "Faces of each person in an iteration; none takes the model's own. Less needs less memory.",
        low=1,
        high=1024,
        group="Training",
    )
    learning_rate: float | None = option(
        None,
        "Step size; none takes the model's own. Lower it when training breaks off.",
        low=1e-7,
        high=0.1,
        group="Training",
    )
    seed: int = option(
        1, "Start of all random numbers of a new model.", low=0, high=2**31 - 1, group="Training"
    )
    new: bool = option(
        False,
        "Start over although the folder holds a model; the old one is moved aside, not deleted.",
        scope="run",
        group="Training",
        common=True,
    )
    warp: bool = option(True, "Bend the input at random, so that shapes are learnt.", group="Faces")
    flip: bool = option(
        True, "Mirror half of the faces. Switch off for one-sided features.", group="Faces"
    )
    transform: bool = option(True, "Rotate, zoom and shift a little at random.", group="Faces")
    colour: bool = option(True, "Vary lightness and colour at random.", group="Faces")
    even: bool = option(
        True,
        "Show rare poses, closed eyes and open mouths more often than the films do, and stretches "
        "in which nothing moves less often; leave out faces that an occlusion mask calls covered. "
        "Off shows every face equally often.",
        group="Faces",
    )
    mask: str = option(
        "extended", "Which mask of the face pictures bounds what is learnt.", group="Faces"
    )
    masked: bool = option(
        True, "Learn inside the mask only; off learns the whole crop.", group="Faces"
    )
    eyes: float = option(
        3.0, "How much more the eyes count than the rest of the face.", low=1, high=4, group="Faces"
    )
    mouth: float = option(
        2.0, "How much more the mouth counts than the rest.", low=1, high=4, group="Faces"
    )
    score_faces: int = option(
        24,
        "Faces of the film to be converted that are swapped and scored while the model learns, and "
        "that it does not learn from; 0 scores nothing and leaves nothing out.",
        low=0,
        high=512,
        group="Score",
    )
    score_every: int | None = option(
        None,
        "Iterations between two scores, saved each; none scores at saves, as often as that takes "
        "less than a twentieth of the time, and at the end.",
        low=1,
        high=1e9,
        unit="iterations",
        group="Score",
    )
    at_plateau: Literal["go-on", "slow", "stop"] = option(
        "go-on",
        "What to do when the score has not risen by more than noise for a while: go on as planned, "
        "halve the learning rate (four times at most; needs --score-every, so that it comes at the "
        "same iteration on every machine), or stop.",
        group="Score",
    )
    patience: int = option(
        6, "Scores in a row without a rise that make a plateau.", low=2, high=1000, group="Score"
    )
    save_every: int = option(
        500, "Iterations between two saves.", low=1, high=1e6, unit="iterations", group="Saving"
    )
    save_minutes: float = option(
        1.0,
        "Save at least this often: a kill costs no more than that.",
        low=0.05,
        high=1e4,
        unit="min",
        group="Saving",
    )
    keep: int = option(3, "How many checkpoints are kept.", low=1, high=1000, group="Saving")
    previews: int = option(
        6,
        "Faces of each person on the preview sheet; 0 draws none.",
        low=0,
        high=32,
        group="Saving",
    )
    cache_gb: float = option(
        20.0,
        "How much of the disk, at most half of what is free, the faces may take that are kept cut "
        "in the model folder. The rest are cut again each time they come, which is slower.",
        low=0,
        high=1e5,
        unit="GB",
        group="Speed",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = option(
        "auto",
        "Where networks run; auto takes a GPU where there is one.",
        scope="machine",
        group="Speed",
    )
    precision: Literal["auto", "fp32", "bf16"] = option(
        "auto", "Number format; auto takes bf16 only on a GPU that gains by it.", group="Speed"
    )
    threads: int | None = option(
        None,
        "CPU threads; none takes every core.",
        low=1,
        high=1024,
        scope="machine",
        group="Speed",
    )

    swap: Branch = branch("swap")

    def __post_init__(self) -> None:
        check(self)
