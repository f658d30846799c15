"""Checkpoints that a kill, a full disk or a damaged file cannot turn into lost work.

A checkpoint is a directory `step_00001234/` with the weights, their running mean, the optimizer
and a JSON state that holds a SHA-256 of each file. It is filled under another name, synced and
renamed, so a directory with a final name is complete. The newest one that verifies is the truth.
Nothing in it is ever unpickled.

Format 2 names the persons that a model was trained for; format 1 had always two, "a" and "b", and
is read as that. A checkpoint is never written again in place: the next save is a new directory.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from understudy.errors import StoreError
from understudy.files import parse_json, read_file, remove_folder, sha256_of
from understudy.store import codec
from understudy.store.atomic import commit_dir

FORMAT = 2
BEST = "best"
"""Folder in the model folder that holds the best checkpoint, where models are scored."""
Which = Literal["last", "best"]
STATE_FILE = "state.json"
_FORMAT_1_PERSONS = ("a", "b")
# Options of a model and of its training, some hundred values; its files are checked by digest.
_MAX_STATE_BYTES = 1 << 20
_MAX_STATE_VALUES = 20_000
_STEP = re.compile(r"step_(\d{8,})")


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a checkpoint besides its tensors; plain data.

    Attributes:
        step: iterations done.
        model: the plug-in's name.
        model_version: the plug-in's version.
        model_options: the plug-in's options, plain data.
        seed: of the training run.
        trained_s: seconds of training so far.
        persons: ids of the persons, in the model's order.
        losses: last mean loss by person.
        training: the training options, for people.
        files: SHA-256 by file name.
        computed: the precision by device that it was trained in last, as {"cpu": "bf16"}.
        format: of the directory that it was read from, or is to be written as.
        origins: fingerprints of the films that each person was learnt from, by person; "" for what
            was learnt before they were kept, None where none were.
    """

    step: int
    model: str
    model_version: str
    model_options: Mapping[str, Any]
    seed: int
    trained_s: float
    persons: tuple[str, ...]
    losses: Mapping[str, float] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT
    origins: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A verified checkpoint.

    Attributes:
        path: its directory.
        state: what is known of it.
        fingerprint: hex digest over the state and thereby over all files.
        warning: why a newer one was passed over, or "".
    """

    path: Path
    state: State
    fingerprint: str
    warning: str = ""

    def tensors(self, name: str) -> dict[str, Tensor]:
        """The tensors of one file of this checkpoint, on the CPU.

        Raises:
            StoreError: the file is not part of it, or cannot be read.
        """
        if f"{name}.safetensors" not in self.state.files:
            raise StoreError(f"{self.path}: has no {name}; it cannot be used for this")
        try:
            found: dict[str, Tensor] = load_file(self.path / f"{name}.safetensors")
            return found if self.state.format == FORMAT else _renamed(found)
        except (OSError, SafetensorError) as error:
            raise StoreError(f"{self.path}: {name} cannot be read: {error}") from error

    def has(self, name: str) -> bool:
        """Whether it holds a file of this name."""
        return f"{name}.safetensors" in self.state.files


def save(folder: Path, state: State, tensors: Mapping[str, Mapping[str, Tensor]]) -> Path:
    """Write one checkpoint; whatever happens, it is there whole or not at all.

    Args:
        folder: the model folder; it exists.
        state: `files` is filled in here.
        tensors: by file name ("weights", "ema", "optimizer"), then by tensor name.

    Raises:
        DiskFull: no room; older checkpoints are untouched.
    """
    path = folder / name_of(state.step)
    with commit_dir(path) as part:
        files = {}
        for name, group in tensors.items():
            file = part / f"{name}.safetensors"
            _save_tensors(file, group)
            files[file.name] = sha256_of(file)
        text = json.dumps(asdict(state) | {"files": files, "format": FORMAT}, indent=1)
        (part / STATE_FILE).write_text(text, "utf-8")
    return path


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest `keep` checkpoints."""
    for path in steps(folder)[keep:]:
        remove(path)


def remove(path: Path) -> None:
    """Remove one checkpoint; what a kill on the way leaves of it does not verify."""
    remove_folder(path)


def name_of(step: int) -> str:
    """What the directory of a checkpoint is called."""
    return f"step_{step:08d}"


def steps(folder: Path) -> list[Path]:
    """Checkpoint directories, newest first, verified or not."""
    if not folder.is_dir():
        return []
    found = [(int(m[1]), p) for p in folder.iterdir() if (m := _STEP.fullmatch(p.name))]
    return [p for _, p in sorted(found, reverse=True)]


def chosen(folder: Path, which: Which) -> Checkpoint | None:
    """The last or the best checkpoint of a model folder, or None when there is none such.

    Raises:
        StoreError: there are such checkpoints, but not one of them verifies.
    """
    return newest(folder / BEST if which == "best" else folder)


