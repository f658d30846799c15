"""Shared by all tests: one thread per worker, small films of two actors, and the real media."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from understudy.plugin import Plugin

# Two test workers share two cores; more threads each would only spin. Set before NumPy loads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED = Path(__file__).parents[1].parent / "shared"

DEAREST = ("cli", "stages", "api", "test_kill.py", "test_kill_extract.py", "studio", "swap")
"""What takes longest, begun first; so little is left for one worker to do alone at the end."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files of one folder go to one worker while there are others, for what their tests share.

    xdist's own order begins with the files of most tests: it made each folder's films and models
    once a worker, and came to the few long tests of a file like `test_kill.py` last.
    """
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByFolder(LoadFileScheduling):
        def _assign_work_unit(self, node: Any) -> None:
            own = [_room(file) for file in self.assigned_work[node]]
            begun = {_room(file) for files in self.assigned_work.values() for file in files}

            def rank(file: str) -> tuple[bool, bool, int]:
                room = _room(file)
                place = DEAREST.index(room) if room in DEAREST else len(DEAREST)
                return room not in own[-1:], room in begun - {*own}, place

            self.workqueue.move_to_end(min(self.workqueue, key=rank), last=False)
            super()._assign_work_unit(node)

    return ByFolder(config, log)


def _room(file: str) -> str:
    """The folder below `tests` that a file lies in, or its own name."""
    return Path(file).parts[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real media and weights; tests that need it skip without it."""
    if not (SHARED / "media").is_dir():
        pytest.skip("no shared media beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def surround(tmp_path_factory: pytest.TempPathFactory) -> Callable[[pytest.MonkeyPatch], None]:
    """Sets what a test runs in: no keys or caches of the person's, no network, shared weights.

    Fixtures of a session need it as well, since which eyes score a swap goes by the weights that
    are there.
    """

    def patched(patch: pytest.MonkeyPatch) -> None:
        patch.setenv("UNDERSTUDY_HOME", str(tmp_path_factory.getbasetemp() / "home"))
        patch.setenv("UNDERSTUDY_WEIGHTS", str(SHARED / "weights"))
        patch.setenv("UNDERSTUDY_OFFLINE", "1")

    return patched


def quick_beginnings(patch: pytest.MonkeyPatch) -> None:
    """Has models begin from each face seen twice, as seeing it 16 times is most of a small job."""
    patch.setattr("understudy.stages.train.learning.loop.INIT_EACH", 2)


@pytest.fixture(scope="session")
def quick() -> Callable[[pytest.MonkeyPatch], None]:
    """`quick_beginnings`, for tests of what happens around a model."""
    return quick_beginnings


@pytest.fixture(autouse=True)
def _own_home(
    surround: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    surround(monkeypatch)
    # one for all of a person's folders: what one test left waiting, another would see, and copies
    # of one project would know of each other's logs
    for shared in ("jobs", "logs", "chains"):
        shutil.rmtree(Path(os.environ["UNDERSTUDY_HOME"]) / shared, ignore_errors=True)


def built(plugin: Plugin, **chosen: Any) -> Any:
    """The plug-in, constructed; the test is skipped where its weights are not on this machine."""
    from understudy.errors import WeightsError
    from understudy.weights.files import locate

    for record in plugin.weights:
        try:
            locate(record)
        except WeightsError as error:
            pytest.skip(f"{plugin.name}: {error}")
    return plugin.build(chosen)


@pytest.fixture(scope="session")
def build() -> Callable[..., Any]:
    """`built`: a plug-in, or a skipped test where its weights are missing."""
    return built


@dataclass(frozen=True)
class People:
    """Two actors who do not exist, each (16, 120, 160, 3) uint8 RGB, and a picture of nobody."""

    a: NDArray[np.uint8]
    b: NDArray[np.uint8]
    nobody: NDArray[np.uint8]


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    """Rendered once a run, whatever the number of test workers."""
    import numpy as np

    base = tmp_path_factory.getbasetemp()
    kept = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "people.npz"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _render_people(kept)
    with np.load(kept) as arrays:
        return People(arrays["a"], arrays["b"], arrays["nobody"])


def _render_people(path: Path) -> None:
    import numpy as np

    from understudy.actors import ACTORS, Performance, render_clip

    clips = {
        side: np.stack([s.pixels for s in render_clip(ACTORS[f"actor_{side}"], script, (160, 120))])
        for side, script in (
            ("a", Performance(3, 16, Fraction(25))),
            ("b", Performance(4, 16, Fraction(25))),
        )
    }
    rows, columns = np.mgrid[:120, :160]
    nobody = np.stack([rows, columns // 2 + 40, 120 - rows // 2], -1).astype(np.uint8)
    np.savez(path, nobody=nobody, **clips)


@dataclass(frozen=True)
class Films:
    """Small films, read only."""

    folder: Path
    a: Path
    b: Path
    nobody: Path


Film = Callable[..., Path]


@pytest.fixture(scope="session")
def film() -> Film:
    """A video file from pictures, with exactly the times, size and turn asked for."""
    return _film


def _film(
    path: Path,
    pictures: Sequence[NDArray[np.uint8]],
    *,
    rate: Fraction = Fraction(25),
    time_base: Fraction | None = None,
    pts: Sequence[int] | None = None,
    turned: int = 0,
    sound: bool = True,
) -> Path:
    """`turned` degrees counter-clockwise as stored, with the display matrix that undoes it."""
    import av
    import numpy as np

    base = time_base or 1 / rate
    stored = [np.ascontiguousarray(np.rot90(p, turned // 90)) for p in pictures]
    height, width = stored[0].shape[:2]
    format_ = "yuv444p" if height % 2 or width % 2 else "yuv420p"
    with av.open(str(path), "w") as container:
        # x264's vector code is not repeatable on small frames
        options = {"crf": "12", "x264-params": "cpu-independent=1"}
        video: Any = container.add_stream("libx264", rate=rate, options=options)
        video.width, video.height, video.pix_fmt = width, height, format_
        video.codec_context.time_base = base
        if turned:
            video.set_display_rotation(-turned)
        tone: Any = container.add_stream("aac", rate=44100, layout="mono") if sound else None
        packets = []
        for number, pixels in enumerate(stored):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts, frame.time_base = (pts[number] if pts else number), base
            packets += video.encode(frame)
        packets += video.encode(None)
        for first in range(0, round(44100 * len(stored) / rate) if sound else 0, 1024):
            t = (first + np.arange(1024)) / 44100
            wave = (0.3 * np.sin(2 * np.pi * (330 + 200 * t) * t)).astype(np.float32)
            block = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
            block.sample_rate, block.pts = 44100, first
            packets += tone.encode(block)
        if sound:
            packets += tone.encode(None)
        packets.sort(key=lambda p: (p.dts or 0) * p.time_base)
        container.mux(packets)
    return path


@pytest.fixture(scope="session")
def films(people: People, tmp_path_factory: pytest.TempPathFactory) -> Films:
    """A of 24 frames without a face in frames 10 to 12, B of 20, and one of nobody; read only."""
    folder = tmp_path_factory.mktemp("films")
    a, b = [*people.a, *people.a[-2:-10:-1]], [*people.b, *people.b[-2:-6:-1]]
    a[10:13] = [people.nobody] * 3
    return Films(
        folder,
        _film(folder / "a.mp4", a),
        _film(folder / "b.mp4", b),
        _film(folder / "nobody.mp4", [people.nobody] * 6),
    )


def _faults_and_faces() -> Any:
    """Loaded by its place: tests are no package, and NumPy must not load before this file did."""
    place = Path(__file__).with_name("faults_and_faces.py")
    spec = importlib.util.spec_from_file_location("faults_and_faces", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes the k-th write, sync or rename fail."""
    yield from _faults_and_faces().faults_in(monkeypatch)


@pytest.fixture(scope="session")
def make() -> Any:
    """Random faces and records to store, and how to compare them."""
    return _faults_and_faces().Make


@pytest.fixture(scope="session")
def tiny_onnx() -> Callable[..., bytes]:
    """See `tiny_onnx.model`."""
    place = Path(__file__).with_name("tiny_onnx.py")
    spec = importlib.util.spec_from_file_location("tiny_onnx", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.model
