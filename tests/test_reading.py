"""What is read may be anybody's: pipes, devices, bombs and wrong types are answered, not obeyed."""

from __future__ import annotations

import json
import os
import signal
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from understudy import files
from understudy.detect.from_file import read_boxes
from understudy.errors import UnderstudyError
from understudy.flow import Silent
from understudy.interchange.carry import import_
from understudy.media import FilmReader
from understudy.nn import checkpoint
from understudy.options.toml_file import read_toml
from understudy.plugin import default_registry
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import read_declarations
from understudy.provenance.verify import verify
from understudy.runs.settings import whole_tree
from understudy.stages.faces.pictures import cut_until
from understudy.stages.release.place import Receipt
from understudy.stages.repair.remove import read_ids
from understudy.stages.train.scored.kept import read_curve
from understudy.store.alignments import Alignments
from understudy.store.faceset import read_face_png, read_record
from understudy.store.lock import holder_of, lock_path
from understudy.store.project import Project
from understudy.weights.pins import read_pins

READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "film": ("a.mp4", FilmReader.open),
    "picture": ("a.png", FilmReader.open),
    "face": ("a_000001_0.png", read_face_png),
    "record": ("a_000001_0.png", read_record),
    "alignments": ("a.alignments", lambda p: Alignments.open(p, read_only=True)),
    "consent": ("consent.toml", read_declarations),
    "audit": ("audit.jsonl", lambda p: AuditLog(p).entries()),
    "options": ("o.toml", lambda p: read_toml(p, whole_tree(default_registry()))),
    "project": ("project.json", lambda p: Project.open(p.parent, read_only=True)),
    "model": ("step_00000001/state.json", lambda p: checkpoint.newest(p.parents[1])),
    "credentials": ("v.mp4", verify),
    "boxes": ("b.json", read_boxes),
    "ids": ("ids.txt", read_ids),
    "pins": ("pins.json", lambda p: read_pins(p.parent)),
    "fsa": ("a.fsa", lambda p: import_(p, p.parent / "a.mp4", p.parent / "o", Silent())),
    "json": ("a.json", lambda p: import_(p, p.parent / "a.mp4", p.parent / "o", Silent())),
    "pak": ("faceset.pak", lambda p: import_(p, None, p.parent / "o", Silent())),
}
# What is only looked at: nothing readable means nothing known.
LOOKED_AT: dict[str, tuple[str, Callable[[Path], object], object]] = {
    "receipt": ("r.json", Receipt.read_from, None),
    "curve": ("scores.json", lambda p: read_curve(p.parent), []),
    "mark": (".pictures.json", lambda p: cut_until(p.parent, "x"), None),
}


@pytest.fixture(autouse=True)
def _never_for_ever() -> Iterator[None]:
    def hung(*_: Any) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, hung)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
@pytest.mark.parametrize("what", READERS)
def test_only_regular_files_are_read(tmp_path: Path, what: str, kind: str) -> None:
    name, read = READERS[what]
    path = _strange(tmp_path / name, kind)
    if (what, kind) in (("film", "folder"), ("picture", "folder")):
        (path / "nothing.txt").touch()  # folders of pictures are read; this one has none
    with pytest.raises(UnderstudyError, match=name.split("/")[0]):
        read(path)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
@pytest.mark.parametrize("what", LOOKED_AT)
def test_what_is_only_looked_at_is_taken_for_nothing(tmp_path: Path, what: str, kind: str) -> None:
    name, read, nothing = LOOKED_AT[what]
    assert read(_strange(tmp_path / name, kind)) == nothing


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_the_note_of_a_lock_is_no_pipe(tmp_path: Path, kind: str) -> None:
    _strange(lock_path(tmp_path / "x").with_suffix(".holder"), kind)
    assert holder_of(tmp_path / "x") is None


