"""What sampling evenly over poses, lids and mouths buys: the same training with and without.

    python benchmarks/even_sampling.py PROJECT plate,donor [PROJECT ...] [--iterations 600]

Shows each of the plate's faces as the donor, lays it into the face picture, and finds its
landmarks anew. Prints how far closed eyes stay open (share of the open eye, the plate's own
beside it), how the openings of lids and mouth follow the plate's, how far the yaw is off, and the
loss of the weights that convert on faces as they are.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from understudy.flow import Silent
from understudy.imaging.resample import crop_image, warp_image
from understudy.nn.device import choose_dtype
from understudy.plugin import default_registry
from understudy.stages.faces.found import Finder
from understudy.stages.train.feeding.crops import Cutting
from understudy.stages.train.feeding.faces import Preparer
from understudy.stages.train.learning.loop import Trainer
from understudy.stages.train.moments.even import weights
from understudy.stages.train.moments.traits import LIDS, MOUTH, YAW, relative_lids, traits
from understudy.stages.train.options import TrainOptions
from understudy.store.faceset import read_face_png
from understudy.store.project import Project
from understudy.swap.loading import new_model
from understudy.types import Alignment, Faces
from understudy.types.frame import frame_space

SHUT, WIDE = 0.35, 0.13


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", nargs="+", help="PROJECT plate,donor, any number of times")
    parser.add_argument("--iterations", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(
        "| plate, donor | sampling | shut faces | opening left: plate, swap | lids r | mouth r | "
        "wide open mouth: plate, swap | yaw off | loss |"
    )
    print("|" + " --- |" * 9)
    for folder, persons in zip(args.pairs[::2], args.pairs[1::2], strict=True):
        for seed in range(1, args.seeds + 1):
            for even in (False, True):
                print(
                    one(Path(folder), persons.split(","), even, args.iterations, seed), flush=True
                )


def one(folder: Path, persons: list[str], even: bool, iterations: int, seed: int) -> str:
    """Train, show, measure; a row of the table."""
    registry, cpu = default_registry(), torch.device("cpu")
    options = TrainOptions(device="cpu", threads=1)
    model = new_model(registry.get("swap", "quick"), seed, tuple(persons))
    with Project.open(folder, read_only=True) as project:
        facesets = {p: project.faceset(p) for p in persons}
    folders = [f for faceset in facesets.values() for f in faceset]
    cutting = Cutting.of(model, options)
    with tempfile.TemporaryDirectory() as cache, Finder(folders, registry) as finder:
        preparer = Preparer(facesets, Path(cache), cutting, options, finder, Silent())
        faces = {p: preparer.faces(p) for p in persons}
        shares = [weights(preparer.moments(p).traits) for p in persons] if even else None
        dtype = choose_dtype("auto", cpu).dtype
        trainer = Trainer(model, faces, options, seed, cpu, dtype, shares)
        with closing(trainer.feed):
            trainer.init_from_faces()
            losses = [sum(trainer.step(k).values()) for k in range(iterations)]
        paths = [path for f in facesets[persons[0]] for path in f.pictures()]
        plate, swap = read_back(trainer.averaged().eval(), persons[1], paths, finder, registry)
    shut = plate[:, LIDS] < SHUT
    wide = plate[:, MOUTH] > min(WIDE, np.quantile(plate[:, MOUTH], 0.95))
    r = [np.corrcoef(plate[:, c], swap[:, c])[0, 1] for c in (LIDS, MOUTH)]
    cells = (
        " ".join(persons),
        "even" if even else "as filmed",
        f"{shut.sum()} of {len(shut)}",
        f"{plate[shut, LIDS].mean():.2f}, {swap[shut, LIDS].mean():.2f}",
        *(f"{x:.3f}" for x in r),
        f"{plate[wide, MOUTH].mean():.3f}, {swap[wide, MOUTH].mean():.3f}",
        f"{np.abs(plate[:, YAW] - swap[:, YAW]).mean():.2f}",
        f"{np.mean(losses[-100:]):.4f}",
    )
    return f"| {' | '.join(cells)} |"


def read_back(
    model: Any, to: str, paths: list[Path], finder: Finder, registry: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Traits of the plate and of the swap, (n, 4) each, both found in pictures of one size."""
    aligner = registry.get("align", "mediapipe").build({})
    found: list[list[NDArray[Any]]] = [[], []]
    crop = model.crop
    for path in paths:
        pixels, record = read_face_png(path)
        face, picture = record.face, record.crop_from_frame
        to_crop = face.alignment.crop(crop.output_px, crop.coverage, crop.centering)
        to_input = face.alignment.crop(crop.input_px, crop.coverage, crop.centering)
        seen = crop_image(pixels, to_input @ picture.inverse())
        batch = torch.from_numpy(np.ascontiguousarray(seen)).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            shown = model.convert(batch, to).rgb[0].permute(1, 2, 0).clamp(0, 1).numpy()
        mask = finder.mask(record, finder.face(record), "extended", path).mask
        alpha = warp_image(mask.alpha, picture @ mask.grid_from_frame.inverse())[..., None]
        laid = warp_image(np.ascontiguousarray(shown * 255), picture @ to_crop.inverse())
        mixed = np.rint(pixels * (1 - alpha) + laid * alpha).astype(np.uint8)
        points = picture.points(face.alignment.landmarks)
        box = np.concatenate([points.min(0), points.max(0)])[None]
        height, width = pixels.shape[:2]
        for place, image in enumerate((pixels, mixed)):
            faces = Faces(boxes_xyxy=box, scores=np.ones(1), landmarks=points[None])
            marks = np.asarray(aligner.align(image, faces).landmarks)[0]
            alignment = Alignment.fit(marks, frame_space(width, height))
            found[place].append(alignment.landmarks_unit)
    rows = [np.array(traits(np.stack(points)), np.float64) for points in found]
    for row in rows:
        row[:, LIDS] = relative_lids(row[:, LIDS])
    return rows[0], rows[1]


if __name__ == "__main__":
    main()
