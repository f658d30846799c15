"""Draws the pictures of docs/pictures from a finished demo: python docs/pictures.py demo.

Only the demo's two actors are shown, who do not exist. The strip has footage, swap and truth over
each other at moments that are hard for a swap: eyes shut, mouth wide, the head turned to each side.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from understudy.geometry.facemesh import fit_heads
from understudy.geometry.facemesh.build import lid_gaps, mouth_gap
from understudy.imaging.sheets import contact_sheet
from understudy.imaging.squares import cut_square
from understudy.media import FilmReader, probe
from understudy.stages.faces.surfaces import mesh_of
from understudy.store.alignments import Alignments

TARGET = Path(__file__).parent / "pictures"
CELL = (200, 240)
MOVING_PX, EVERY, FRAMES = 200, 2, 45
"""Of the moving strip: pixels of a face, one of how many frames, and how many in all."""


def main() -> None:
    """Read the demo and write both pictures."""
    demo, footage = finished_demo(__doc__)
    films = {
        "footage": footage,
        "swap": demo / "out.mp4",
        "truth": footage.with_name(footage.name.replace("a_", "truth_")),
    }
    meshes = meshes_in(footage.with_suffix(".alignments"))
    TARGET.mkdir(exist_ok=True)
    chosen = telling(meshes)
    first = max(0, chosen[0] - EVERY * FRAMES // 2)
    moving = [i for i in range(first, first + EVERY * FRAMES, EVERY) if i in meshes]
    shown = {n: pictures(f, meshes, {*chosen, *moving}) for n, f in films.items()}
    strip = contact_sheet(
        ["shut", "wide mouth", "left", "right", "level"],
        [[fitted(shown[name][i]) for i in chosen] for name in films],
        list(films),
        CELL,
    )
    Image.fromarray(strip).save(TARGET / "strip.webp", quality=88, method=6)
    side = (MOVING_PX, MOVING_PX)
    rows = [np.hstack([resized(shown[name][i], side) for name in films]) for i in moving]
    images = [Image.fromarray(row) for row in rows]
    images[0].save(
        TARGET / "moving.webp",
        save_all=True,
        append_images=images[1:],
        duration=40 * EVERY,
        loop=0,
        quality=60,
        method=6,
    )
    for path in sorted(TARGET.glob("*.webp")):
        print(f"written: {path} ({path.stat().st_size // 1024} KiB)")


def finished_demo(about: str | None) -> tuple[Path, Path]:
    """The folder of a demo that was named, and the footage in it."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("demo", type=Path, nargs="?", default=Path("demo"), help="its folder")
    demo: Path = parser.parse_args().demo
    footage = next((demo / "clips").glob("a_*.mp4"), None)
    if footage is None or not (demo / "out.mp4").is_file():
        parser.error(f"{demo}: no demo was finished there; make one: understudy demo --out {demo}")
    return demo, footage


def meshes_in(alignments: Path) -> Mapping[int, NDArray[Any]]:
    """The mesh of the one face of each frame."""
    with Alignments.open(alignments, read_only=True) as store:
        return {at.index: mesh_of(faces[0]) for at, faces in store.by_frame() if faces}


def telling(meshes: Mapping[int, NDArray[Any]]) -> Sequence[int]:
    """Frames with shut eyes, a wide mouth, the head to each side, and none of these."""
    frames, points = np.array(list(meshes)), np.stack(list(meshes.values()))
    heads = fit_heads(points)
    still = heads.canonical(points)
    yaw = heads.pitch_yaw_roll_deg[:, 1]
    lids, mouth = lid_gaps(still).mean(1), mouth_gap(still)
    level = np.abs(yaw) / 20 + np.abs(lids - np.median(lids)) * 5 + mouth
    picked = (lids.argmin(), mouth.argmax(), yaw.argmin(), yaw.argmax(), level.argmin())
    return [int(frames[i]) for i in picked]


def pictures(
    film: Path, meshes: Mapping[int, NDArray[Any]], wanted: set[int]
) -> dict[int, NDArray[Any]]:
    """The face in some frames of a film, at the place that the footage's mesh says."""
    found = {}
    for frame in FilmReader(probe(film)).frames():
        if frame.at.index in wanted:
            found[frame.at.index] = around(frame.pixels, meshes[frame.at.index])
    return found


def around(pixels: NDArray[Any], mesh: NDArray[Any]) -> NDArray[Any]:
    """A square of 256 px around a face."""
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    square = np.array([*((low + high) / 2), 1.35 * (high - low).max(), 0.0])
    return cut_square(pixels, square, 256)


def fitted(picture: NDArray[Any]) -> NDArray[Any]:
    """The middle of a picture in the shape of a cell."""
    width = picture.shape[0] * CELL[0] // CELL[1]
    left = (picture.shape[1] - width) // 2
    return picture[:, left : left + width]


def resized(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """A picture in another size."""
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main()
