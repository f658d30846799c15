"""Declarations of consent: who is in the picture, on what basis, for what, until when.

Nothing is converted without a valid one for each person. A declaration is a statement by the
person who uses Understudy, kept in `consent.toml` of the project where it can be read and edited;
only the hash of a release form is kept, never the form.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from understudy.errors import ConsentMissing, StoreError, ValueRefused
from understudy.store.atomic import commit_bytes

Side = Literal["a", "b"]
Basis = Literal["self", "consented", "estate", "synthetic", "historic-education"]
Purpose = Literal["film-vfx", "education", "research", "museum", "parody", "dubbing"]
SIDES: tuple[Side, ...] = get_args(Side)
BASES: Mapping[Basis, str] = {
    "self": "it is me",
    "consented": "this person agreed, in writing where that is asked for",
    "estate": "this person is dead, and those who hold the rights agreed",
    "synthetic": "this person does not exist",
    "historic-education": "a historic figure, shown for teaching and marked as such",
}
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
_FORMAT = 1
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is declared about one person of a project.

    Attributes:
        side: which film shows the person, "a" or "b".
        name: of the person, for the project's own records; never written into an output.
        basis: one of `BASES`.
        adult: whether the person is of age.
        intimate: whether the footage is intimate or sexual; always refused.
        scope: what the consent covers, such as a film's title.
        purpose: one of `PURPOSES`, or "" while it is not declared.
        declared_by: who declares this.
        declared_at: when.
        id: tells people of one side apart.
        evidence_sha256: of a release form kept elsewhere, hex, or "".
        expires: last day on which it holds, or None.
        revoked_at: day on which the person took it back, or None.
    """

    side: Side
    name: str
    basis: Basis
    adult: bool
    intimate: bool
    scope: str
    purpose: Purpose | Literal[""]
    declared_by: str
    declared_at: datetime
    id: str = ""
    evidence_sha256: str = ""
    expires: date | None = None
    revoked_at: date | None = None

    def __post_init__(self) -> None:
        _expect("side", self.side, SIDES)
        _expect("basis", self.basis, tuple(BASES))
        _expect("purpose", self.purpose, ("", *PURPOSES))
        object.__setattr__(self, "id", self.id or self.side)
        for name in ("id", "name", "scope", "declared_by", "evidence_sha256"):
            value = getattr(self, name)
            if not isinstance(value, str) or not _is_unicode(value):
                raise ValueRefused(f"{name}: expected text, got {value!r}")
        for name in ("adult", "intimate"):
            if not isinstance(getattr(self, name), bool):
                raise ValueRefused(f"{name}: expected true or false, got {getattr(self, name)!r}")
        if self.evidence_sha256 and not re.fullmatch("[0-9a-f]{64}", self.evidence_sha256):
            raise ValueRefused(
                f"evidence_sha256: expected 64 hex digits, got {self.evidence_sha256!r}"
            )
        if not isinstance(self.declared_at, datetime) or self.declared_at.tzinfo is None:
            raise ValueRefused(
                f"declared_at: expected a time with its zone, got {self.declared_at!r}"
            )
        for name in ("expires", "revoked_at"):
            value = getattr(self, name)
            if isinstance(value, datetime):
                object.__setattr__(self, name, value.date())
            elif value is not None and not isinstance(value, date):
                raise ValueRefused(f"{name}: expected a day such as 2027-01-31, got {value!r}")

    def objection(self, today: date) -> str:
        """Why this declaration does not allow a conversion today, or ""."""
        if self.intimate:
            return "the footage is declared intimate; Understudy never converts that"
        if not self.adult:
            return "this person is declared under age, or it is not declared; that is refused"
        if self.revoked_at is not None:
            return f"the consent was taken back on {self.revoked_at}"
        if self.expires is not None and self.expires < today:
            return f"the consent ended on {self.expires}"
        if not self.name.strip() and self.basis != "synthetic":
            return "it does not say who this is"
        if not self.scope.strip():
            return "it does not say what the consent covers (scope)"
        if not self.purpose:
            return f"it does not say what for (purpose: {', '.join(PURPOSES)})"
        if not self.declared_by.strip():
            return "it does not say who declares this"
        return ""


