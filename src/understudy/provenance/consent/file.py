"""`consent.toml`: declarations where people can read and edit them.

A declaration that is made again changes its own table and nothing else: other persons, comments
and the order of things stay as people wrote them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.errors import StoreError, ValueRefused
from understudy.files import read_file
from understudy.provenance.consent.declaration import Declaration
from understudy.store.atomic import commit_bytes
from understudy.store.copies import keep_copy
from understudy.store.lock import WriterLock

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table

FORMAT_VERSION = 2
_MAX_BYTES = 1 << 20
_HEAD = (
    "Who is in these films, and what they agreed to. Read by understudy convert.",
    "To take consent back, add a line such as: revoked_at = 2027-01-31",
)
_KEYS = tuple(field.name for field in fields(Declaration))


def read_declarations(path: Path) -> list[Declaration]:
    """What a file declares, of format 1 or 2; nothing when there is no such file.

    Format 1 knew sides instead of persons: they are the persons `a` and `b`.

    Raises:
        StoreError: it cannot be read, or is not such a file; says where.
    """
    try:
        plain = tomllib.loads(_text(path))
        key = _person_key(plain)
        return [_from_plain(n, each, key) for n, each in enumerate(plain.get("person", []), 1)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    except (ValueError, RecursionError) as error:
        raise StoreError(
            f"{path}: {error}; correct it, or move it away and run understudy consent again"
        ) from error


def declared_text(path: Path) -> str:
    """A file as people wrote it, for showing; empty where there is none.

    Raises:
        StoreError: it is not such a file, as for `read_declarations`.
    """
    return _text(path) if read_declarations(path) or path.exists() else ""


def keep_declarations(path: Path, new: Sequence[Declaration]) -> None:
    """Write declarations into a file; each replaces the one of the same person and id, if any.

    Raises:
        DiskFull, StoreError: it cannot be written, or what is there is no such file; it stays.
    """
    with _turn(path):
        _keep(path, new)


def _keep(path: Path, new: Sequence[Declaration]) -> None:
    import tomlkit

    _bring_up(path)
    known = read_declarations(path)  # what cannot be read is not written over
    document = tomlkit.parse(_text(path)) if path.exists() else _blank()
    places = {(d.person, d.id): n for n, d in enumerate(known)}
    for declaration in new:
        key = (declaration.person, declaration.id)
        if key not in places:
            places[key] = len(places)
            _added(document)
        _fill(_tables(document, path)[places[key]], declaration)
    commit_bytes(path, tomlkit.dumps(document).encode("utf-8"))


def bring_up(path: Path) -> Path | None:
    """Bring a file of format 1 to format 2; comments stay.

    Returns:
        The copy that was kept of it, or None where nothing was to be done.

    Raises:
        DiskFull, StoreError: it cannot be written, or is no such file; it stays as it is.
    """
    if not path.exists():
        return None
    with _turn(path):
        return _bring_up(path)


def _turn(path: Path) -> WriterLock:
    """Two who declare at once must not lose each other's words."""
    return WriterLock(path, "declaration of consent", wait_s=20.0)


def _bring_up(path: Path) -> Path | None:
    import tomlkit

    if not path.exists():
        return None
    read_declarations(path)  # says what is wrong with it
    document = tomlkit.parse(_text(path))
    if document["format"] == FORMAT_VERSION:
        return None
    for table in _tables(document, path):
        _rename(table, "side", "person")
    document["format"] = FORMAT_VERSION
    copy = keep_copy(path, "v1")
    commit_bytes(path, tomlkit.dumps(document).encode("utf-8"))
    return copy


def _text(path: Path) -> str:
    try:
        return read_file(path, _MAX_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueRefused(f"is no text from byte {error.start} on") from error


def _person_key(plain: Mapping[str, Any]) -> str:
    """Under which key a table says whom it is about, once the file was found to be one of ours."""
    version = plain.get("format")
    if version not in (1, FORMAT_VERSION):
        raise ValueRefused(f"expected format = {FORMAT_VERSION}, got {version!r}")
    if set(plain) - {"format", "person"} or not isinstance(plain.get("person", []), list):
        raise ValueRefused(f"expected [[person]] tables only, got {', '.join(sorted(plain))}")
    return "side" if version == 1 else "person"


def _from_plain(number: int, plain: Any, key: str) -> Declaration:
    if not isinstance(plain, dict):
        raise ValueRefused(f"person {number}: expected a table, got {plain!r}")
    known = {*_KEYS, key} - {"person"} | {key}
    unknown = sorted(set(plain) - known)
    if unknown:
        raise ValueRefused(
            f"person {number}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
    # What is left out is not declared: never adult, never harmless, by default.
    blank = {"name": "", "scope": "", "purpose": "", "declared_by": "", "adult": False}
    for needed in (key, "basis", "intimate", "declared_at"):
        if needed not in plain:
            raise ValueRefused(f"person {number}: {needed} is missing")
    if key == "side" and plain["side"] not in ("a", "b"):
        raise ValueRefused(f"person {number}: side: expected a or b, got {plain['side']!r}")
    plain = {**blank, **plain}
    return Declaration(person=plain.pop(key), **plain)


def _tables(document: TOMLDocument, path: Path) -> Sequence[Table]:
    from tomlkit.items import AoT

    people: Any = document.get("person", [])
    if people and not isinstance(people, AoT):
        raise StoreError(f"{path}: write each person as a table of its own that begins [[person]]")
    return people


def _blank() -> TOMLDocument:
    import tomlkit

    document = tomlkit.document()
    for line in _HEAD:
        document.add(tomlkit.comment(line))
    document["format"] = FORMAT_VERSION
    return document


def _added(document: TOMLDocument) -> Table:
    """A new table at the end, one empty line below what is there."""
    import tomlkit

    table = tomlkit.table()
    if not tomlkit.dumps(document).endswith("\n\n"):
        table.trivia.indent = "\n"
    if "person" not in document:
        document["person"] = tomlkit.aot()
    people: Any = document["person"]
    people.append(table)
    added: Table = people[-1]
    return added


def _fill(table: Table, declaration: Declaration) -> None:
    body = table.value.body
    n_own = len(body)
    while n_own and body[n_own - 1][0] is None:
        n_own -= 1
    below = body[n_own:]  # what stands between this table and the next belongs to that one
    del body[n_own:]
    for name in _KEYS:
        value = getattr(declaration, name)
        if value in (None, "", ()) or (name == "id" and value == declaration.person):
            table.pop(name, None)
        else:
            value = list(value) if isinstance(value, tuple) else value
            if table.get(name) != value:
                table[name] = value
    body.extend(below)


def _rename(table: Table, old: str, new: str) -> None:
    """Another key for the same value, in its place and with its comment."""
    body: list[Any] = list(table.value.body)
    for key in list(table):
        table.remove(key)
    table.value.body.clear()
    for key, item in body:
        if key is None:
            table.add(item)
        else:
            table.add(new if key.key == old else key, item)