def test_weights_are_regular_files(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="named pipe"):
        files.read_file(_strange(tmp_path / "w.onnx", "pipe"), 1 << 20)


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, '{"a":' * 200_000, "[" + "{}," * 300_000 + "0]", "[" + "[]," * 300_000 + "0]"],
    ids=["deep lists", "deep tables", "many tables", "many lists"],
)
@pytest.mark.parametrize(
    "name",
    ["step_00000001/state.json", "project.json", "scores.json", ".pictures.json", "pins.json"],
)
def test_deep_and_large_json_is_refused_at_little_cost(
    tmp_path: Path, name: str, text: str
) -> None:
    """Three bytes of text may become 72 of memory."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    readers = dict(READERS.values()) | {n: r for n, r, _ in LOOKED_AT.values()}
    tracemalloc.start()
    try:
        readers[name](path)
    except UnderstudyError as error:
        assert path.parent.name in str(error) or name in str(error)
    else:
        assert name in {n for n, _, _ in LOOKED_AT.values()}
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 40 << 20


def test_what_is_just_not_too_deep_can_be_shown(tmp_path: Path) -> None:
    """Read by somebody with half a stack left, walked by somebody with less."""
    deepest = next(d for d in range(1000, 0, -1) if _parses("[" * d + "]" * d))
    found = files.parse_json("[" * deepest + "]" * deepest)
    assert deepest > 100 and len(repr(found)) == 2 * deepest


def _parses(text: str) -> bool:
    try:
        files.parse_json(text)
    except ValueError:
        return False
    return True


NO_NUMBER: list[Any] = [None, [], {}, "x", True, [[["x"]]], {"a": {"b": []}}]
NO_TEXT: list[Any] = [None, [], {}, 1, {"a": []}]
NO_TABLE: list[Any] = [None, [], "x", 1, [["x"]]]
WRONG: dict[str, list[Any]] = {
    "step": [*NO_NUMBER, 1.5, 10**30],
    "seed": [*NO_NUMBER, 1.5, 10**30],
    "trained_s": NO_NUMBER,
    "model": NO_TEXT,
    "model_version": NO_TEXT,
    "persons": [None, {}, "ab", 1, [1, 2], [["a"], ["b"]]],
    "model_options": NO_TABLE,
    "training": NO_TABLE,
    "losses": [*NO_TABLE, {"a": "x"}, {"a": [1.0]}],
    "files": [*NO_TABLE, {"a": 1}, {"a": []}],
    "computed": [*NO_TABLE, {"cpu": 1}],
}


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, vs in WRONG.items() for v in vs])
def test_a_model_of_wrong_types_is_refused_by_name(tmp_path: Path, key: str, value: Any) -> None:
    step = tmp_path / "step_00000001"
    step.mkdir()
    state = {
        "step": 1,
        "model": "m",
        "model_version": "1",
        "model_options": {},
        "seed": 1,
        "trained_s": 1.0,
        "persons": ["a", "b"],
        "losses": {"a": 0.5},
        "training": {},
        "files": {},
        "computed": {},
        "format": 2,
    }
    (step / "state.json").write_text(json.dumps(state))
    assert checkpoint.newest(tmp_path) is not None
    (step / "state.json").write_text(json.dumps(state | {key: value}))
    with pytest.raises(checkpoint.StoreError, match=rf"state\.json is damaged .*{key}"):
        checkpoint.newest(tmp_path)
    (step / "state.json").write_text(json.dumps({k: v for k, v in state.items() if k != key}))
    if key != "computed":  # which earlier ones lacked
        with pytest.raises(checkpoint.StoreError, match=key):
            checkpoint.newest(tmp_path)


def _chunk(kind: bytes, data: bytes) -> bytes:
    whole = kind + data
    return len(data).to_bytes(4) + whole + zlib.crc32(whole).to_bytes(4)


def test_a_small_face_picture_takes_little_memory(tmp_path: Path, people) -> None:
    """60 kB that unfold to twenty million tables: 1.6 GiB before."""
    import cv2

    png = cv2.imencode(".png", people.a[0])[1].tobytes()
    packed = zlib.compress(b"[" + b"{}," * (20 << 20) + b"0]", 9)
    record = _chunk(b"iTXt", b"understudy\0\1\0\0\0" + packed)
    path = tmp_path / "a_000001_0.png"
    path.write_bytes(png[:33] + record + png[33:])
    assert path.stat().st_size < 150_000
    tracemalloc.start()
    try:
        with pytest.raises(UnderstudyError, match="record cannot be read"):
            read_record(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 << 20


def _strange(path: Path, kind: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    return path
