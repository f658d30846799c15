"""What is declared about one person, and whether that allows a conversion."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Literal, get_args

from understudy.errors import ConsentMissing, ValueRefused
from understudy.shell import quoted
from understudy.store.ids import check_id

Basis = Literal["self", "consented", "estate", "synthetic", "historic-education"]
Purpose = Literal["film-vfx", "education", "research", "museum", "parody", "dubbing"]
BASES: Mapping[Basis, str] = {
    "self": "it is me",
    "consented": "this person agreed, in writing where that is asked for",
    "estate": "this person is dead, and those who hold the rights agreed",
    "synthetic": "this person does not exist",
    "historic-education": "a historic figure, shown for teaching and marked as such",
}
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
INTIMATE = "the footage is declared intimate; Understudy never converts that"
UNDER_AGE = "this person is declared under age, or it is not declared; that is refused"
_UNSEEN = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters that show nothing: Hangul fillers and the empty Braille cell."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is declared about one person of a project.

    Attributes:
        person: the project's id of the person.
        name: of the person, for the project's own records; never written into an output.
        basis: one of `BASES`.
        adult: whether the person is of age.
        intimate: whether the footage is intimate or sexual; always refused.
        scope: what the consent covers, such as a film's title.
        purpose: one of `PURPOSES`, or "" while it is not declared.
        declared_by: who declares this.
        declared_at: when.
        id: tells several people apart whom the films of one person of the project show together;
            each of them needs a valid declaration. By default the person's id.
        evidence_sha256: of a release form kept elsewhere, hex, or "".
        expires: last day on which it holds, or None.
        revoked_at: day on which the person took it back, or None.
        films: fingerprints of the films that showed the person when this was declared, so that a
            declaration of another project is not taken for one of this; none while there are none.
    """

    person: str
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
    films: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_id("person", self.person)
        _expect("basis", self.basis, tuple(BASES))
        _expect("purpose", self.purpose, ("", *PURPOSES))
        object.__setattr__(self, "id", self.id or self.person)
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
        if not isinstance(self.films, list | tuple) or not all(
            isinstance(film, str) and _is_unicode(film) for film in self.films
        ):
            raise ValueRefused(f"films: expected a list of fingerprints, got {self.films!r:.100}")
        object.__setattr__(self, "films", tuple(self.films))
        if not isinstance(self.declared_at, datetime) or self.declared_at.tzinfo is None:
            raise ValueRefused(
                "declared_at: expected a time with its zone, without quotes, such as "
                f"2027-01-31T09:00:00Z, got {self.declared_at!r}"
            )
        for name in ("expires", "revoked_at"):
            value = getattr(self, name)
            if isinstance(value, datetime):
                object.__setattr__(self, name, value.date())
            elif value is not None and not isinstance(value, date):
                raise ValueRefused(
                    f"{name}: expected a day without quotes, such as 2027-01-31, got {value!r}"
                )

    def forbids(self, today: date) -> str:
        """Why nothing may be made of this person at all, training included, or ""."""
        if self.intimate:
            return INTIMATE
        if not self.adult:
            return UNDER_AGE
        return self.gone(today) or self._too_early(today)

    def gone(self, today: date) -> str:
        """That the consent was given and is no more, or ""."""
        if self.revoked_at is not None:
            return f"the consent was taken back on {self.revoked_at}"
        if self.expires is not None and self.expires < today:
            return f"the consent ended on {self.expires}"
        return ""

    def _too_early(self, today: date) -> str:
        declared = self.declared_at.astimezone().date()
        if declared <= today:
            return ""
        return (
            f"it was declared on {declared}, and today is {today}: set this machine's clock, or "
            "correct declared_at"
        )

    def objection(self, today: date) -> str:
        """Why this declaration does not allow a conversion today, or ""."""
        if forbidden := self.forbids(today):
            return forbidden
        if self.basis == "historic-education" and self.purpose == "parody":
            return (
                "historic-education is for teaching, and a parody does not teach; declare it on "
                "another basis, or for another purpose"
            )
        if is_blank(self.name) and self.basis != "synthetic":
            return "it does not say who this is"
        if is_blank(self.scope):
            return "it does not say what the consent covers (scope)"
        if not self.purpose:
            return f"it does not say what for (purpose: {', '.join(PURPOSES)})"
        if is_blank(self.declared_by):
            return "it does not say who declares this"
        return ""


