"""Restorers of faces in ONNX files that the person brings.

GFPGAN, GPEN, RestoreFormer and their kin all take a face of FFHQ's placing, usually at 512x512,
RGB from -1 to 1 in planes, and give it back restored. What is brought is tried once when it is
loaded, so that what cannot be used is refused before the first frame.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.backends.onnx import OnnxModel
from understudy.enhance.options import OnnxOptions
from understudy.errors import UnderstudyError, ValueRefused, WeightsError
from understudy.files import open_to_read, read_file

_USUAL_PX = 512
_SMALLEST_PX, _LARGEST_PX = 32, 4096
_MAX_BYTES = 2 << 30


class OnnxRestorer:
    """A network of the person's; see `enhance.Enhancer`.

    Args:
        options: which.
        device: "cuda" asks for a GPU.

    Raises:
        ValueRefused: no file was named.
        WeightsError: it cannot be read, or is no such network; says what it is.
    """

    def __init__(self, options: OnnxOptions | None = None, device: str = "cpu") -> None:
        path = (options or OnnxOptions()).restorer_path
        if not path:
            raise ValueRefused(
                "enhancer onnx: no file of a network was named; try: --restorer-path FILE.onnx"
            )
        file = Path(path).expanduser()
        self.fingerprint = _digest(file)
        self._net, self.face_px = _load(file, self.fingerprint, device)

    def enhance(self, pictures: NDArray[Any]) -> NDArray[Any]:
        """See `enhance.Enhancer.enhance`."""
        return np.stack([_run(self._net, picture) for picture in pictures])


def _digest(file: Path) -> str:
    try:
        with open_to_read(file) as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(
            f"{file}: cannot be read: {error.strerror or error}; name a network that restores "
            "faces with --restorer-path"
        ) from error


@lru_cache(maxsize=2)
def _load(file: Path, digest: str, device: str) -> tuple[OnnxModel, int]:
    """The network and its square's side, once a process."""
    try:
        content = read_file(file, _MAX_BYTES)
        if hashlib.sha256(content).hexdigest() != digest:
            raise WeightsError(f"{file}: changed while it was read; try again")
        net = OnnxModel(content, device)
    except UnderstudyError:
        raise
    except Exception as error:  # the runtime raises whatever the bytes lead it to
        raise _unfit(file, error) from error
    side = _side(net, file)
    grey = np.full((side, side, 3), 0.5, np.float32)
    try:
        first, second = _run(net, grey), _run(net, grey)
    except Exception as error:
        raise _unfit(file, error) from error
    if not np.array_equal(first, second):
        raise _unfit(
            file,
            "it draws random numbers: twice the same face came out as two, and a conversion that "
            "goes on would not be the same",
        )
    return net, side


def _side(net: OnnxModel, file: Path) -> int:
    """Side of the square that a network takes."""
    if len(net.input_names) != 1:
        names = ", ".join(net.input_names)
        raise _unfit(file, f"it wants {len(net.input_names)} inputs ({names}), not one picture")
    shape = net.input_shapes[0]
    if len(shape) != 4 or (shape[1] not in (3, None) and not isinstance(shape[1], str)):
        raise _unfit(file, f"its input is {shape}, not (1, 3, side, side)")
    sides = {n if isinstance(n, int) else _USUAL_PX for n in shape[2:]}
    side = sides.pop()
    if sides or not _SMALLEST_PX <= side <= _LARGEST_PX:
        raise _unfit(file, f"its input is {shape}, not (1, 3, side, side)")
    return side


def _run(net: OnnxModel, picture: NDArray[Any]) -> NDArray[np.float32]:
    """(t, t, 3) RGB 0..1 of one picture.

    Raises:
        ValueError: what came out is no picture of at least the same size.
    """
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1)[None] * 2 - 1, np.float32)
    found = np.asarray(net(planes)[0])
    right = found.ndim == 4 and found.shape[:2] == (1, 3) and found.shape[2] == found.shape[3]
    if not right or found.shape[2] < picture.shape[0]:
        raise ValueError(f"of {planes.shape} it made {found.shape}, no square at least as large")
    restored = found[0].transpose(1, 2, 0).astype(np.float32)
    if not np.isfinite(restored).all():
        raise ValueError("it made numbers that are none")
    return np.clip((restored + 1) / 2, 0, 1)


def _unfit(file: Path, reason: object) -> WeightsError:
    words = " ".join(str(reason).split())[:300]
    return WeightsError(
        f"{file}: is no network that restores faces: {words}; expected an ONNX model of one input, "
        "a square RGB face from -1 to 1, as GFPGAN has"
    )
