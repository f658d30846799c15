from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from understudy.plugin import Plugin, Registry, Weights, Wheel, registry

NET = b"learned numbers" * 99


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models folder; the only plug-in's weights lie in an archive that pip finds."""
    index, archive = tmp_path / "index", "heavy_models-1.0-cp311-cp311-win_amd64.whl"
    index.mkdir()
    with zipfile.ZipFile(index / archive, "w") as zipped:
        zipped.writestr("heavy/net.tflite", NET)
        about = "Metadata-Version: 2.1\nName: heavy-models\nVersion: 1.0\n"
        zipped.writestr("heavy_models-1.0.dist-info/METADATA", about)
        zipped.writestr("heavy_models-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    data = (index / archive).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    wheel = Wheel("heavy-models==1.0", "win_amd64", "3.11", digest, len(data))
    net = hashlib.sha256(NET).hexdigest()
    weights = Weights(
        "net.tflite",
        net,
        len(NET),
        "CC-BY-NC",
        False,
        "a test",
        path="heavy/net.tflite",
        wheel=wheel,
    )
    detector = Plugin("detect", "mediapipe", "a:B", "", weights=(weights,))
    monkeypatch.setattr(registry, "_installed", Registry([detector]))
    monkeypatch.delenv("UNDERSTUDY_OFFLINE")
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(tmp_path / "models"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("COLUMNS", "220")
    return tmp_path / "models"


def test_fetch_list_and_verify(understudy, folder):
    before = understudy("weights", "list").worked().out
    row = next(line for line in before.splitlines() if "net.tflite" in line)
    for words in ("detect mediapipe", "CC-BY-NC", "no", "the archive heavy-models==1.0"):
        assert words in row
    assert "verified" not in before

    done = understudy("weights", "fetch").worked()
    assert "1 file put into" in done.out
    assert "net.tflite (1.5 KiB; CC-BY-NC; no commercial use)" in done.err
    assert (folder / "net.tflite").read_bytes() == NET
    assert "verified" in understudy("weights", "list").worked().out
    assert "1 file is here and right" in understudy("weights", "verify").worked().out
    for arguments in ([], ["mediapipe"], ["net.tflite"], ["--all"]):
        assert "all of them are here" in understudy("weights", "fetch", *arguments).worked().out


def test_a_damaged_file_is_named_and_fails_the_check(understudy, folder):
    understudy("weights", "fetch").worked()
    (folder / "net.tflite").write_bytes(NET[::-1])
    understudy("weights", "verify").refused("1 of 1 file is refused", "net.tflite", "sha256")
    understudy("weights", "verify", "--dir", folder).refused("net.tflite")
    assert "refused" in understudy("weights", "list").worked().out
    understudy("weights", "fetch").refused("net.tflite", "move it away")


def test_a_folder_for_a_machine_without_network(understudy, folder, tmp_path, monkeypatch):
    stick = tmp_path / "stick"
    done = understudy("weights", "fetch", "--dir", stick).worked()
    assert f"UNDERSTUDY_WEIGHTS={stick}" in done.out
    assert not folder.exists()
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(stick))
    monkeypatch.setenv("UNDERSTUDY_OFFLINE", "1")
    assert "all of them are here" in understudy("weights", "fetch").worked().out
    assert "1 file is here" in understudy("weights", "verify", "--dir", stick).worked().out


def test_what_cannot_be_is_refused(understudy, folder, tmp_path):
    understudy("weights", "fetch", "square").refused("'square' is neither", "mediapipe", code=2)
    understudy("weights", "fetch", "mediapipe", "--all").refused("not both", code=2)
    understudy("weights", "verify", "--dir", tmp_path / "none").refused("no such folder")


def test_help_and_list_import_no_torch():
    script = (
        "import sys\n"
        "sys.argv = ['understudy', 'models', *{}]\n"
        "from understudy.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as left:\n    assert not left.code, left.code\n"
        "print('loaded', 'torch' in sys.modules)\n"
    )
    for arguments in (["--help"], ["list"], ["fetch", "--help"]):
        command = [sys.executable, "-c", script.format(arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "loaded False"
