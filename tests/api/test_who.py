"""Who becomes whom, and whose consent that takes."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.api.who import cast
from understudy.errors import ValueRefused

TRAINED = ("ann", "bob")


@pytest.mark.parametrize(
    ("casting", "persons", "found", "want", "plates", "donors"),
    [
        ({"ann": "bob"}, None, (0,), {"all": "bob"}, ("ann",), ("bob",)),
        ({"ann": "bob"}, None, (), {"all": "bob"}, ("ann",), ("bob",)),
        ("bob", "ann", (0,), {"all": "bob"}, ("ann",), ("bob",)),
        ("bob", "ann", (0, 1, 2), {"all": "bob"}, ("ann",), ("bob",)),
        ("bob", {0: "ann", 1: "cy"}, (0, 1), {"all": "bob"}, ("ann", "cy"), ("bob",)),
        ({0: "bob"}, {0: "ann"}, (0, 1), {"0": "bob"}, ("ann",), ("bob",)),
        ({"0": "bob", 1: None}, {"0": "ann"}, (0, 1), {"0": "bob", "1": None}, ("ann",), ("bob",)),
        (
            {"ann": "bob", "cy": "leave"},
            {0: "ann", 1: "cy", 2: "ann"},
            (0, 1, 2),
            {"0": "bob", "2": "bob", "1": None},
            ("ann",),
            ("bob",),
        ),
        (
            {"all": "bob", 1: "leave"},
            {0: "ann"},
            (0, 1),
            {"all": "bob", "1": None},
            ("ann",),
            ("bob",),
        ),
        ({np.int64(1): "ann"}, {1: "bob"}, (0, 1), {"1": "ann"}, ("bob",), ("ann",)),
    ],
)
def test_what_people_say_is_understood(casting, persons, found, want, plates, donors) -> None:
    parts = cast(casting, persons, found, TRAINED)
    assert parts.casting == want
    assert parts.plates == plates
    assert parts.donors == donors


@pytest.mark.parametrize(
    ("casting", "persons", "found", "said"),
    [
        ("bob", None, (0,), r"nobody said who person 0 of the film is.*persons=\{0: 'NAME'\}"),
        ("bob", None, (), "nobody said who person 0 of the film is"),
        ("bob", {0: "ann"}, (0, 1), "nobody said who person 1 of the film is"),
        ({"all": "bob", 1: "leave"}, {1: "ann"}, (0, 1), "nobody said who person 0"),
        ({"ann": "bob"}, None, (0, 1), r"2 persons were found.*which of them is ann, such as"),
        ({"ann": "bob", "cy": "bob"}, None, (0,), "which of them is ann and which cy"),
        ({4: "bob"}, {4: "ann"}, (0, 1), "no person 4 in the film; found: 0, 1"),
        ({"dee": "bob"}, {0: "ann"}, (0,), r"'dee' is not named in the film \(persons: ann"),
        ({"ann": "cy"}, None, (0,), "does not know 'cy'; it was trained on ann, bob"),
        ({0: "bob", "ann": "bob"}, {0: "ann"}, (0,), "'ann' is cast twice"),
        ({"ann": "leave"}, None, (0,), "nobody is replaced"),
        ({}, None, (0,), "nobody is replaced"),
    ],
)
def test_what_cannot_be_meant_is_refused(casting, persons, found, said) -> None:
    with pytest.raises(ValueRefused, match=said):
        cast(casting, persons, found, TRAINED)
