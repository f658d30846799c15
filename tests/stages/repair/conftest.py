from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def whole(films, extracted):
    """Film A: 24 frames, no face in 10 to 12; not to be changed."""
    return extracted(films.a)


@pytest.fixture
def footage(whole, tmp_path):
    return whole.copy(tmp_path / "mine")
