"""Damaged files of every kind that is read: fine, or refused in words, and nothing else."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import shutil
import zlib
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from ground import Ground

from understudy.flow import Silent
from understudy.interchange.carry import import_
from understudy.media import FilmReader
from understudy.nn import checkpoint
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import read_declarations, require
from understudy.store.alignments import Alignments
from understudy.store.faceset import read_face_png, read_record
from understudy.store.project import Project
from understudy.swap.loading import load_swapper
from understudy.testing.damage import mutated

# 5,313 in all, as in the first attack.
COUNTS = {
    "films": 800,
    "stills": 700,
    "alignments": 800,
    "faces": 700,
    "imports": 900,
    "consent": 500,
    "projects": 500,
    "models": 413,
}
Random = random.Random


def work_of(kind: str, ground: Ground, place: Path, seed: int) -> Callable[[int], str]:
    """A function that makes the n-th mutant of a kind and reads it; the same for the same seed."""
    return numbered(_KINDS[kind], kind, ground, place, seed)


def numbered(
    begin: Callable[[Ground, Path], Callable[[Random], str]],
    kind: str,
    ground: Ground,
    place: Path,
    seed: int,
) -> Callable[[int], str]:
    """An attack by the number of its mutant, so that any one of them can be made again alone."""
    place.mkdir(parents=True, exist_ok=True)
    attack = begin(ground, place)

    def work(number: int) -> str:
        return attack(Random(f"{seed}/{kind}/{number}"))

    return work


def other_values(plain: Any, rng: Random) -> Any:
    """Data with one to three values replaced by others of any type, or left out."""
    plain = json.loads(json.dumps(plain))
    for _ in range(rng.choice((1, 1, 2, 3))):
        places: list[tuple[Any, Any]] = []
        _places(plain, places)
        if not places:
            break
        holder, key = rng.choice(places)
        if rng.random() < 0.2:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(rng.choice(_VALUES))
    return plain


_VALUES: tuple[Any, ...] = (None, True, -1, 0, 1e308, 10**30, "", "\0", "../../x", "x" * 5000)
_VALUES += ([], {}, [[[[]]]], {"a": {"b": []}}, ["x", 1, None], float("nan"), -(2**63), 2**53)


def _places(plain: Any, found: list[tuple[Any, Any]]) -> None:
    if not isinstance(plain, (dict, list)):
        return
    for key in plain if isinstance(plain, dict) else range(len(plain)):
        found.append((plain, key))
        _places(plain[key], found)


def _films(ground: Ground, place: Path) -> Callable[[Random], str]:
    sources = [(path.suffix, path.read_bytes()) for path in ground.films()]

    def attack(rng: Random) -> str:
        suffix, data = rng.choice(sources)
        path = place / f"film{suffix}"
        path.write_bytes(mutated(data, rng))
        reader = FilmReader.open(path)
        return f"{sum(1 for _ in islice(reader.frames(), 12))} frames"

    return attack


def _stills(ground: Ground, place: Path) -> Callable[[Random], str]:
    sources = [(path.suffix, path.read_bytes()) for path in ground.stills()]

    def attack(rng: Random) -> str:
        suffix, data = rng.choice(sources)
        path = place / f"still{suffix}"
        path.write_bytes(mutated(data, rng))
        (frame,) = FilmReader.open(path).frames()
        return str(frame.pixels.shape)

    return attack


def _alignments(ground: Ground, place: Path) -> Callable[[Random], str]:
    data = (ground.folder / "a.alignments").read_bytes()
    path = place / "a.alignments"

    def attack(rng: Random) -> str:
        for beside in place.glob("a.alignments*"):
            beside.unlink()
        path.write_bytes(mutated(data, rng))
        if rng.random() < 0.2:
            end = rng.choice(("-journal", "-wal", "-shm"))
            (place / f"a.alignments{end}").write_bytes(rng.randbytes(rng.choice((0, 24, 4096))))
        with Alignments.open(path, read_only=rng.random() < 0.7) as store:
            told = (store.source, store.finished, store.summary(), store.counts(), store.carry)
            told += (store.timestamps(), store.tracks(), store.shots())
            return f"{sum(len(faces) for _, faces in store.by_frame())} faces, {len(told)} facts"

    return attack


def _faces(ground: Ground, place: Path) -> Callable[[Random], str]:
    sources = [path.read_bytes() for path in ground.faces()]
    path = place / "a_000001_0.png"

    def attack(rng: Random) -> str:
        data = rng.choice(sources)
        path.write_bytes(mutated(data, rng) if rng.random() < 0.4 else _other_record(data, rng))
        read_record(path)
        return str(read_face_png(path)[0].shape)

    return attack


def _other_record(png: bytes, rng: Random) -> bytes:
    """A face picture whose record holds other values, or other bytes, with fitting check sums."""
    at = png.index(b"iTXt") - 4
    size = int.from_bytes(png[at : at + 4])
    head, text = png[at + 8 : at + 8 + size].split(b"\0\0\0\0\0", 1)
    if rng.random() < 0.5:
        text = json.dumps(other_values(json.loads(text), rng)).encode()
    else:
        text = mutated(text, rng)
    chunk = b"iTXt" + head + b"\0\0\0\0\0" + text
    whole = (len(chunk) - 4).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4)
    return png[:at] + whole + png[at + 12 + size :]


def _imports(ground: Ground, place: Path) -> Callable[[Random], str]:
    sources = [(path.name, path.read_bytes()) for path in ground.imports()]
    film = ground.folder / "a.mp4"

    def attack(rng: Random) -> str:
        name, data = rng.choice(sources)
        packed = name.endswith("fsa")
        if packed and rng.random() < 0.7:  # past the check sum, into the pickle
            data = zlib.compress(mutated(zlib.decompress(data), rng), 1)
        elif not packed and rng.random() < 0.5:
            data = json.dumps(other_values(json.loads(data), rng)).encode()
        else:
            data = mutated(data, rng)
        (place / name).write_bytes(data)
        output = place / "out.alignments"
        for left in place.glob("out.alignments*"):
            left.unlink()
        import_(place / name, film, output, Silent())
        return "imported"

    return attack


def _consent(ground: Ground, place: Path) -> Callable[[Random], str]:
    data = (ground.project / "consent.toml").read_bytes()
    path = place / "consent.toml"

    def attack(rng: Random) -> str:
        path.write_bytes(mutated(data, rng))
        people = read_declarations(path)
        require(people, ["a", "b"])
        return f"{len(people)} people"

    return attack


def _projects(ground: Ground, place: Path) -> Callable[[Random], str]:
    data = (ground.project / "project.json").read_bytes()
    audit = (ground.project / "audit.jsonl").read_bytes()
    folder = place / "p.understudy"
    folder.mkdir(exist_ok=True)

    def attack(rng: Random) -> str:
        text = mutated(data, rng)
        if rng.random() < 0.7:
            text = json.dumps(other_values(json.loads(data), rng)).encode()
        (folder / "project.json").write_bytes(text)
        (folder / "audit.jsonl").write_bytes(mutated(audit, rng) if rng.random() < 0.3 else audit)
        with Project.open(folder, read_only=True) as project:
            told = [project.persons, project.sources, project.renders]
        return f"{len(told)} tables, {len(AuditLog(folder / 'audit.jsonl').entries())} lines"

    return attack


def _models(ground: Ground, place: Path) -> Callable[[Random], str]:
    (model,) = ground.project.glob("models/*")
    source = checkpoint.steps(model)[0]
    state = json.loads((source / "state.json").read_bytes())
    tensors = {path.name: path.read_bytes() for path in source.glob("*.safetensors")}

    def attack(rng: Random) -> str:
        shutil.rmtree(place)
        step = place / source.name
        step.mkdir(parents=True)
        name = "ema.safetensors" if "ema.safetensors" in tensors else "weights.safetensors"
        data, told = tensors[name], state
        how = rng.randrange(3)
        if how == 0:
            told = other_values(state, rng)
        elif how == 1:  # the table of tensors in its head, with a digest that fits
            head = 8 + int.from_bytes(data[:8], "little")
            data = mutated(data[:head], rng) + data[head:]
            told = state | {"files": {name: hashlib.sha256(data).hexdigest()}}
        else:
            data = mutated(data, rng)
        if how != 1:
            for other in tensors.keys() - {name}:
                (step / other).symlink_to(source / other)
        (step / name).write_bytes(data)
        text = json.dumps(told).encode()
        (step / "state.json").write_bytes(mutated(text, rng) if rng.random() < 0.2 else text)
        return load_swapper(place, "cpu").name

    return attack


_KINDS: dict[str, Callable[[Ground, Path], Callable[[Random], str]]] = {
    "films": _films,
    "stills": _stills,
    "alignments": _alignments,
    "faces": _faces,
    "imports": _imports,
    "consent": _consent,
    "projects": _projects,
    "models": _models,
}
