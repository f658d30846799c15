"""What is attacked: two films that a program drew, and a swap made of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import cv2

from understudy.actors import ACTORS, Performance, render_clip
from understudy.testing.clips import write_clip

_PERSON = """
[[person]]
person = "{id}"
id = "{id}"
name = "Nobody"
basis = "synthetic"
adult = true
intimate = false
scope = "the attack"
purpose = "research"
declared_by = "a program"
declared_at = {now}
"""
_COMMAND = "from understudy.cli import main; main()"
STILLS = ("png", "jpg", "webp", "bmp", "tiff")
EXPORTS = {"fsa": "a.fsa", "json": "a.json", "faceswap-json": "faceswap.json", "coco": "coco.json"}


@dataclass(frozen=True, slots=True)
class Ground:
    """Where everything lies; the folder is ours alone.

    Attributes:
        folder: of all.
    """

    folder: Path

    @property
    def project(self) -> Path:
        """The project folder."""
        return self.folder / "out.understudy"

    @property
    def output(self) -> Path:
        """The signed film."""
        return self.folder / "out.mp4"

    def films(self) -> list[Path]:
        """Films in several containers."""
        return [self.folder / f"a.{ending}" for ending in ("mp4", "mov", "mkv", "avi", "gif")]

    def stills(self) -> list[Path]:
        """One picture in several formats."""
        return [self.folder / f"still.{ending}" for ending in STILLS]

    def faces(self) -> list[Path]:
        """Face pictures."""
        return sorted(self.project.glob("sources/*/faces/*.png"))

    def imports(self) -> list[Path]:
        """What other tools might hand over."""
        return [self.folder / name for name in EXPORTS.values()]


def made(folder: Path) -> Ground:
    """The ground, made unless it is there; takes a minute."""
    ground = Ground(folder)
    os.environ["UNDERSTUDY_HOME"] = os.fspath(folder / "home")
    os.environ["UNDERSTUDY_OFFLINE"] = "1"
    if (folder / "made").exists():
        return ground
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, seed in (("a", 3), ("b", 4)):
        shots = render_clip(
            ACTORS[f"actor_{name}"], Performance(seed, 24, Fraction(25)), (320, 180)
        )
        pictures = [shot.pixels for shot in shots]
        for ending in ("mp4", "mov", "avi") if name == "a" else ("mp4",):
            write_clip(folder / f"{name}.{ending}", pictures, Fraction(25))
    _mkv(folder)
    _gif(folder)
    for ending in STILLS:
        cv2.imwrite(os.fspath(folder / f"still.{ending}"), pictures[0][..., ::-1])
    now = datetime.now(UTC).isoformat(timespec="seconds")
    people = "".join(_PERSON.format(id=side, now=now) for side in ("a", "b"))
    (folder / "consent.toml").write_text(f"format = 2\n{people}")
    swap = ["swap", "a.mp4", "b.mp4", "-o", "out.mp4", "--consent", "consent.toml"]
    understudy(ground, *swap, "--model", "quick", "--iterations", "2", "--preset", "ultrafast")
    for layout, name in EXPORTS.items():
        understudy(ground, "export", "a.alignments", "-o", name, "--layout", layout)
    (folder / "made").touch()
    return ground


def understudy(
    ground: Ground, *words: str, before: tuple[str, ...] = (), stays_s: float = 0
) -> str:
    """Run the command in the ground's folder; what it said.

    Args:
        ground: where.
        words: of the command line.
        before: a command that runs it, such as `strace`.
        stays_s: how long its process lives on when it is done.

    Raises:
        RuntimeError: it did not end well.
    """
    script = f"import atexit, time; atexit.register(time.sleep, {stays_s})\n{_COMMAND}"
    command = [*before, sys.executable, "-c", script, *words]
    ran = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ground.folder, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise RuntimeError(f"{' '.join(words)}: {ran.stderr[-2000:]}")
    return ran.stdout + ran.stderr


def _mkv(folder: Path) -> None:
    """The same packets in Matroska."""
    import av

    names = [os.fspath(folder / name) for name in ("a.mp4", "a.mkv")]
    with av.open(names[0]) as source, av.open(names[1], "w") as target:
        picture = source.streams.video[0]
        stream = target.add_stream_from_template(picture)
        for packet in source.demux(picture):
            if packet.size:
                packet.stream = stream
                target.mux(packet)


def _gif(folder: Path) -> None:
    """A GIF of a few small frames, which no writer of ours makes."""
    import av
    import numpy as np

    with av.open(os.fspath(folder / "a.gif"), "w") as container:
        stream = container.add_stream("gif", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb8"
        for number in range(5):
            pixels = np.full((48, 64, 3), 40 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="rgb8")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
