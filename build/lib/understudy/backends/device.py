"""Where nets lie that are not PyTorch's, and why: kept until a stage says it.

A plug-in draws no progress, and its nets may be shared by several; so each runtime notes here
where a net came to lie, and `stages.faces.plugins.say_devices` tells it, once a process.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a runtime's nets lie.

    Attributes:
        runtime: its name and version.
        device: where they lie.
        reason: why there, for people.
        instead_of: the device that was asked for and is not had, or "".
    """

    runtime: str
    device: Literal["cpu", "cuda"]
    reason: str
    instead_of: str = ""

    @property
    def words(self) -> str:
        """As one clause for people."""
        return f"{self.runtime} on the {self.device} ({self.reason})"


def note(placed: Placed) -> None:
    """Remember where a net came to lie; the same is said once only."""
    with _lock:
        _noted.setdefault(placed, False)


def unsaid() -> list[Placed]:
    """What was noted since this was asked last."""
    with _lock:
        fresh = [placed for placed, said in _noted.items() if not said]
        _noted.update(dict.fromkeys(fresh, True))
        return fresh


_lock = threading.Lock()
_noted: dict[Placed, bool] = {}
