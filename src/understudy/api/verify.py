"""`verify`: what a file says of itself, in plain words."""

from __future__ import annotations

import os
from pathlib import Path

from understudy.provenance.folder import verify_folder
from understudy.provenance.verify import Verdict
from understudy.provenance.verify import verify as read


def verify(path: str | os.PathLike[str]) -> Verdict:
    """Read a file's Content Credentials: who signed it, what it is, whether it was changed since.

    Works offline and on files of other tools. No credential proves nothing.

    Args:
        path: a video or picture, or a folder of PNGs, which is worth what its worst picture is and
            is compared with its signed list: `.differs` names each file that is not as it was.

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
    return verify_folder(path).whole if path.is_dir() else read(path)
