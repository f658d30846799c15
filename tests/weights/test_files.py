"""Weights files are found without importing their package, and checked before they are opened."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.errors import WeightsError
from understudy.plugin import Weights
from understudy.weights.files import weights_bytes, weights_folders, weights_path

CONTENT = b"learned numbers"


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Weights:
    package = tmp_path / "explosive_models"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (package / "net.dat").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(tmp_path))
    return Weights(
        name="net.dat",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
        license="MIT",
        commercial_use=True,
        origin="a test",
        package="explosive_models",
        path="net.dat",
    )


def test_file_is_found_without_importing_its_package(record: Weights) -> None:
    assert weights_path(record).read_bytes() == CONTENT
    assert weights_bytes(record) == CONTENT
    assert "explosive_models" not in sys.modules


@pytest.mark.parametrize("content", [b"learned numberz", b"learned", b""])
def test_another_file_is_refused_also_after_a_good_check(record: Weights, content: bytes) -> None:
    path = weights_path(record)
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="not the file meant"):
        weights_bytes(record)
    with pytest.raises(WeightsError, match="not the file meant"):
        weights_path(record)


def test_missing_file_and_missing_package_say_what_to_install(record: Weights) -> None:
    with pytest.raises(WeightsError, match="pip install --force-reinstall explosive_models"):
        weights_path(replace(record, path="other.dat"))
    with pytest.raises(WeightsError, match="pip install no_such_models"):
        weights_path(replace(record, package="no_such_models"))


def test_without_its_package_a_file_with_an_address_lies_in_a_models_folder(
    record: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = replace(record, package="no_such_models", url="http://x/net.dat")
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(tmp_path / "models"))
    with pytest.raises(WeightsError, match=r"weights fetch net\.dat, or: pip install no_such_mod"):
        weights_path(record)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.dat").write_bytes(CONTENT)
    assert weights_bytes(record) == CONTENT
    (tmp_path / "models" / "net.dat").write_bytes(b"learned numberz")
    with pytest.raises(WeightsError, match="move it away"):
        weights_path(record)


def test_the_package_comes_before_the_models_folder(
    record: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.dat").write_bytes(b"another")
    assert weights_bytes(replace(record, url="http://x/net.dat")) == CONTENT


def test_the_old_name_of_the_folders_variable_is_still_read(tmp_path, monkeypatch):
    monkeypatch.delenv("UNDERSTUDY_WEIGHTS", raising=False)
    monkeypatch.setenv("UNDERSTUDY_MODELS", str(tmp_path / "old"))
    assert weights_folders()[0] == tmp_path / "old"
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(tmp_path / "new"))
    assert weights_folders()[0] == tmp_path / "new"
    assert tmp_path / "old" not in weights_folders()
