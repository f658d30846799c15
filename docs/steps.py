"""Draws the four pictures of the studio's first page from a demo: python docs/steps.py demo.

Only the demo's two actors are shown, who do not exist.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from understudy.api.film import Film
from understudy.store.alignments import Alignments

TARGET = Path(__file__).parents[1] / "src" / "understudy" / "studio" / "static" / "demo"
SIZE = (480, 300)
TEAL = (88, 195, 184)


def main() -> None:
    """Read the demo and write the pictures."""
    demo = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    a = next((demo / "clips").glob("a_*.mp4"))
    b = next((demo / "clips").glob("b_*.mp4"))
    project = demo / "out.understudy"
    TARGET.mkdir(exist_ok=True)
    frame = first(a, 20)
    with Alignments.open(a.with_suffix(".alignments"), read_only=True) as store:
        face = store.faces(20)[0]
    save("faces", fitted(marked(frame, face)))
    save("consent", np.hstack([fitted(first(f, 20), (240, 300)) for f in (a, b)]))
    preview = np.asarray(Image.open(project / "models" / "model" / "preview.png").convert("RGB"))
    width = preview.shape[1] // 2
    save("train", fitted(preview[20 : 20 + int(width * 0.62), :width]))
    save("convert", np.hstack([fitted(first(f, 8), (240, 300)) for f in (a, demo / "out.mp4")]))


def first(film: Path, index: int) -> NDArray[np.uint8]:
    """One frame of a film."""
    for frame in Film(film).frames(index, index + 1):
        pixels: NDArray[np.uint8] = frame.pixels
        return pixels
    raise SystemExit(f"{film}: has no frame {index}")


def marked(pixels: NDArray[np.uint8], face: Any) -> NDArray[np.uint8]:
    """A frame with what is found in it."""
    drawn = pixels.copy()
    left, top, right, bottom = (round(float(v)) for v in face.box_xyxy)
    cv2.rectangle(drawn, (left, top), (right, bottom), TEAL, 2, cv2.LINE_AA)
    for x, y in face.alignment.landmarks:
        cv2.circle(drawn, (round(float(x)), round(float(y))), 2, (255, 255, 255), -1, cv2.LINE_AA)
    return drawn


def fitted(pixels: NDArray[np.uint8], size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """The middle of a picture, filling a size."""
    height, width = pixels.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    wide, high = round(size[0] / scale), round(size[1] / scale)
    x, y = (width - wide) // 2, (height - high) // 2
    image = Image.fromarray(pixels[y : y + high, x : x + wide])
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS))


def save(name: str, pixels: NDArray[np.uint8]) -> None:
    """Write one of them."""
    Image.fromarray(pixels).save(TARGET / f"{name}.jpg", quality=86, optimize=True)


if __name__ == "__main__":
    main()
