"""Ids of what a project holds: short names that are safe as folder names and easy to type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from typing import Literal

from understudy.errors import ValueRefused

Kind = Literal["person", "source", "model", "render"]
EVERYBODY, LEAVE, NOBODY = "all", "leave", "nobody"
"""Words that people use for a part in a cast, so no person has them for an id."""
_LONGEST = 64
_SHAPE = re.compile(r"[a-z0-9][a-z0-9._-]*")


def check_id(kind: Kind, text: object) -> str:
    """The id, if it is one.

    Raises:
        ValueRefused: other characters, too long, or for a person a number or a word of castings;
            names an id that would do.
    """
    if (
        isinstance(text, str)
        and len(text) <= _LONGEST
        and _SHAPE.fullmatch(text)
        and not _is_taken_word(kind, text)
    ):
        return text
    raise ValueRefused(
        f"{kind} {text!r}: expected an id of a-z, 0-9, '.', '_' and '-', at most {_LONGEST} long"
        f"{', no bare number, not all, leave or nobody' if kind == 'person' else ''}; "
        f"such as {slug(kind, str(text))!r}"
    )


def slug(kind: Kind, name: str, taken: Container[str] = ()) -> str:
    """An id made from a name or a file's stem; numbered from 2 where others have it.

    Args:
        kind: what it is for; also the id of a name that leaves nothing.
        name: any text.
        taken: ids that are in use.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    short = re.sub(r"[^a-z0-9._]+", "-", plain).strip("-._")[: _LONGEST - 8].rstrip("-._")
    if not short:
        short = kind
    elif _is_taken_word(kind, short):
        short = f"{kind}-{short}"
    found, number = short, 1
    while found in taken:
        number += 1
        found = f"{short}-{number}"
    return found


def _is_taken_word(kind: Kind, text: str) -> bool:
    return kind == "person" and (text.isdecimal() or text in (EVERYBODY, LEAVE, NOBODY))
