"""`verify`: what a file says of itself, in plain words."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from understudy.errors import MediaError
from understudy.provenance.verify import State, Verdict
from understudy.provenance.verify import verify as read

_WORST_FIRST: tuple[State, ...] = ("unreadable", "altered", "none", "stranger", "ours")


def verify(path: str | os.PathLike[str]) -> Verdict:
    """Read a file's Content Credentials: who signed it, what it is, whether it was changed since.

    Works offline and on files of other tools. No credential proves nothing.

    Args:
        path: a video or picture, or a folder of PNGs, which is worth what its worst picture is.

    Returns:
        A verdict: `print` it for sentences; `.state` is "ours", "stranger", "altered", "none" or
        "unreadable", `.ok` whether it carries credentials that fit it, `.disclosure` what was said
        of the people in it.

    Raises:
        ProvenanceError: there is no such file, or it may not be read.
        MediaError: a folder without PNGs.

    Example:
        >>> print(verify("ann.mp4"))
        No Content Credentials: this proves nothing.
        They are lost whenever a file is re-encoded, remuxed or uploaded.
    """
    path = Path(path)
    if not path.is_dir():
        return read(path)
    verdicts = [read(file) for file in sorted(path.glob("*.png"))]
    if not verdicts:
        raise MediaError(f"{path}: there are no PNG files in this folder")
    states = [verdict.state for verdict in verdicts]
    counted = [
        f"{states.count(state)} of {len(states)} pictures: {state}"
        for state in dict.fromkeys(states)
    ]
    worst = min(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.state))
    return replace(worst, sentences=(*counted, *worst.sentences))
