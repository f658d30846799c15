from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest

from understudy.errors import PluginError, ValueRefused
from understudy.options import check, fields_of, from_mapping, option, reference, to_mapping
from understudy.plugin import Plugin, Registry


def _plugin(name: str, target: str, extra: str = "") -> Plugin:
    return Plugin(kind="mask", name=name, target=target, summary="", extra=extra)


def test_registry_refuses_clashes_unknown_kinds_and_names():
    one = _plugin("oval", "a:One")
    assert Registry([one, one]).get("mask", "oval") is one
    with pytest.raises(PluginError, match="two mask plug-ins are called 'oval'"):
        Registry([one, _plugin("oval", "b:Two")])
    with pytest.raises(PluginError, match="unknown kind"):
        Registry([Plugin(kind="nose", name="x", target="a:B", summary="")])
    with pytest.raises(PluginError, match="there are: oval"):
        Registry([one]).get("mask", "square")


def test_a_missing_package_names_the_extra():
    plugin = _plugin("oval", "not_installed_anywhere:One", extra="masks")
    with pytest.raises(PluginError, match=r"pip install 'understudy\[masks\]'"):
        plugin.load()


@dataclass(frozen=True, slots=True)
class _Options:
    size: int = option(256, "Side of the face.", low=64, high=1024, unit="px")
    mode: Literal["fast", "fine"] = option("fast", "How.")
    limit: float | None = option(None, "Stop after.", low=0)

    def __post_init__(self) -> None:
        check(self)


def test_options_are_checked_with_name_value_and_range():
    assert _Options().size == 256
    for values, said in [
        ({"size": 10}, "size: expected a whole number, 64 to 1024, got 10"),
        ({"mode": "slow"}, "mode: expected one of fast, fine"),
        ({"limit": -1.0}, "limit: expected a number, at least 0, or none, got -1"),
        ({"colour": 1}, "colour: unknown option; known are: limit, mode, size"),
    ]:
        with pytest.raises(ValueRefused, match=said):
            from_mapping(_Options, values)


def test_options_round_trip_and_document_themselves():
    options = _Options(size=512, limit=2.0)
    assert from_mapping(_Options, to_mapping(options)) == options
    assert [f.kind for f in fields_of(_Options)] == [int, str, float]
    assert "| `size` | 256 px | a whole number, 64 to 1024 | Side of the face. |" in reference(
        _Options
    )
