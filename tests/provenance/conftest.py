from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from understudy.provenance.consent import Declaration
from understudy.provenance.credentials import disclosure_of, sign

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def declaration(person: str = "a", **changes: Any) -> Declaration:
    values: dict[str, Any] = {
        "person": person,
        "name": "Ann",
        "basis": "consented",
        "adult": True,
        "intimate": False,
        "scope": "film X",
        "purpose": "film-vfx",
        "declared_by": "Bob",
        "declared_at": AT,
    }
    return Declaration(**{**values, **changes})


def clip(path: Path, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(8):
            pixels = rng.integers(0, 256, (48, 64, 3)).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def picture(path: Path, size: int = 32, seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3)).astype(np.uint8)
    cv2.imwrite(str(path), pixels)
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


class Make:
    declaration = staticmethod(declaration)
    clip = staticmethod(clip)
    picture = staticmethod(picture)


@pytest.fixture
def make() -> type[Make]:
    return Make


@pytest.fixture
def signed(tmp_path: Path) -> Callable[..., Path]:
    """Render, sign; the path of the signed file."""

    def make_signed(name: str = "out.mp4", **options: Any) -> Path:
        mimes = {".mp4": "video/mp4", ".mov": "video/quicktime", ".png": "image/png"}
        mime = mimes[Path(name).suffix]
        rendered = tmp_path / f"rendered_{name}"
        (picture if name.endswith(".png") else clip)(rendered)
        values: dict[str, Any] = {
            "source": picture(tmp_path / "source.png", seed=1),
            "donors": [picture(tmp_path / "Ann Example_000001_0.png", 256, seed=2)],
            "disclosure": disclosure_of(
                [declaration("b"), declaration("a")], "0" * 64, ["a"], ["b"]
            ),
            "title": name,
            "mime": mime,
            **options,
        }
        if values["source"] == "clip":
            values["source"] = clip(tmp_path / "source.mp4", seed=1)
        sign(rendered, tmp_path / name, **values)
        return tmp_path / name

    return make_signed
