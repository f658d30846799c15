"""Options are strict about types: what is refused, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from understudy.errors import ValueRefused
from understudy.options import (
    Branch,
    branch,
    check,
    fields_of,
    from_mapping,
    option,
    results,
    to_mapping,
)


@dataclass(frozen=True, slots=True)
class Dish:
    grams: int = option(100, "How much.", low=1, high=500, unit="g", result=True)
    heat: float = option(1.0, "How hot.", low=0.0)
    stir: bool = option(True, "Whether to stir.")
    name: str = option("soup", "What it is called.")
    pot: Literal["small", "large"] = option("small", "Which pot.")
    salt: float | None = option(None, "How salty.", low=0.0, high=1.0)
    herbs: tuple[str, ...] = option((), "Which herbs.")
    turns: tuple[int, ...] = option((90,), "Turns.", low=0, high=360)
    detect: Branch = branch("detect")

    def __post_init__(self) -> None:
        check(self)


REFUSED = [
    ("grams", True, "grams: expected a whole number, 1 to 500, got True"),
    ("grams", 1.0, "got 1.0"),
    ("grams", "3", "got '3'"),
    ("grams", 0, "got 0"),
    ("grams", 501, "got 501"),
    ("grams", None, "got None"),
    ("grams", [3], r"got \[3\]"),
    ("heat", True, "heat: expected a number, at least 0, got True"),
    ("heat", "1", "got '1'"),
    ("heat", float("nan"), "got nan"),
    ("heat", -0.1, "got -0.1"),
    ("stir", 1, "stir: expected true or false, got 1"),
    ("stir", "true", "got 'true'"),
    ("stir", None, "got None"),
    ("name", 3, "name: expected text, got 3"),
    ("name", None, "got None"),
    ("name", ["soup"], "got"),
    ("pot", "medium", "pot: expected one of small, large, got 'medium'"),
    ("pot", True, "got True"),
    ("pot", ["small"], "got"),
    ("salt", 2.0, "salt: expected a number, 0 to 1, or none, got 2.0"),
    ("salt", False, "got False"),
    ("herbs", "dill", "herbs: expected a tuple, each text, got 'dill'"),
    ("herbs", ("dill", 3), r"herbs\[1\]: expected text, got 3"),
    ("turns", (90, True), r"turns\[1\]: expected a whole number, 0 to 360, got True"),
    ("turns", (361,), r"turns\[0\]"),
    ("detect", "mtcnn", "detect: expected options by plug-in, got 'mtcnn'"),
    ("detect", {"mtcnn": 3}, "detect.mtcnn: expected a plug-in's options by name, got 3"),
]


@pytest.mark.parametrize(("name", "value", "said"), REFUSED)
def test_another_type_or_range_is_refused(name: str, value: Any, said: str) -> None:
    with pytest.raises(ValueRefused, match=said):
        Dish(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grams", 3),
        ("heat", 3),
        ("heat", 3.5),
        ("salt", None),
        ("salt", 1),
        ("pot", "large"),
        ("herbs", ("dill",)),
        ("turns", ()),
        ("detect", {"mtcnn": {"scale_factor": 0.8}}),
    ],
)
def test_what_fits_is_taken(name: str, value: Any) -> None:
    Dish(**{name: value})


def test_plain_data_names_the_path_and_what_was_meant() -> None:
    for values, said in [
        ({"gram": 3}, "dish.gram: unknown option; did you mean grams"),
        ({"zzz": 3}, "dish.zzz: unknown option; known are: detect, grams, heat"),
        ({"grams": "3"}, "dish.grams: expected a whole number, 1 to 500, got '3'"),
        ({"herbs": "dill"}, "dish.herbs: expected a tuple"),
        ({"herbs": ["dill", 1]}, r"dish.herbs\[1\]: expected text"),
        ({"detect": 3}, "detect: expected options by plug-in"),
    ]:
        with pytest.raises(ValueRefused, match=said):
            from_mapping(Dish, values, "dish")
    with pytest.raises(ValueRefused, match="dish: expected a table of options, got 3"):
        from_mapping(Dish, 3, "dish")  # type: ignore[arg-type]


def test_plain_data_and_back() -> None:
    dish = Dish(grams=7, heat=2.0, herbs=("dill",), detect={"mtcnn": {"scale_factor": 0.8}})
    plain = to_mapping(dish)
    assert plain["herbs"] == ["dill"]
    assert plain["detect"] == {"mtcnn": {"scale_factor": 0.8}}
    assert from_mapping(Dish, plain) == dish
    assert type(from_mapping(Dish, {"heat": 2}).heat) is float
    assert results(dish) == {"grams": 7}


def test_a_branch_takes_dataclasses_and_cannot_be_changed() -> None:
    dish = Dish(detect={"other": Dish(grams=9)})
    assert dish.detect["other"]["grams"] == 9
    assert dish.detect.of("nobody") == {}
    with pytest.raises(TypeError):
        dish.detect["other"]["grams"] = 3  # type: ignore[index]
    assert hash(dish) == hash(Dish(detect={"other": Dish(grams=9)}))


def test_types_that_no_flag_can_have_are_refused_where_they_are_declared() -> None:
    @dataclass(frozen=True)
    class Wrong:
        when: dict[str, int] = option(None, "When.")  # noqa: RUF009

    with pytest.raises(TypeError, match="when: an option is"):
        fields_of(Wrong)
