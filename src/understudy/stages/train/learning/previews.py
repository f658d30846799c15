"""What people look at while a model learns: a sheet of faces, and TensorBoard's curves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from understudy.files import make_folder
from understudy.flow import Progress
from understudy.geometry.facemesh.surface import surface
from understudy.imaging.png import encode_png
from understudy.imaging.rasterise import texture_map, textured
from understudy.imaging.text import MADE_COMMENT, mark_made
from understudy.nn.augment import Switches, cut, draw, generator_for
from understudy.stages.faces.surfaces import BUILD_FACES, build_from, build_signal, surface_of
from understudy.stages.train.feeding.faces import FaceSource
from understudy.stages.train.feeding.feed import Feed
from understudy.stages.train.feeding.sampler import Sampler
from understudy.store.atomic import commit_bytes
from understudy.swap import Outputs

CELL, HEAD, GAP = 128, 22, 8
_WIDE = 16
"""Cells beside each other; persons go below when theirs would not fit."""


def sheet(
    model: Any, faces: Mapping[str, FaceSource], count: int, caption: str, device: torch.device
) -> NDArray[np.uint8]:
    """A block for each person: rows of the original, its reconstruction and a swap to each other.

    Args:
        model: with the weights to show.
        faces: by person.
        count: faces of each person.
        caption: what it says at its lower edge.
        device: where the model is.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    blocks = [_block(model, person, faces[person], count, device) for person in model.persons]
    beside = max(1, _WIDE // (len(model.persons) + 1))
    lines = [_side_by_side(blocks[i : i + beside]) for i in range(0, len(blocks), beside)]
    width = max(line.shape[1] for line in lines)
    whole = np.concatenate([np.pad(x, ((0, 0), (0, width - x.shape[1]), (0, 0))) for x in lines])
    cv2.putText(whole, caption, (4, len(whole) - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255,) * 3, 1)
    return whole


def _block(
    model: Any, person: str, faces: FaceSource, count: int, device: torch.device
) -> NDArray[np.uint8]:
    originals, inputs, told = _plain(faces, count, model)
    inputs, told = inputs.to(device), {k: v.to(device) for k, v in told.items()}
    others = [other for other in model.persons if other != person]
    with torch.inference_mode():
        shown = [model.convert(inputs, to, told) for to in (person, *others)]
    if model.crop.surface:
        there = [surface_of(mesh) for mesh in told["mesh"].double().cpu().numpy()]
        first = Outputs(originals, mesh=torch.tensor(np.stack(there)))
    else:
        first = Outputs(originals)
    columns = torch.cat([_cells(x) for x in (first, *shown)], 3)
    rows = columns.permute(0, 2, 3, 1).flatten(0, 1)
    body = (rows.clamp(0, 1) * 255).round().byte().numpy()
    for top in range(0, len(body), CELL):
        for left in range(CELL, body.shape[1], CELL):  # all but the originals
            mark_made(body[top : top + CELL, left : left + CELL])
    return np.concatenate([_header([person, "again", *(f"as {o}" for o in others)]), body])


def _side_by_side(blocks: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    height = max(len(b) for b in blocks)
    parts = []
    for block in blocks:
        parts += [np.pad(block, ((0, height - len(block)), (0, 0), (0, 0)))]
        parts += [np.full((height, GAP, 3), 255, np.uint8)]
    return np.concatenate(parts[:-1], 1)


def write_sheet(folder: Path, picture: NDArray[np.uint8], step: int) -> Path:
    """Keep a sheet as `previews/step_*.png`, which is returned, and as `preview.png`."""
    data = encode_png(picture, MADE_COMMENT)
    previews = folder / "previews"
    make_folder(previews)
    commit_bytes(previews / f"step_{step:08d}.png", data, durable=False)
    commit_bytes(folder / "preview.png", data, durable=False)
    return previews / f"step_{step:08d}.png"


class Curves:
    """TensorBoard logs in `logs/`; losses every tenth iteration, sheets at each save.

    TensorBoard is an extra: without it nothing is written, and that is said once.
    """

    EVERY = 10

    def __init__(self, folder: Path, step: int, progress: Progress) -> None:
        self._writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            progress.say(
                "no curves are written, because tensorboard is not installed; to have them: "
                "pip install 'understudy[logs]'"
            )
            return
        self._writer = SummaryWriter(str(folder / "logs"), purge_step=step or None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def losses(self, step: int, losses: Mapping[str, float], learning_rate: float) -> None:
        """Note one iteration; most are passed over, a curve needs no more."""
        if step % self.EVERY or self._writer is None:
            return
        for person, loss in losses.items():
            self._writer.add_scalar(f"loss/{person}", loss, step)
        self._writer.add_scalar("learning_rate", learning_rate, step)

    def figures(self, step: int, figures: Mapping[str, float]) -> None:
        """Note figures by name, such as the score of what this step's model converted."""
        if self._writer is not None:
            for name, value in figures.items():
                self._writer.add_scalar(name, value, step)

    def picture(self, step: int, picture: NDArray[np.uint8]) -> None:
        """Note a preview sheet."""
        if self._writer is not None:
            self._writer.add_image("preview", picture, step, dataformats="HWC")


def _plain(faces: FaceSource, count: int, model: Any) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """(n, 3, output, output) and (n, 3, input, input), not augmented, and signals."""
    crop = model.crop
    raw = Feed([faces], Sampler(0, 1), pinned=False).evenly(0, count, 1)
    pixels = raw.planes[:, :3].float() / 255
    still = draw(len(pixels), Switches(0, 0, 0, colour=False), generator_for(0))
    inner = faces.cutting.inner
    originals = cut(pixels, still, crop.output_px, inner, warped=False)
    told = dict(raw.signals)
    if "build" in model.needs.of_plate:
        many = Feed([faces], Sampler(0, 1), pinned=False).evenly(0, BUILD_FACES, 1)
        build = build_from(list(many.signals["mesh"].double().numpy()))
        told["build"] = torch.tensor(build_signal([build] * len(pixels)))
    if crop.surface:
        return originals, F.interpolate(originals, (crop.input_px,) * 2, mode="area"), told
    return originals, cut(pixels, still, crop.input_px, inner, warped=False), told


def _cells(shown: Outputs) -> Tensor:
    """(n, 3, CELL, CELL) crops; textures are drawn on their mesh."""
    rgb = shown.rgb.float().cpu()
    if shown.mesh is None:
        return F.interpolate(rgb, (CELL, CELL), mode="bilinear", align_corners=False)
    cells = []
    for texture, mesh in zip(rgb, shown.mesh.double().cpu().numpy(), strict=True):
        points = np.concatenate([(mesh[:, :2] + 1) / 2 * CELL, mesh[:, 2:]], 1)
        where = texture_map(points, surface().uv, surface().triangles, (CELL, CELL))
        cells.append(textured(texture.permute(1, 2, 0).numpy(), where))
    return torch.tensor(np.stack(cells)).permute(0, 3, 1, 2)


def _header(labels: list[str]) -> NDArray[np.uint8]:
    header = np.zeros((HEAD, CELL * len(labels), 3), np.uint8)
    for i, label in enumerate(labels):
        at = (CELL * i + 4, HEAD - 7)
        cv2.putText(
            header, label[:16], at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255,) * 3, 1, cv2.LINE_AA
        )
    return header