def require(
    declarations: Sequence[Declaration],
    persons: Sequence[str],
    today: date | None = None,
    project: str = "PROJECT",
) -> list[Declaration]:
    """The declarations of these persons, all of them valid.

    Args:
        declarations: all that the project has.
        persons: ids of everyone whose face is replaced or goes in.
        today: the day to judge by, by default today.
        project: the folder's name, for the command in the message.

    Raises:
        ConsentMissing: someone has none, or one does not hold; says why and what to do.
    """
    today = today or date.today()
    persons = list(dict.fromkeys(persons))
    reasons, lacking, valid = [], [], []
    for person in persons:
        of_person = [d for d in declarations if d.person == person]
        objections = [_objection(d, today) for d in of_person if d.objection(today)]
        if not of_person:
            objections = [f"nobody has declared consent for {person}"]
        if objections:
            reasons += objections
            lacking.append(person)
        valid += of_person
    if reasons:
        raise ConsentMissing(
            f"nothing is converted: {'; '.join(reasons)}. "
            f"{_what_to_do(declarations, lacking, today, project)}"
        )
    return valid


def refuse_forbidden(
    declarations: Sequence[Declaration],
    persons: Sequence[str],
    today: date | None = None,
    project: str = "PROJECT",
) -> None:
    """Refuse to learn faces of persons who did not agree to it, or do not any more.

    Somebody of whom nothing is declared yet may be learnt; nothing is shown of them until it is.

    Args:
        declarations: all that the project has.
        persons: ids of those who would be learnt.
        today: the day to judge by, by default today.
        project: the folder's name, for the command in the message.

    Raises:
        ConsentMissing: says whose consent is gone or was never possible, and what to do.
    """
    today = today or date.today()
    mine = [d for d in declarations if d.person in persons and d.forbids(today)]
    if mine:
        reasons = "; ".join(_named(d, d.forbids(today)) for d in mine)
        raise ConsentMissing(
            f"nothing is trained: {reasons}. "
            f"{_what_to_do(declarations, [d.person for d in mine], today, project)}"
        )


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return not any(
        unicodedata.category(c)[0] in "LNPS" and c not in _UNSEEN
        for c in unicodedata.normalize("NFC", text)
    )


def digest(declarations: Sequence[Declaration]) -> str:
    """SHA-256 of what is declared, hex: of canonical JSON, so that a comment changes nothing."""
    plain = [asdict(d) for d in sorted(declarations, key=lambda d: (d.person, d.id))]
    for each in plain:
        if not each["films"]:  # those of before films were noted keep their digests
            del each["films"]
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), default=_iso)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def now() -> datetime:
    """The time to put into `Declaration.declared_at`: UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def _what_to_do(
    declarations: Sequence[Declaration], lacking: Sequence[str], today: date, project: str
) -> str:
    """Who took a consent back is not to be declared again, but to be let go."""
    gone = {d.person for d in declarations if d.gone(today)}
    lost = [person for person in dict.fromkeys(lacking) if person in gone]
    rest = [person for person in dict.fromkeys(lacking) if person not in gone]
    words = []
    if lost:
        asked = _options(lost)
        words.append(
            "What holds this person is listed and erased by: understudy forget "
            f"{quoted(project)} {asked}"
        )
    if rest:
        asked = _options(rest)
        words.append(f"To declare it, run: understudy consent {quoted(project)} {asked}")
    return ". ".join(words)


def _options(persons: Sequence[str]) -> str:
    return " ".join(f"--person {quoted(person)}" for person in persons)


def _objection(declaration: Declaration, today: date) -> str:
    return _named(declaration, declaration.objection(today))


def _named(declaration: Declaration, words: str) -> str:
    who = "" if is_blank(declaration.name) else f" ({declaration.name})"
    return f"{declaration.person}{who}: {words}"


def _iso(value: date) -> str:
    return value.isoformat()


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
