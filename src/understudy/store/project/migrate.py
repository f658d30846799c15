"""From a project of format 1, which had two sides, to one with a cast.

Folders are renamed, not copied; of `project.json` a copy is kept. The new `project.json` is written
last, and every step is left alone once it is done: killed at any moment, it goes on when the
project is opened again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.errors import StoreError
from understudy.files import parse_json, read_file, read_json, refuse_way_out
from understudy.store import atomic, codec
from understudy.store.copies import keep_copy
from understudy.store.ids import slug
from understudy.store.project import file
from understudy.store.project.file import Content
from understudy.store.project.values import ALL, Person, Render, Source

_LETTERS = ("a", "b")
_MODEL = "model"
_MAX_RECEIPT_BYTES, _MAX_RECEIPT_VALUES = 64 << 20, 4_000_000
_MAX_AUDIT_BYTES = 64 << 20
_READS = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class _Plan:
    content: Content
    moves: tuple[tuple[Path, Path], ...]


def is_old(folder: Path) -> bool:
    """Whether a project is of an older format, which is brought up when it is opened for writing.

    Raises:
        StoreError: it is damaged.
    """
    return bool(file.read_plain(folder / file.NAME)["version"] == 1)


def bring_up(folder: Path) -> tuple[str, ...]:
    """Bring a project folder to the present format.

    Returns:
        What was done, for people; nothing where nothing was to be done.

    Raises:
        StoreError: it is damaged, or a folder that something has to move to is taken.
        DiskFull: as it says; run again to go on.
    """
    path = folder / file.NAME
    if not is_old(folder):
        return ()
    plain = file.read_plain(path)
    try:
        plan = _plan(folder, plain)
    except _READS as error:
        raise file.damaged(path, error) from error
    copy = keep_copy(path, "v1")
    for old, new in plan.moves:
        _move(old, new)
    for side in _LETTERS:
        if _is_empty(folder / side):
            _remove(folder / side)
    file.write(path, plan.content)
    return (
        f"{folder.name} was of format 1 and has a cast now: "
        f"{_words(plan.content)}; the model is in models/{_MODEL}, reports are in renders; "
        f"{copy.name} is what project.json was",
    )


def _plan(folder: Path, plain: Mapping[str, Any]) -> _Plan:
    sources: dict[str, Source] = {}
    moves: list[tuple[Path, Path]] = []
    given = dict(codec.mapping("sources", plain["sources"]))
    for side in _LETTERS:
        source = _source(folder, side, given.get(side), sources)
        if source is not None:
            sources[source.id] = source
            moves.append((folder / side, folder / "sources" / source.id))
    renders = _renders(folder, sources)
    last = next(reversed(renders), "out")
    moves.append((folder / "model", folder / "models" / _MODEL))
    for name in ("report.md", "contact_sheet.png"):
        moves.append((folder / name, folder / "renders" / last / name))
    content = Content(
        created=codec.string("created", plain["created"]),
        sources=sources,
        persons={side: Person(side) for side in _LETTERS},
        renders=renders,
        settings=dict(codec.mapping("settings", plain["settings"])),
    )
    return _Plan(content, tuple(moves))


def _source(folder: Path, side: str, given: Any, taken: Mapping[str, Source]) -> Source | None:
    """The source of a side; pictures that were put there without a film are one as well."""
    if given is not None:
        path = Path(codec.string("path", given["path"]))
        return Source(
            id=slug("source", path.stem, taken),
            path=path,
            relative=codec.string("relative", given["relative"]),
            fingerprint=codec.string("fingerprint", given["fingerprint"]),
            persons={ALL: side},
        )
    moved = folder / "sources" / side
    if not (moved.exists() or any((folder / side).glob("faces/*.png"))):
        return None
    relative = Path("sources", side, "faces")
    return Source(side, folder / relative, str(relative), "", "faces", {ALL: side})


def _renders(folder: Path, sources: Mapping[str, Source]) -> dict[str, Render]:
    """Outputs that receipts know, with the source that the log has; the latest last."""
    outputs = {path.name: path for path in _receipts(folder / "work")}
    found: dict[str, Render] = {}
    for name, fingerprint in _converted(folder / "audit.jsonl"):
        source = next((s for s in sources.values() if s.fingerprint == fingerprint), None)
        if source is None or name not in outputs:
            continue
        (plate,) = source.persons.values()
        donor = _LETTERS[1 - _LETTERS.index(plate)]
        id_ = slug("render", Path(name).stem)
        found.pop(id_, None)
        found[id_] = Render(id_, source.id, _MODEL, {ALL: donor}, outputs[name], {}, 1)
    return found


def _receipts(work: Path) -> Iterator[Path]:
    for path in sorted(work.glob("*.json")):
        with suppress(OSError, *_READS):
            yield Path(
                codec.string(
                    "output", read_json(path, _MAX_RECEIPT_BYTES, _MAX_RECEIPT_VALUES)["output"]
                )
            )


def _converted(audit: Path) -> Iterator[tuple[str, str]]:
    """Name and source of every output, from the log's lines; whether it holds is not judged."""
    with suppress(OSError, *_READS):
        for line in read_file(audit, _MAX_AUDIT_BYTES).splitlines():
            plain = parse_json(line)
            if plain["event"] == "converted":
                yield str(plain["facts"]["output"]), str(plain["facts"]["source"])


def _move(old: Path, new: Path) -> None:
    """Rename, unless that was done; what an earlier Understudy made anew and left empty goes."""
    if not old.exists():
        return
    if new.exists() and _is_empty(old):
        _remove(old)
        return
    if new.exists() and _is_empty(new):
        _remove(new)
    if new.exists():
        raise StoreError(
            f"{old}: cannot be moved to {new.relative_to(old.parent)}, which is there already; "
            "move one of them away, then run again"
        )
    atomic.move(old, new)


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(not p.is_dir() for p in path.rglob("*"))


def _remove(folder: Path) -> None:
    try:
        refuse_way_out(folder)
        shutil.rmtree(folder)
    except OSError as error:
        raise atomic.explain(error, folder) from error


def _words(content: Content) -> str:
    return (
        ", ".join(
            f"person {person} is seen in sources/{source.id}"
            for source in content.sources.values()
            for person in source.persons.values()
        )
        or "nothing was extracted yet"
    )
