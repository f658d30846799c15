"""The template package installs, keeps to its contracts, and is found by every verb."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import understudy

TEMPLATE = Path(__file__).parents[2] / "examples" / "template-plugin"
SOURCE = Path(understudy.__file__).parents[1]


def run(*arguments: object, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=os.environ | {"COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a Python where the template is installed as a package."""
    if importlib.util.find_spec("setuptools") is None:
        pytest.skip("setuptools is not here; pip install 'understudy[dev]'")
    folder = tmp_path_factory.mktemp("template")
    shutil.copytree(TEMPLATE, folder / "copy", ignore=shutil.ignore_patterns("*.egg-info", "build"))
    quiet = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    run("-m", "pip", "install", *quiet, "--target", folder / "site", folder / "copy")
    return {"PYTHONPATH": os.pathsep.join([str(folder / "site"), str(SOURCE)])}


def test_its_own_tests_pass(installed: dict[str, str], tmp_path: Path) -> None:
    tests = shutil.copytree(TEMPLATE / "tests", tmp_path / "tests")
    options = ("-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", tmp_path)
    assert "8 passed" in run("-m", "pytest", tests, *options, **installed)


def test_its_plugins_are_listed_with_their_flags(installed: dict[str, str]) -> None:
    told = run("-m", "understudy", "plugins", **installed)
    assert "The largest upright patch of skin colour" in told and "Straight lines only" in told
    assert "passed over" not in told
    assert "--detect.skin.min-share" in run(
        "-m", "understudy", "extract", "--help-all", **installed
    )
    assert "--swap.linear.code" in run("-m", "understudy", "train", "--help-all", **installed)


def test_it_does_the_job_without_being_installed(
    people: object, film: object, tmp_path: Path
) -> None:
    developing = {
        "UNDERSTUDY_PLUGINS": "understudy_template.manifest:PLUGINS",
        "PYTHONPATH": os.pathsep.join([str(TEMPLATE / "src"), str(SOURCE)]),
    }
    project = tmp_path / "job"
    for side in "ab":
        clip = film(tmp_path / f"{side}.mp4", list(getattr(people, side)[:8]))  # type: ignore[operator]
        run("-m", "understudy", "add", project, clip, "--person", side, **developing)
    told = run(
        *("-m", "understudy", "extract", project, "--detector", "skin"),
        *("--aligner", "dlib68", "--size", 96, "--min-face-px", 30, "--workers", 1),
        **developing,
    )
    assert told.count("8 faces in 8 of 8 frames") == 2, told
    told = run(
        *("-m", "understudy", "train", project, "--model", "linear", "--swap.linear.code", 5),
        *("--iterations", 3, "--batch", 2, "--threads", 1, "--score-faces", 0),
        **developing,
    )
    assert "linear" in told and "step 3" in told, told