def newest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that verifies, or None when there is none at all.

    Raises:
        StoreError: there are checkpoints, but not one of them verifies.
    """
    damaged = []
    for path in steps(folder):
        try:
            state, fingerprint = verify(path)
        except StoreError as error:
            damaged.append(str(error))
            continue
        warning = ""
        if damaged:
            warning = f"{'; '.join(damaged)}; going back to step {state.step}"
        return Checkpoint(path, state, fingerprint, warning)
    if damaged:
        raise StoreError(
            f"{folder}: no checkpoint is intact: {'; '.join(damaged)}; "
            "restore the folder from a backup, or start over with --new"
        )
    return None


def verify(path: Path) -> tuple[State, str]:
    """Read a checkpoint's state and check every file against it.

    Raises:
        StoreError: something is missing, damaged or of another format.
    """
    try:
        text = read_file(path / STATE_FILE, _MAX_STATE_BYTES)
        state = _state(path, parse_json(text, _MAX_STATE_VALUES))
    except OSError as error:
        raise StoreError(f"{path.name}: {STATE_FILE} cannot be read ({error.strerror})") from error
    except (KeyError, ValueError) as error:
        raise StoreError(f"{path.name}: {STATE_FILE} is damaged ({error})") from error
    for name, expected in state.files.items():
        file = path / name
        if Path(name).name != name or not file.is_file():
            raise StoreError(f"{path.name}: {name} is missing")
        if sha256_of(file) != expected:
            raise StoreError(f"{path.name}: {name} is damaged (its SHA-256 differs)")
    return state, hashlib.sha256(text).hexdigest()


def refuse_other_model(folder: Path, state: State, name: str, version: str) -> None:
    """Refuse weights of another model than the one asked for.

    Raises:
        StoreError: says which model the folder holds.
    """
    if (state.model, state.model_version) != (name, version):
        raise StoreError(
            f"{folder}: holds the model {state.model} (version {state.model_version}) at step "
            f"{state.step}, not {name} (version {version}); use --model {state.model}, begin "
            "another beside it (understudy train --model-name NAME), or start over with --new"
        )


def _state(path: Path, data: Any) -> State:
    found = data.get("format") if isinstance(data, dict) else type(data).__name__
    if found not in (1, FORMAT):
        raise StoreError(f"{path.name}: expected checkpoint format 1 or {FORMAT}, got {found}")
    if found == 1:
        data = {"persons": list(_FORMAT_1_PERSONS), **data}
    unknown = sorted(set(data) - {each.name for each in fields(State)})
    if unknown:
        raise ValueError(f"it has {', '.join(unknown):.80}, which none of ours has")
    return State(
        step=codec.whole("step", data["step"]),
        model=codec.string("model", data["model"]),
        model_version=codec.string("model_version", data["model_version"]),
        model_options=dict(codec.mapping("model_options", data["model_options"])),
        seed=codec.whole("seed", data["seed"]),
        trained_s=codec.finite("trained_s", data["trained_s"]),
        persons=_persons(data["persons"]),
        losses={k: _number("losses", v) for k, v in codec.mapping("losses", data["losses"])},
        training=dict(codec.mapping("training", data["training"])),
        files={k: codec.string("files", v) for k, v in codec.mapping("files", data["files"])},
        computed={
            k: codec.string("computed", v)
            for k, v in codec.mapping("computed", data.get("computed", {}))
        },
        format=found,
        origins=_origins(data.get("origins")),
    )


def _origins(value: Any) -> dict[str, tuple[str, ...]] | None:
    if value is None:
        return None
    found = {}
    for person, films in codec.mapping("origins", value):
        if not isinstance(films, list):
            raise ValueError(f"origins: expected a list of fingerprints, got {films!r:.60}")
        found[person] = tuple(codec.string("origins", film) for film in films)
    return found


def _persons(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(person, str) for person in value):
        raise ValueError(f"persons: expected a list of ids, got {value!r:.60}")
    return tuple(value)


def _number(name: str, value: Any) -> float:
    """A loss; it may be endless, which is told and not computed with."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name}: expected a number, got {value!r:.60}")
    return float(value)


def _renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Format 1 named decoders after the sides, format 2 counts them."""
    numbers = {f"decoders.{p}.": f"decoders.{i}." for i, p in enumerate(_FORMAT_1_PERSONS)}
    return {
        next(
            (new + name[len(old) :] for old, new in numbers.items() if name.startswith(old)), name
        ): value
        for name, value in tensors.items()
    }


def _save_tensors(file: Path, group: Mapping[str, Tensor]) -> None:
    try:
        save_file({k: v.detach().cpu().contiguous() for k, v in group.items()}, file)
    except SafetensorError as error:
        # A full disk comes out of it as words, with the system's number in them.
        found = re.search(r"os error (\d+)", str(error))
        if found is None:
            raise
        code = int(found[1])
        raise OSError(code, os.strerror(code), os.fspath(file)) from error
