"""Every registered model keeps to the contract of its kind."""

from __future__ import annotations

import pytest

from understudy.plugin import KINDS, Plugin, default_registry
from understudy.testing.contracts import CHECKS

MODELS = [
    pytest.param(p, id=p.name, marks=[] if p.name == "quick" else pytest.mark.slow)
    for p in default_registry().of_kind("swap")
]


@pytest.mark.parametrize("plugin", MODELS)
def test_swap_models(plugin: Plugin) -> None:
    options = plugin.load_options()
    CHECKS["swap"](plugin.load(), None if options is None else options())


def test_every_kind_has_a_contract() -> None:
    assert set(CHECKS) == set(KINDS)
