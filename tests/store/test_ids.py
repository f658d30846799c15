from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.errors import ValueRefused
from understudy.store.ids import check_id, slug


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("Ann Lee", "ann-lee"),
        ("Zoë.2", "zoe.2"),
        ("李", "person"),
        ("7", "person-7"),
        ("All", "person-all"),
        ("../..", "person"),
        ("a" * 200, "a" * 56),
    ],
)
def test_names_become_ids(name: str, want: str) -> None:
    assert slug("person", name) == want
    assert slug("person", name, {want}) == f"{want}-2"
    assert slug("source", "0001") == "0001"


@given(st.text(max_size=100), st.sampled_from(["person", "source", "model", "render"]))
def test_every_name_leaves_an_id(name: str, kind) -> None:
    found = slug(kind, name)
    assert check_id(kind, found) == found
    assert check_id(kind, slug(kind, name, {found})) != found


@pytest.mark.parametrize("bad", ["", "Ann", "../a", "a/b", ".a", "a b", "a" * 65, "3", "all", 3])
def test_other_words_are_refused_with_one_that_would_do(bad: object) -> None:
    with pytest.raises(ValueRefused, match="such as '"):
        check_id("person", bad)
