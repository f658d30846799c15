"""What may be asked of a training while it runs: a sheet at once, and switches set anew.

What is asked lies in a small file in the model folder, which training looks at between iterations
and anybody who may write the folder writes: the command line, the studio, a program. What was set
holds until training is asked for otherwise, so that one which is interrupted goes on as it was.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from understudy.errors import DiskFull, InUse, StoreError, ValueRefused
from understudy.files import read_json
from understudy.flow import Progress
from understudy.options import to_mapping
from understudy.stages.train.options import TrainOptions
from understudy.store.atomic import commit_bytes
from understudy.store.lock import WriterLock

CONTROL = "control.json"
SWITCHES = ("learning_rate", "warp", "flip", "transform", "colour", "masked")
"""Options that may change while a model is trained; others decide how its faces are read."""
FORMAT = 1
_MAX_BYTES = 1 << 16
_LOOK_EVERY_S = 0.5
_WAIT_S = 5.0
_MOST = 2**53

Change = Callable[[str, Any], str]
"""Sets a switch of a trainer; gives why that cannot be, or ""."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a training.

    Attributes:
        sheets: how many sheets were asked for since the model was begun.
        changed: switches that were set while it ran, by their options' names.
    """

    sheets: int = 0
    changed: Mapping[str, Any] = field(default_factory=dict)


def read_asked(folder: Path) -> Asked:
    """What was asked of the model of a folder; nothing where that cannot be read.

    A file that was damaged must not keep anybody from training.
    """
    try:
        plain = read_json(folder / CONTROL, _MAX_BYTES)
        if plain["format"] != FORMAT:
            return Asked()
        sheets, changed = plain["sheets"], checked(plain["changed"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ValueRefused):
        return Asked()
    whole = isinstance(sheets, int) and 0 <= sheets < _MOST
    return Asked(sheets if whole else 0, changed)


def checked(changed: Mapping[str, Any]) -> dict[str, Any]:
    """Switches as the options take them.

    Raises:
        ValueRefused: one that may not change while a model is trained, or a value out of range.
    """
    for name, value in changed.items():
        if name not in SWITCHES:
            raise ValueRefused(
                f"{name:.40}: cannot change while a model is trained; those that can: "
                f"{', '.join(SWITCHES)}"
            )
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name == "learning_rate":
            good = value is None or (number and math.isfinite(value))
        else:
            good = isinstance(value, bool)
        if not good:
            raise ValueRefused(f"{name}: {value!r:.40} is no value of it")
    TrainOptions(**changed)
    return dict(changed)


def ask(folder: Path, changed: Mapping[str, Any], *, sheet: bool = False) -> Asked:
    """Ask something of the training that runs in a folder.

    Args:
        folder: of the model.
        changed: switches to be set; others stay as they are.
        sheet: whether a sheet of faces is to be drawn at once.

    Returns:
        All that is asked now.

    Raises:
        ValueRefused: as `checked`; or nobody trains this model now.
        StoreError, DiskFull: it cannot be written.
    """
    known = checked(changed)
    if not known and not sheet:
        raise ValueRefused(f"say what is to change: {', '.join(SWITCHES)}; or ask for a sheet")
    if not is_trained(folder):
        raise ValueRefused(
            f"{folder.name}: is not being trained now; say it with the training that begins next"
        )
    return _write(folder, lambda a: Asked(a.sheets + sheet, {**a.changed, **known}))


def is_trained(folder: Path) -> bool:
    """Whether somebody trains the model of this folder now."""
    if not folder.is_dir():
        return False
    try:
        with WriterLock(folder, "model"):
            return False
    except InUse:
        return True


class Live:
    """What a run of training does of what is asked, and tells."""

    def __init__(
        self,
        folder: Path,
        options: TrainOptions,
        before: Mapping[str, Any] | None,
        change: Change,
        progress: Progress,
    ) -> None:
        """Set what was set while an earlier run went on, unless the options say otherwise now.

        Args:
            folder: of the model.
            options: of this run.
            before: options of the run before, from its checkpoint, or None.
            change: sets a switch.
            progress: told what changes.
        """
        self._folder, self._change, self._progress = folder, change, progress
        self._values = {name: to_mapping(options)[name] for name in SWITCHES}
        self._looked, self._stamp = 0.0, self._mark()
        asked = read_asked(folder)
        self._sheets = asked.sheets
        known = self._values if before is None else before
        old = [name for name in asked.changed if known.get(name) != self._values[name]]
        self._drop(old)
        for name, value in asked.changed.items():
            if name not in old and value != self._values[name]:
                self._set(name, value, 0, "as it was set while it was trained before")

    def look(self, step: int) -> bool:
        """Do what was asked since the last look; looks twice a second at most.

        Args:
            step: iterations that the model has had.

        Returns:
            Whether a sheet is to be drawn now.
        """
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY_S:
            return False
        self._looked = now
        stamp = self._mark()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        asked = read_asked(self._folder)
        for name, value in asked.changed.items():
            if value != self._values[name]:
                self._set(name, value, step, "asked for while it runs")
        wanted, self._sheets = asked.sheets > self._sheets, asked.sheets
        return wanted

    def _set(self, name: str, value: Any, step: int, why: str) -> None:
        refused = self._change(name, value)
        if refused:
            self._progress.warn(
                f"{name} stays {_words(self._values[name])}: {refused}",
                code="switch-refused",
                switch=name,
            )
            self._drop([name])
            return
        before, self._values[name] = self._values[name], value
        data = {"switch": name, "value": value, "before": before, "step": step}
        words = f"{name} is {_words(value)} now, {why}; it was {_words(before)}"
        self._progress.report("switched", data, words)

    def _drop(self, names: list[str]) -> None:
        if names:
            with suppress(InUse, DiskFull, StoreError):  # it is refused, or old, again next time
                _write(self._folder, lambda a: Asked(a.sheets, _without(a.changed, names)))
            self._stamp = self._mark()

    def _mark(self) -> tuple[int, int]:
        try:
            told = (self._folder / CONTROL).stat()
        except OSError:
            return (0, 0)
        return told.st_mtime_ns, told.st_ino


def _write(folder: Path, change: Callable[[Asked], Asked]) -> Asked:
    path = folder / CONTROL
    with WriterLock(path, "file of what is asked of a training", wait_s=_WAIT_S):
        asked = change(read_asked(folder))
        plain = {"format": FORMAT, "sheets": asked.sheets, "changed": dict(asked.changed)}
        commit_bytes(path, json.dumps(plain, allow_nan=False).encode())
        return asked


def _without(changed: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: value for name, value in changed.items() if name not in names}


def _words(value: Any) -> str:
    if value is None:
        return "the model's own"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else f"{value:g}"
