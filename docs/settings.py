"""Draws what settings of a conversion do, from a finished demo: python docs/settings.py demo.

The pictures of docs/guides/conversion.md: the demo's two actors, who do not exist, at a moment that
shows the setting best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pictures import CELL, TARGET, around, finished_demo, fitted, meshes_in, telling
from PIL import Image

from understudy.imaging.sheets import contact_sheet
from understudy.media import FilmReader, probe
from understudy.plugin import default_registry
from understudy.stages.convert.compose import Composer
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.faces.casting import Casting
from understudy.stages.faces.surfaces import builds_in
from understudy.store.alignments import Alignments
from understudy.store.project import ALL
from understudy.swap import read_knobs
from understudy.swap.loading import load_swapper

Shown = tuple[str, int, Mapping[str, Any]]
"""What a picture is called, the frame, and the options of the conversion."""


def main() -> None:
    """Read the demo and write the three pictures."""
    demo, footage = finished_demo(__doc__)
    meshes = meshes_in(footage.with_suffix(".alignments"))
    shut, mouth, left, _, level = telling(meshes)
    both = {"bounds": "both"}
    sheets: dict[str, Sequence[Sequence[Shown]]] = {
        "bounds": [
            [
                ("the surface (auto)", level, {}),
                ("both", level, both),
                ("both, feather .2", level, {**both, "feather": 0.2}),
                ("both, erode .1", level, {**both, "erode": 0.1}),
                ("both, components", level, {**both, "mask": "components"}),
            ]
        ],
        "colour": [
            [
                ("matched (skin)", level, {}),
                ("none", level, {"match_colour": "none"}),
                ("matched (skin)", left, {}),
                ("none", left, {"match_colour": "none"}),
            ]
        ],
        "knobs": [
            [
                (f"{name}={value}", at, {"knob": (f"{name}={value}",)})
                for name, at in (
                    ("shape", level),
                    ("light", left),
                    ("mouth", mouth),
                    ("outline", level),
                    ("lids", shut),
                )
            ]
            for value in (0, 1)
        ],
    }
    made = Made(demo / "out.understudy" / "models" / "model", footage, meshes)
    for name, rows in sheets.items():
        cells = [[made.picture(at, **chosen) for _, at, chosen in row] for row in rows]
        heads = [title for title, _, _ in rows[0]]
        labels = ["0", "1"] if len(rows) > 1 else [""]
        if len(rows) > 1:
            heads = [title.partition("=")[0] for title in heads]
        sheet = contact_sheet(heads, cells, labels, CELL, made=range(len(heads)))
        path = TARGET / f"{name}.webp"
        Image.fromarray(sheet).save(path, quality=88, method=6)
        print(f"written: {path} ({path.stat().st_size // 1024} KiB)")


class Made:
    """Single frames of the footage, converted with options of their own.

    Args:
        model: the demo's.
        footage: its film.
        meshes: of the one face of each frame.
    """

    def __init__(self, model: Path, footage: Path, meshes: Mapping[int, NDArray[Any]]) -> None:
        self.registry = default_registry()
        self.swapper = load_swapper(model, "cpu", self.registry)
        self.film, self.meshes = FilmReader(probe(footage)), meshes
        self.alignments = footage.with_suffix(".alignments")

    def picture(self, index: int, **chosen: Any) -> NDArray[Any]:
        """The face in one frame as these options make it, in the shape of a cell."""
        options = ConvertOptions(**chosen)
        with Alignments.open(self.alignments, read_only=True) as store:
            casting = Casting(store, {ALL: "b"}, "all", self.alignments.parent)
            builds = builds_in(casting, options.mask)
            matcher = self.registry.get("colour", options.match_colour).build({})
            knobs = read_knobs(self.swapper, options.knob, {})
            composer = Composer(options, self.swapper, matcher, knobs, builds)
            frame = next(iter(self.film.frames(store.timestamp(index))))
            found = casting.between(index, index)[index]
        fresh = composer.made([(frame, face, part) for face, part in found])
        return fitted(around(composer.composed((frame, fresh)).pixels, self.meshes[index]))


if __name__ == "__main__":
    main()
