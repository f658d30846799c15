"""The person's own folder: keys, downloaded weights."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The user's Understudy folder: UNDERSTUDY_HOME, or `understudy` in the data folder."""
    chosen = os.environ.get("UNDERSTUDY_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    data = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(data) if data else Path.home() / ".local" / "share") / "understudy"
