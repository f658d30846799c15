"""A person who presses Ctrl-C at a moment that a test chooses."""

from __future__ import annotations

from understudy.flow import Silent


class StopsAfter(Silent):
    """Asks to stop when it was looked at so many times."""

    def __init__(self, looks: int) -> None:
        self._left = looks
        super().__init__()

    @property
    def cancelled(self) -> bool:
        """Whether to stop; every look counts."""
        self._left -= 1
        return self._left < 0

    @cancelled.setter
    def cancelled(self, value: bool) -> None:
        """Nothing: only looks count."""
