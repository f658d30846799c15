"""Trying settings of a conversion on one frame; the model of who tried last stays loaded."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from understudy.store.project import Project

if TYPE_CHECKING:
    from understudy.stages.convert.tuning import Tuner


@dataclass(frozen=True)
class Trial:
    """A conversion that is tried.

    Attributes:
        source: id of the film.
        model_name: of the model.
        cast: who becomes whom, as the job "convert" takes it.
        options: of the conversion by path.
        index: of the frame.
        px: of the picture's longer side, at most.
    """

    source: str
    model_name: str
    index: Annotated[int, Field(ge=0, le=2**53 - 1)]
    cast: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    px: int = 1280


class Tuning:
    """Tries them one after the other; a model takes memory, so one is kept."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._key: tuple[Any, ...] = ()
        self._tuner: Tuner | None = None

    def frame(self, folder: Path, trial: Trial) -> NDArray[np.uint8]:
        """A frame as the trial would make it, (h, w, 3) uint8 RGB.

        Raises:
            UnderstudyError: as the conversion would.
        """
        from understudy.plugin import default_registry
        from understudy.runs.rendering.renders import Wanted, tried
        from understudy.stages.convert.tuning import Tuner

        registry = default_registry()
        with self._turn, Project.open(folder, read_only=True) as project:
            options = _options(project, trial.options)
            wanted = Wanted(None, trial.source, tuple(trial.cast), trial.model_name)
            # Asked each time: a consent may be gone, or the model have learnt from other films.
            inputs = tried(project, wanted, options.mask)
            key: tuple[Any, ...]
            key = folder, trial.source, trial.model_name, tuple(trial.cast), options.device
            key += (options.checkpoint,)
            key += _newest(inputs.model), str(inputs.alignments)
            if self._tuner is None or key != self._key:
                self.close()
                self._tuner, self._key = Tuner(inputs, options, registry), key
            return self._tuner.frame(trial.index, options)

    def close(self) -> None:
        """Let go of the model."""
        if self._tuner is not None:
            self._tuner.close()
        self._tuner = None


def _options(project: Project, options: Mapping[str, Any]) -> Any:
    from understudy.plugin import default_registry
    from understudy.runs.settings import settled, whole_tree
    from understudy.studio.work import said_for

    tree = whole_tree(default_registry())
    said = said_for(tree, "convert", options)
    return settled("convert", said, project, tree).of(tree, "convert")


def _newest(model: Path) -> Sequence[str]:
    """Names of the saves that are there: another one, and the model is loaded again."""
    return tuple(sorted(path.name for path in model.glob("step_*") if path.is_dir()))
