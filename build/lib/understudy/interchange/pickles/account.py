"""How much a pickle may build: memory, nesting, and its worth written out in full.

A few bytes of a pickle can stand for gigabytes: every part may be used again, and parts of parts.
So each container's worth is its elements and theirs, counted each time they are used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from understudy.errors import ValueRefused
from understudy.interchange.pickles.names import DType, Name

MAX_DEPTH = 16
FLAT = {int, float, bool, type(None)}
CONTAINERS = {list, dict, tuple}
VALUES = FLAT | CONTAINERS | {str, bytes, np.ndarray}
IN_TUPLES = VALUES | {Name, DType}


class Account:
    """Counts what is built and refuses what no face data needs.

    Attributes:
        worth: by id, (worth in elements, depth) of containers of more than plain numbers.
        sealed: ids of what was used again: it does not change any more, so nothing holds itself.
    """

    def __init__(self, budget_bytes: int, most_worth: int) -> None:
        self._left, self._most = budget_bytes, most_worth
        self.worth: dict[int, tuple[int, int]] = {}
        self.sealed: set[int] = set()

    def charge(self, n_bytes: int) -> None:
        """Count memory that is about to be used.

        Raises:
            ValueRefused: more than the budget.
        """
        self._left -= n_bytes
        if self._left < 0:
            raise ValueRefused("pickled data holds more than a file of this size should")

    def fresh(self, container: Any) -> Any:
        """A new container; whatever had its id before is gone."""
        self.worth.pop(id(container), None)
        self.sealed.discard(id(container))
        return container

    def weigh(self, container: Any, before: int, items: list[Any], allowed: set[type]) -> None:
        """Note what `items` add to a container that held `before` plain elements.

        Raises:
            ValueRefused: of a kind that is not allowed, too deep, or too much.
        """
        kinds = set(map(type, items))
        old_worth, old_depth = self.worth.get(id(container), (1 + before, 1))
        if kinds <= FLAT:
            worth, depth = len(items), 0
        elif kinds <= allowed:
            worth, depth = self._sum(items)
        else:
            odd = ", ".join(sorted(k.__name__ for k in kinds - allowed))
            raise ValueRefused(f"pickled data: {odd} where a value belongs")
        worth, depth = old_worth + worth, max(old_depth, depth + 1)
        if worth > self._most or depth > MAX_DEPTH:
            raise ValueRefused("pickled data: nested deeper or wider than any face data")
        if not kinds <= FLAT or id(container) in self.worth:
            self.worth[id(container)] = (worth, depth)

    def _sum(self, items: list[Any]) -> tuple[int, int]:
        worth, depth = len(items), 0
        for item in items:
            kind = type(item)
            if kind in (str, bytes):
                worth += len(item)
            elif kind is np.ndarray:
                worth += item.nbytes
            elif kind in CONTAINERS:
                of_item, deep = self.worth.get(id(item), (1 + len(item), 1))
                worth, depth = worth + of_item, max(depth, deep)
        return worth, depth
