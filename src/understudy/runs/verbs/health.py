"""What is installed, what is chosen, and what that means for the work: `understudy doctor`."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

import av
import psutil
import torch

from understudy.errors import PluginError
from understudy.nn.device import choose_device
from understudy.plugin import KINDS, Registry
from understudy.stages.extract.choose import default_plugins
from understudy.store.home import home
from understudy.version import VERSION
from understudy.weights.fetch import size_words
from understudy.weights.needed import State, state, users
from understudy.words import counted

_EXTRAS = {
    "legacy": "dlib's detector and landmarks, MTCNN",
    "onnx": "networks in ONNX files, such as ArcFace",
    "gpu": "networks in ONNX files on an NVIDIA GPU",
    "logs": "curves of the losses in TensorBoard",
    "photos": "HEIC photos",
    "studio": "the studio that `understudy studio` opens",
}
"""What each extra is for; a test holds it against the extras there are."""
_LITTLE_DISK, _NO_DISK, _LITTLE_MEMORY = 5 << 30, 200 << 20, 2 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it could be.

    Attributes:
        matters: "broken": work ends in an error; "slower": it works, but slowly or for not much;
            "optional": only some parts need it.
        what: what it is and whether that matters, for people.
        todo: what would change it, or "".
    """

    matters: Literal["broken", "slower", "optional"]
    what: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that a place has, and how many of them are free."""

    name: str
    total: int
    free: int

    def words(self) -> str:
        """For people."""
        return f"{self.free / 2**30:.1f} of {self.total / 2**30:.1f} GiB free"


@dataclass(frozen=True, slots=True)
class Health:
    """What was looked at.

    Attributes:
        works: whether the whole job can be done here.
        verdict: the same in words.
        findings: what is not as it could be, what matters most first.
        python, system: versions.
        packages: name and version of each that is installed; None where it is not.
        device, device_reason: where networks run, and why there.
        cores: of the processor.
        memory, gpu_memory: of the machine, and of each GPU that PyTorch sees.
        disks: places that are written to.
        h264: whether videos can be written.
        plugins: names and versions of those that can be used, by kind.
        weights: where each file of weights lies, by name; None where it is not here.
        home: the folder of keys and caches.
    """

    works: bool
    verdict: str
    findings: Sequence[Finding]
    python: str
    system: str
    packages: dict[str, str | None]
    device: str
    device_reason: str
    cores: int
    memory: Memory
    gpu_memory: Sequence[Memory]
    disks: Sequence[Memory]
    h264: bool
    plugins: dict[str, list[str]]
    weights: dict[str, Path | None]
    home: Path


def look(registry: Registry) -> Health:
    """Look at everything that the work needs; every file of weights that is here is read."""
    chosen = choose_device("auto")
    packages = dict(_packages())
    usable, unusable = _usable(registry)
    states = [
        state(record)
        for record, plugins in users(registry).items()
        if any(not plugin.missing for plugin in plugins)
    ]
    memory = psutil.virtual_memory()
    ram = Memory("memory", memory.total, memory.available)
    gpus, disks = list(_gpus()), list(_disks())
    h264 = "libx264" in av.codecs_available
    findings = [
        *_missing(packages, gpu=chosen.device.type == "cuda"),
        *([] if h264 else [Finding("broken", "no H.264 encoder: video cannot be written")]),
        *(Finding("broken", f"no {k} plug-in can be used") for k in KINDS if not usable[k]),
        *unusable,
        *_of_weights(states, registry),
        *_of_places(disks),
        *_of_speed(chosen.device.type, ram),
    ]
    findings.sort(key=lambda f: ("broken", "slower", "optional").index(f.matters))
    works = all(f.matters != "broken" for f in findings)
    return Health(
        works=works,
        verdict=_verdict(findings),
        findings=findings,
        python=sys.version.split()[0],
        system=platform.platform(),
        packages=packages,
        device=str(chosen.device),
        device_reason=chosen.reason,
        cores=os.cpu_count() or 1,
        memory=ram,
        gpu_memory=gpus,
        disks=disks,
        h264=h264,
        plugins=usable,
        weights={found.record.name: found.path for found in states},
        home=home(),
    )


def _verdict(findings: Sequence[Finding]) -> str:
    matters = {finding.matters for finding in findings}
    if "broken" in matters:
        return f"Understudy {VERSION} does not work here as it is: see what is broken."
    works = "faces can be found, learnt and replaced, and films written and signed."
    if "slower" in matters:
        return f"Understudy {VERSION} works here, but not at its best: {works}"
    return f"Understudy {VERSION} works here: {works}"


def _packages() -> Iterator[tuple[str, str | None]]:
    """What we require and what the extras bring, each with its version."""
    yield "understudy", version("understudy")
    for name, _ in _required():
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, None


def _required() -> Iterator[tuple[str, str]]:
    """Names of packages, and the extra that brings each, or ""."""
    for line in requires("understudy") or ():
        name, extra = re.match(r"[\w.-]+", line), re.search(r"extra == ['\"](\w+)", line)
        if name is not None and name[0] != "understudy" and not (extra and extra[1] == "dev"):
            yield name[0], extra[1] if extra else ""


def _missing(packages: dict[str, str | None], *, gpu: bool) -> Iterator[Finding]:
    """Packages that are not installed: those of one extra are one finding."""
    lacking: dict[str, list[str]] = {}
    for name, extra in _required():
        if packages.get(name) is None:
            lacking.setdefault(extra, []).append(name)
    for extra, names in lacking.items():
        said = ", ".join(names)
        todo = f"pip install 'understudy[{extra}]'"
        if not extra:
            yield Finding("broken", f"not installed: {said}", f"pip install {' '.join(names)}")
        elif extra == "gpu":  # takes the place of another; wanted where there is a GPU only
            if gpu:
                yield Finding("slower", f"{_EXTRAS[extra]} need {said}, not installed", todo)
        elif extra != "onnx" or packages.get("onnxruntime-gpu") is None:
            what = _EXTRAS.get(extra, "some parts")
            yield Finding("optional", f"{said}: not installed, only for {what}", todo)


def _usable(registry: Registry) -> tuple[dict[str, list[str]], list[Finding]]:
    usable: dict[str, list[str]] = {kind: [] for kind in KINDS}
    unusable = [
        Finding("slower", f"not usable {p.called}: {p.reason} ({p.where})")
        for p in registry.passed_over
    ]
    for kind in KINDS:
        for plugin in registry.of_kind(kind):
            try:
                plugin.load()
                plugin.load_options()
                usable[kind].append(plugin.made_by)
            except PluginError as error:
                matters: Literal["slower", "optional"] = "optional" if plugin.missing else "slower"
                unusable.append(Finding(matters, f"not usable {kind} {plugin.name}: {error}"))
    return usable, unusable


def _of_weights(states: Sequence[State], registry: Registry) -> Iterator[Finding]:
    yield from (Finding("broken", found.trouble) for found in states if found.trouble)
    usual = {record.name for p in default_plugins(registry) for record in p.weights}
    away = [found.record for found in states if found.path is None]
    first = [record for record in away if record.name in usual]
    if first:
        size = size_words(sum(record.size for record in first))
        what = f"the first extraction fetches {size} of weights"
        if os.environ.get("UNDERSTUDY_OFFLINE"):
            what += ", but UNDERSTUDY_OFFLINE is set"
        yield Finding("optional", what, "understudy weights fetch")
    rest = len(away) - len(first)
    if rest:
        what = "is" if rest == 1 else "are"
        yield Finding(
            "optional",
            f"{rest} of {counted(len(states), 'file')} of weights {what} not here; each is "
            "fetched when a "
            "plug-in that needs it is chosen",
            "understudy weights list",
        )


def _of_places(disks: Sequence[Memory]) -> Iterator[Finding]:
    for disk in disks:
        if disk.free < _NO_DISK:
            yield Finding("broken", f"the disk is full: {disk.words()} at {disk.name}")
        elif disk.free < _LITTLE_DISK:
            what = (
                f"little room on the disk: {disk.words()} at {disk.name}; a model takes up to 1 GiB"
            )
            yield Finding("slower", what)
    place = _there(home())
    if not os.access(place, os.W_OK):
        what = f"{home()}: keys cannot be kept here, so results cannot be signed"
        yield Finding("broken", what, "set UNDERSTUDY_HOME to a folder that may be written")


def _of_speed(device: str, ram: Memory) -> Iterator[Finding]:
    if device == "cpu":
        yield Finding(
            "slower",
            "no GPU: films are extracted and converted all the same, but training takes its time; "
            "--instant, and the model quick, do with little",
        )
    if ram.free < _LITTLE_MEMORY:
        what = f"little memory: {ram.words()}; large films and batches may not fit"
        yield Finding("slower", what, "close other programs")


def _gpus() -> Iterator[Memory]:
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(number)
            yield Memory(torch.cuda.get_device_name(number), total, free)


def _disks() -> Iterator[Memory]:
    for place in dict.fromkeys([Path.cwd(), _there(home())]):
        usage = shutil.disk_usage(place)
        yield Memory(str(place), usage.total, usage.free)


def _there(path: Path) -> Path:
    """The folder itself, or the nearest one above it that there is."""
    return next(p for p in (path, *path.parents) if p.is_dir())
