"""Attacks that are no damaged files: bits of a signed film, pickles, sockets and kills."""

from __future__ import annotations

import json
import os
import pickle
import random
import re
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ground import Ground, understudy

from understudy.errors import UnderstudyError
from understudy.flow import Silent
from understudy.interchange.carry import import_
from understudy.provenance.verify import verify

BITS, PICKLES, COMMANDS, KILLS = 2700, 7, 8, 88
CREDENTIAL = "uuid"
"""The box of an MP4 file that holds its credential; bytes that pad it are nobody's content."""
STAYS_S = 30
"""A traced command lives on for so long: libraries begin to talk some seconds after they loaded."""
_KILL_RUNNER = Path(__file__).parents[2] / "tests" / "kill_runner.py"


def bits_of(ground: Ground, place: Path, seed: int) -> Callable[[int], str]:
    """Turns one bit of a signed film, two thirds of them in picture and sound, and verifies it.

    "fine" is a film that is called untouched; that is a fault wherever the bit was, but for bytes
    that pad the credential itself.
    """
    place.mkdir(parents=True, exist_ok=True)
    data = ground.output.read_bytes()
    boxes = _boxes(data)
    start, end = next((a, b) for kind, a, b in boxes if kind == "mdat")
    path = place / "bit.mp4"

    def work(number: int) -> str:
        rng = random.Random(f"{seed}/bits/{number}")  # noqa: S311
        at = rng.randrange(start, end) if number % 3 else rng.randrange(len(data))
        turned = bytearray(data)
        turned[at] ^= 1 << rng.randrange(8)
        path.write_bytes(turned)
        verdict = verify(path)
        (where,) = (kind for kind, a, b in boxes if a - 8 <= at < b and at >= a - _HEAD)
        if not verdict.ok:
            raise UnderstudyError(f"{where}: {verdict.state}")
        return f"{where}: {verdict.state}"

    return work


_HEAD = 8


def _boxes(data: bytes) -> list[tuple[str, int, int]]:
    """(kind, begin of its content, end) of the boxes at the top of an MP4 file."""
    found, at = [], 0
    while at + _HEAD <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < _HEAD:
            raise ValueError(f"a box of {size} bytes at {at}; not of the kind that we write")
        found.append((kind.decode("ascii", "replace"), at + _HEAD, at + size))
        at += size
    return found


class _Evil:
    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self._canary}'",)


def pickles_of(ground: Ground, place: Path) -> Callable[[int], str]:
    """Files of other tools whose pickles would run a command: six protocols, and a faceset."""
    place.mkdir(parents=True, exist_ok=True)
    canary = place / "canary"
    film = ground.folder / "a.mp4"

    def work(number: int) -> str:
        evil = _Evil(canary)
        try:
            if number < 6:
                plain = {"__meta__": {"version": 2.4}, "__data__": evil}
                path = place / "evil.fsa"
                path.write_bytes(zlib.compress(pickle.dumps(plain, number)))
                import_(path, film, place / "o.alignments", Silent())
            else:
                whole = pickle.dumps(evil)
                path = place / "faceset.pak"
                path.write_bytes(struct.pack("<QQ", 1, len(whole)) + whole)
                import_(path, None, place / "faces", Silent())
        finally:
            if canary.exists():
                raise RuntimeError("the pickle was obeyed")
        return "imported"

    return work


def sockets(ground: Ground, place: Path) -> tuple[int, list[str]]:
    """Trace commands, and find the calls that would make a socket to the internet.

    Returns:
        How many commands were traced, and what was found: command and call.
    """
    place.mkdir(parents=True, exist_ok=True)
    log = place / "strace.txt"
    strace = ("strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=socket,connect", "-o", str(log))
    quick = ("--preset", "ultrafast", "--overwrite")
    commands = (
        ("extract", "out.understudy", "--new"),
        ("train", "out.understudy", "--iterations", "3"),
        ("convert", "out.understudy", "-o", "traced.mp4", *quick),
        ("score", "out.understudy", "--render", "out"),
        ("verify", "out.mp4"),
        ("export", "a.alignments", "-o", "traced.json", "--overwrite"),
        ("import", "a.json", "--media", "a.mp4", "-o", "traced.alignments"),
        ("doctor",),
    )
    found = []
    for command in commands:
        (ground.folder / "traced.alignments").unlink(missing_ok=True)
        log.write_text("")
        understudy(ground, *command, before=strace, stays_s=STAYS_S)
        calls = [line for line in log.read_text().splitlines() if re.search(r"AF_INET6?\b", line)]
        found += [f"{' '.join(command)}: {call}" for call in calls]
    return len(commands), found


def kills(folder: Path, seed: int, output: str) -> tuple[Counter[str], list[str]]:
    """One round of `tests/kill_runner.py`: a job killed twenty times, and taken up to its end.

    Args:
        folder: holds a.mp4 and b.mp4; a round makes everything anew there.
        seed: of the moments.
        output: name of what the job makes: a film, or a folder of PNGs.

    Returns:
        How many kills struck each stage, and what was found torn, left over or different.
    """
    command = [sys.executable, os.fspath(_KILL_RUNNER), os.fspath(folder), str(seed), output]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode:
        return Counter(), [f"seed {seed}: {ran.stderr[-1000:]}"]
    story = json.loads(ran.stdout.splitlines()[-1])
    faults = [f"torn after a kill: {kill}" for kill in story["kills"] if kill["torn"]]
    for life in story["lives"]:
        left, verdict = life.pop("left_over"), life.pop("verdict")
        if left or verdict != "ours" or not all(life.values()):
            faults.append(f"seed {seed}: left {left}, {verdict}, {life}")
    return Counter(kill["struck"] for kill in story["kills"]), faults
