"""Counts in messages: "1 shot", "2 shots"."""

from __future__ import annotations


def are(n: int) -> str:
    """The verb behind "1 of 5" or "2 of 5"."""
    return "is" if n == 1 else "are"


def counted(n: int, one: str, many: str = "") -> str:
    """A number and what is counted, in the singular where it is one.

    Args:
        n: how many; thousands are not set apart.
        one: what one of them is called, with its verb where the sentence needs one.
        many: what several are called; `one` and an s unless given.
    """
    return f"{n} {one if n == 1 else many or one + 's'}"
