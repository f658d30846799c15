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

from understudy.nn.augment import Switches, cut, draw, generator_for
from understudy.stages.train.faces import FaceArrays, evenly
from understudy.store.atomic import commit_bytes
from understudy.swap import SIDES, Side

CELL, HEAD = 128, 22
_COLUMNS = ("original", "again", "swap")


def sheet(
    model: Any, faces: Mapping[Side, FaceArrays], count: int, step: int, device: torch.device
) -> NDArray[np.uint8]:
    """Rows of original, reconstruction and swap; side A on the left, B on the right.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    halves = []
    for side, other in zip(SIDES, reversed(SIDES), strict=True):
        originals, inputs = _plain(faces[side], count, model.crop)
        with torch.inference_mode():
            again = model(inputs.to(device), side).float().cpu()
            swapped = model(inputs.to(device), other).float().cpu()
        columns = torch.cat([_cells(x) for x in (originals, again, swapped)], 3)
        rows = columns.permute(0, 2, 3, 1).flatten(0, 1)
        body = (rows.clamp(0, 1) * 255).round().byte().numpy()
        labels = [f"{side.upper()} {_COLUMNS[0]}", _COLUMNS[1], f"{_COLUMNS[2]} to {other.upper()}"]
        halves.append(np.concatenate([_header(labels), body]))
    height = max(len(h) for h in halves)
    gap = np.full((height, 8, 3), 255, np.uint8)
    left, right = (np.pad(h, ((0, height - len(h)), (0, 0), (0, 0))) for h in halves)
    both = np.concatenate([left, gap, right], 1)
    cv2.putText(both, f"{step}", (4, height - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255,) * 3, 1)
    return both


def write_sheet(folder: Path, picture: NDArray[np.uint8], step: int) -> Path:
    """Keep a sheet as `previews/step_*.png`, which is returned, and as `preview.png`."""
    data = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
    previews = folder / "previews"
    previews.mkdir(exist_ok=True)
    commit_bytes(previews / f"step_{step:08d}.png", data, durable=False)
    commit_bytes(folder / "preview.png", data, durable=False)
    return previews / f"step_{step:08d}.png"


class Curves:
    """TensorBoard logs in `logs/`; losses every tenth iteration, sheets at each save."""

    EVERY = 10

    def __init__(self, folder: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder / "logs"), purge_step=step or None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.close()

    def losses(self, step: int, losses: Mapping[Side, float], learning_rate: float) -> None:
        """Note one iteration; most are passed over, a curve needs no more."""
        if step % self.EVERY:
            return
        for side, loss in losses.items():
            self._writer.add_scalar(f"loss/{side}", loss, step)
        self._writer.add_scalar("learning_rate", learning_rate, step)

    def picture(self, step: int, picture: NDArray[np.uint8]) -> None:
        """Note a preview sheet."""
        self._writer.add_image("preview", picture, step, dataformats="HWC")


def _plain(faces: FaceArrays, count: int, crop: Any) -> tuple[Tensor, Tensor]:
    """(n, 3, output, output) and (n, 3, input, input), not augmented."""
    chosen = evenly(len(faces), count)
    pixels = torch.from_numpy(faces.pixels[chosen][:, :3]).float() / 255
    still = draw(len(chosen), Switches(0, 0, 0, colour=False), generator_for(0))
    originals = cut(pixels, still, crop.output_px, faces.inner, warped=False)
    return originals, cut(pixels, still, crop.input_px, faces.inner, warped=False)


def _cells(images: Tensor) -> Tensor:
    return F.interpolate(images, (CELL, CELL), mode="bilinear", align_corners=False)


def _header(labels: list[str]) -> NDArray[np.uint8]:
    header = np.zeros((HEAD, CELL * len(labels), 3), np.uint8)
    for i, label in enumerate(labels):
        at = (CELL * i + 4, HEAD - 7)
        cv2.putText(header, label, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255,) * 3, 1, cv2.LINE_AA)
    return header
