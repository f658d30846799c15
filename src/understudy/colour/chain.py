"""Matchers one after the other, such as a mean for the whole face and then its broad light."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.colour import ColourMatcher, SteadyMatcher
from understudy.colour.lab import ByMeasure


def chained(matchers: Sequence[ColourMatcher]) -> ColourMatcher:
    """One matcher that applies several in their order; steady if all of them are.

    Args:
        matchers: at least one.
    """
    if len(matchers) == 1:
        return matchers[0]
    steady = [m for m in matchers if isinstance(m, SteadyMatcher)]
    return SteadyChain(steady) if len(steady) == len(matchers) else Chain(matchers)


class Chain:
    """A `ColourMatcher` of several."""

    def __init__(self, links: Sequence[ColourMatcher]) -> None:
        self._links = tuple(links)

    def match(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[Any]:
        """As `ColourMatcher.match`; each link gets what the one before it made."""
        for link in self._links:
            swapped = link.match(swapped, original, mask)
        return swapped


class SteadyChain(ByMeasure):
    """A `SteadyMatcher` of several."""

    def __init__(self, links: Sequence[SteadyMatcher]) -> None:
        self._links = tuple(links)

    def measure(
        self, swapped: NDArray[Any], original: NDArray[Any], mask: NDArray[Any]
    ) -> NDArray[np.float64] | None:
        """The links' numbers one after the other, each behind how many they are."""
        found: list[NDArray[np.float64]] = []
        for link in self._links:
            # by this frame's own numbers: neighbours are averaged later, link by link
            measured = link.measure(swapped, original, mask)
            if measured is None:
                return None
            found += [np.array([float(len(measured))]), measured]
            swapped = link.apply(swapped, mask, measured)
        return np.concatenate(found)

    def apply(
        self, swapped: NDArray[Any], mask: NDArray[Any], measured: NDArray[Any]
    ) -> NDArray[Any]:
        """As `SteadyMatcher.apply`."""
        at = 0
        for link in self._links:
            end = at + 1 + round(float(measured[at]))
            swapped = link.apply(swapped, mask, measured[at + 1 : end])
            at = end
        return swapped
