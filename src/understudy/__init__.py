"""Understudy: replace a face in film and video, with consent, and say so in the file.

import understudy as us

film = us.Film("clip.mp4")
faces = us.detect(film[100])
found = us.extract(film)
model = us.train({"ann": found, "bob": "bob.faces"}, into="model")
us.convert(film, model, {"ann": "bob"}, output="out.mp4", consent="consent.toml")
print(us.verify("out.mp4"))

Importing it imports nothing heavy; each name brings what it needs when it is first asked for. The
guide is `docs/guides/python.md`.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from understudy.version import VERSION

if TYPE_CHECKING:
    from understudy.api.alignments import Alignments
    from understudy.api.convert import convert
    from understudy.api.extract import extract
    from understudy.api.film import Film
    from understudy.api.look import align, detect
    from understudy.api.model import Model
    from understudy.api.train import train
    from understudy.api.verify import verify
    from understudy.provenance.consent import Declaration

# Read by OpenCV when it is first imported: a small file must not unpack to gigabytes of pixels.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "150000000")

__version__ = VERSION

__all__ = [
    "Alignments",
    "Declaration",
    "Film",
    "Model",
    "__version__",
    "align",
    "convert",
    "detect",
    "extract",
    "train",
    "verify",
]

_HOMES = {
    "Alignments": "api.alignments",
    "Declaration": "provenance.consent",
    "Film": "api.film",
    "Model": "api.model",
    "align": "api.look",
    "convert": "api.convert",
    "detect": "api.look",
    "extract": "api.extract",
    "train": "api.train",
    "verify": "api.verify",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    if name not in _ALSO_ROOMS:
        globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


_ALSO_ROOMS = ("align", "detect")


class _Package(ModuleType):
    """This package, in which `detect` and `align` are functions although rooms are called so too.

    Importing the room `understudy.detect` would otherwise put the room in the function's place.
    """

    @property
    def align(self) -> Any:
        return __getattr__("align")

    @align.setter
    def align(self, room: ModuleType) -> None:
        """The room stays in `sys.modules`, where `from understudy.align import ...` finds it."""

    @property
    def detect(self) -> Any:
        return __getattr__("detect")

    @detect.setter
    def detect(self, room: ModuleType) -> None:
        """As `align`."""


sys.modules[__name__].__class__ = _Package
