"""Commands that a message tells people to run, so that they can be pasted as they are."""

from __future__ import annotations

import shlex


def quoted(word: object) -> str:
    """A path, name or value as one word of a shell (POSIX): quoted where it has to be."""
    return shlex.quote(str(word))