def require(
    declarations: Sequence[Declaration],
    sides: Sequence[Side] = SIDES,
    today: date | None = None,
    project: str = "PROJECT",
) -> list[Declaration]:
    """The declarations of everyone on these sides, all of them valid.

    Args:
        declarations: all that the project has.
        sides: the films whose people are in the output.
        today: the day to judge by, by default today.
        project: the folder's name, for the command in the message.

    Raises:
        ConsentMissing: someone has none, or one does not hold; says why and what to do.
    """
    today = today or date.today()
    reasons = []
    valid = []
    for side in sides:
        people = [d for d in declarations if d.side == side]
        if not people:
            reasons.append(f"nobody has declared consent for the person in film {side.upper()}")
        for person in people:
            objection = person.objection(today)
            if objection:
                who = f" ({person.name})" if person.name.strip() else ""
                reasons.append(f"film {side.upper()}{who}: {objection}")
            else:
                valid.append(person)
    if reasons:
        raise ConsentMissing(
            f"nothing is converted: {'; '.join(reasons)}. "
            f"To declare it, run: understudy consent {project}"
        )
    return valid


def now() -> datetime:
    """The time to put into `Declaration.declared_at`: UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def read_declarations(path: Path) -> list[Declaration]:
    """What `consent.toml` declares; nothing when there is no such file.

    Raises:
        StoreError: it cannot be read, or is not such a file; says where.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueRefused(f"larger than {_MAX_BYTES} bytes")
        plain = tomllib.loads(path.read_bytes().decode("utf-8"))
        return [_from_plain(n, person) for n, person in enumerate(_people(plain), 1)]
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


def write_declarations(path: Path, declarations: Sequence[Declaration]) -> None:
    """Write `consent.toml`, replacing it whole.

    Raises:
        DiskFull, StoreError: it cannot be written; the old one stays.
    """
    commit_bytes(path, to_toml(declarations))


def to_toml(declarations: Sequence[Declaration]) -> bytes:
    """The content of `consent.toml`, UTF-8."""
    lines = [
        "# Who is in these films, and what they agreed to. Read by understudy convert.",
        "# To take consent back, add a line such as: revoked_at = 2027-01-31",
        f"format = {_FORMAT}",
    ]
    for declaration in declarations:
        lines += ["", "[[person]]"]
        for field in fields(declaration):
            value = getattr(declaration, field.name)
            if value not in (None, ""):
                lines.append(f"{field.name} = {_toml(value)}")
    return ("\n".join(lines) + "\n").encode("utf-8")


def _people(plain: Mapping[str, Any]) -> list[Any]:
    if plain.get("format") != _FORMAT:
        raise ValueRefused(f"expected format = {_FORMAT}, got {plain.get('format')!r}")
    people = plain.get("person", [])
    if set(plain) - {"format", "person"} or not isinstance(people, list):
        raise ValueRefused(f"expected [[person]] tables only, got {', '.join(sorted(plain))}")
    return people


def _from_plain(number: int, plain: Any) -> Declaration:
    if not isinstance(plain, dict):
        raise ValueRefused(f"person {number}: expected a table, got {plain!r}")
    known = {field.name for field in fields(Declaration)}
    unknown = sorted(set(plain) - known)
    if unknown:
        raise ValueRefused(
            f"person {number}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )
    # What is left out is not declared: never adult, never harmless, by default.
    blank = {"name": "", "scope": "", "purpose": "", "declared_by": "", "adult": False}
    plain = {**blank, **plain}
    for needed in ("side", "basis", "intimate", "declared_at"):
        if needed not in plain:
            raise ValueRefused(f"person {number}: {needed} is missing")
    return Declaration(**plain)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return f'"{"".join(_ESCAPES.get(c) or c for c in value)}"'


_ESCAPES = {chr(code): f"\\u{code:04x}" for code in (*range(32), 127)} | {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\t": "\\t",
}


def _expect(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        known = ", ".join(a for a in allowed if a)
        raise ValueRefused(f"{name}: expected one of {known}, got {value!r}")


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
