"""Jobs as data: what is refused, what comes back, and how values become arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from understudy.errors import ValueRefused
from understudy.options import option
from understudy.runs.binding import bind
from understudy.runs.perform import check
from understudy.runs.spec import JobSpec
from understudy.runs.verbs import VERBS


@dataclass(frozen=True, slots=True)
class Cooking:
    minutes: float = option(2.0, "How long.", low=0)
    heat: str = option("low", "How hot.")


def cook(
    dish: Path,
    how: Cooking,
    order: Literal["kept", "left"],
    spices: Sequence[str],
    cast: Mapping[str, str | None],
    share: float,
    count: int | None,
    progress: object,
    dry: bool = False,
) -> None:
    """Only its signature matters."""


VALUES = {
    "dish": "a/b",
    "how": {"minutes": 3.0},
    "order": "left",
    "spices": ["salt"],
    "cast": {"0": "ann", "1": None},
    "share": 1,
    "count": None,
}


def test_values_become_typed_arguments():
    bound = bind(cook, VALUES)
    assert bound == {
        "dish": Path("a/b"),
        "how": Cooking(3.0),
        "order": "left",
        "spices": ("salt",),
        "cast": {"0": "ann", "1": None},
        "share": 1.0,
        "count": None,
    }
    assert type(bound["share"]) is float


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"salt": 1}, "salt: not known here"),
        ({"dish": 3}, "dish: expected Path, got 3"),
        ({"order": "up"}, "order: expected one of kept, left, got 'up'"),
        ({"spices": "salt"}, "spices: expected"),
        ({"spices": [1]}, r"spices\[0\]: expected str"),
        ({"cast": {"0": 1}}, "cast.0: expected str"),
        ({"count": True}, "count: expected int, got True"),
        ({"dry": 1}, "dry: expected bool, got 1"),
        ({"how": {"minuets": 1.0}}, "minuets"),
    ],
)
def test_values_that_do_not_fit_are_named(changed, words):
    with pytest.raises(ValueRefused, match=words):
        bind(cook, VALUES | changed)


def test_what_is_missing_is_named():
    with pytest.raises(ValueRefused, match="dish: is missing"):
        bind(cook, {k: v for k, v in VALUES.items() if k != "dish"})


def test_a_spec_is_plain_and_comes_back(tmp_path):
    spec = JobSpec.of("cook", resource=Path("p"), wish="cuda:1", dish=Path("a"), how=Cooking())
    assert spec.resource == str(Path.cwd() / "p") and spec.values["dish"] == "a"
    plain = spec.to_plain()
    assert plain["version"] == 1
    assert JobSpec.from_plain(plain) == spec
    wrong = [
        ([], "plain data with a version"),
        (plain | {"version": 2}, "newer Understudy"),
        (plain | {"device": "gpu"}, "device: expected"),
        (plain | {"device": 3}, "'device' is not known or of another type"),
        (plain | {"more": "x"}, "'more' is not known"),
        (plain | {"folder": "here"}, "absolute"),
        ({k: v for k, v in plain.items() if k != "values"}, "values is missing"),
    ]
    for broken, words in wrong:
        with pytest.raises(ValueRefused, match=words):
            JobSpec.from_plain(broken)
    with pytest.raises(ValueRefused, match="plain data"):
        JobSpec("cook", {"x": float("nan")})
    with pytest.raises(ValueRefused, match="'cook' is not known"):
        check(spec)


@pytest.mark.parametrize("name", list(VERBS))
def test_every_verb_has_a_function_that_takes_a_progress(name):
    import inspect

    assert "progress" in inspect.signature(VERBS[name].load()).parameters
