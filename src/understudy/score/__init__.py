"""Scores: what is measured of a swap, so that two of them can be told apart without a guess.

Each part looks at one face at a time, in the plate and in the output, and keeps a few numbers of
it. From the numbers of all faces it judges. The same part looks at two more pairs: the plate
beside itself, which is the floor (nothing was swapped), and the donor's own pictures beside what
is left of them at the model's resolution, which is the ceiling (no model could show more).

Convention: crops are square, cut by one warp from both pictures of a pair, pixel i covers
[i, i+1); right and left are the person's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.score.reading import Reading

Group = Literal["person", "performance", "picture"]
"""Which question a part answers: who is it, does it do what the plate does, does it look real."""
Numbers: TypeAlias = "Mapping[str, float | NDArray[Any]]"
"""Of one face, by name: numbers, or 1-d vectors. The same names for every face."""
Table: TypeAlias = "Mapping[str, NDArray[Any]]"
"""Of n faces, by name: (n,) or (n, d). Empty where no face was looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One face as it was found in one picture.

    Attributes:
        crop: (c, c, 3) uint8 RGB.
        outline: (68, 2) landmarks of the first reader, in pixels of the crop.
        readings: what landmark predictors read off the face, by the predictor's name; the first
            is the one whose geometry may drive models, the others are independent of it.
        identity: (d,) vector of an embedding that no training uses, or None.
        blendshapes: (52,), or None.
        beside: crops (c, c, 3) uint8 of the frames before and after, by the same fit as this one,
            or None where there are none.
    """

    crop: NDArray[Any]
    outline: NDArray[Any]
    readings: Mapping[str, Reading] = field(default_factory=dict)
    identity: NDArray[Any] | None = None
    blendshapes: NDArray[Any] | None = None
    beside: tuple[NDArray[Any], NDArray[Any]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A face before and after.

    Attributes:
        plate: as it was filmed.
        swap: as it came out, found anew in the output.
        matte: (c, c) float32 0..1, where the plate was replaced.
    """

    plate: Sight
    swap: Sight
    matte: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with what it is to be compared with; not a number where it is not known.

    Attributes:
        name: such as "mouth r".
        swap: of the output.
        floor: of the plate as if it were the output.
        ceiling: of the donor's own pictures at the model's resolution.
        unit: such as "deg", or "".
    """

    name: str
    swap: float
    floor: float = float("nan")
    ceiling: float = float("nan")
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """What a part says.

    Attributes:
        value: 0 (as bad as it gets) to 1 (nothing to wish for), or not a number.
        figures: the numbers behind it.
        words: the same for people, or why it was not measured.
    """

    value: float
    figures: tuple[Figure, ...] = ()
    words: str = ""

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Score:
        """From what `events.to_plain` makes of one.

        Raises:
            ValueError, KeyError, TypeError: it is none.
        """
        figures = tuple(
            Figure(
                str(f["name"]),
                from_plain_number(f["swap"]),
                from_plain_number(f["floor"]),
                from_plain_number(f["ceiling"]),
                str(f["unit"]),
            )
            for f in plain["figures"]
        )
        return cls(from_plain_number(plain["value"]), figures, str(plain["words"]))

    @classmethod
    def unknown(cls, why: str) -> Score:
        """Not measured, and why."""
        return cls(float("nan"), (), f"not measured: {why}")


def from_plain_number(value: float | None) -> float:
    """JSON has no word for what is no number."""
    return float("nan") if value is None else float(value)


class Scorer(Protocol):
    """One part of the score. No I/O, no progress, and nothing remembered from face to face."""

    group: Group
    weight: float
    """How much it counts within its group."""

    def look(self, pair: Pair) -> Numbers:
        """What to keep of one face; the same names for every pair, not a number where unknown.

        Raises:
            ValueRefused: crops and matte differ in size.
        """

    def judge(self, swap: Table, floor: Table, ceiling: Table) -> Score:
        """What the numbers of all faces say.

        Args:
            swap: of plate and output, in the order of the film.
            floor: of the same faces, the plate beside itself.
            ceiling: of the donor's pictures beside the same at the model's resolution; may be
                empty.
        """
