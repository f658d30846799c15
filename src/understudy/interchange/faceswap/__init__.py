"""A face as Faceswap keeps it, in its alignments files and in its face pictures; and back.

Source: files of Faceswap 2.4 and older, taken apart byte by byte. `x, y, w, h` is the detector's
box, `landmarks_xy` 68 points, `mask` maps the masker's name to deflated bytes and the matrix from
frame to mask pixels, `identity` maps a network's name to a vector. All count pixel centres as
integers.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import Centering, Float64, Warp
from understudy.imaging.depth import from_unit
from understudy.imaging.resample import warp_image
from understudy.interchange import checks, values
from understudy.interchange.values import ForeignFace, ForeignMask, Ledger
from understudy.store import codec
from understudy.types import Face, Mask

VERSION = 2.4
IDENTITY = "identity:"
_MASK_PX = 128
_CUBIC, _AREA = 2, 3
_MAX_PARTS = 64


def face_from_plain(
    plain: Any, frame: str, made_by: str, ledger: Ledger, frame_size: tuple[int, int] | None = None
) -> ForeignFace:
    """The face behind Faceswap's dict of it; a damaged mask or vector is left out and told.

    Raises:
        ValueRefused: no face, or not one with 68 landmarks.
    """
    face = checks.mapping("face", plain)
    landmarks = values.landmarks_68(face.get("landmarks_xy", face.get("landmarksXY")))
    if face.get("thumb") is not None:
        ledger.lose("thumbnail (made again where one is shown)")
    masks = _masks(face.get("mask"), ledger)
    steps = {"detect": made_by, "align": made_by} | ({"mask": made_by} if masks else {})
    return ForeignFace(
        frame=frame,
        landmarks=landmarks,
        box_xyxy=_box(face, landmarks),
        made_by=steps,
        masks=masks,
        extras=_identities(face.get("identity"), ledger),
        frame_size=frame_size,
    )


def face_to_plain(face: Face) -> dict[str, Any]:
    """Faceswap's dict of a face, of builtins only; the box is rounded to whole pixels."""
    left, top, right, bottom = np.rint(values.moved(face.box_xyxy, -values.HALF)).astype(int)
    return {
        "x": int(left),
        "y": int(top),
        "w": int(right - left),
        "h": int(bottom - top),
        "landmarks_xy": values.moved(face.alignment.landmarks, -values.HALF).tolist(),
        "mask": {kind: _mask_to_plain(mask, face) for kind, mask in face.masks.items()},
        "identity": {
            name.removeprefix(IDENTITY): vector.tolist()
            for name, vector in face.extras.items()
            if name.startswith(IDENTITY)
        },
        "thumb": None,
    }


def _box(face: Mapping[str, Any], landmarks: Float64) -> Float64:
    if any(face.get(key) is None for key in "xywh"):
        return values.box_around(landmarks)
    x, y, w, h = checks.numbers("box", [face[key] for key in "xywh"], (4,))
    if w <= 0 or h <= 0:
        return values.box_around(landmarks)
    return values.moved(np.array([x, y, x + w, y + h]))


def _masks(plain: Any, ledger: Ledger) -> list[ForeignMask]:
    masks = []
    for kind, mask in list(checks.mapping("mask", plain or {}).items())[:_MAX_PARTS]:
        try:
            masks.append(_mask_from_plain(kind, checks.mapping("mask", mask)))
        except checks.DAMAGED as error:
            ledger.lose(f"mask {kind[:40]!r}: {str(error)[:80]}")
    return masks


def _mask_from_plain(kind: str, plain: Mapping[str, Any]) -> ForeignMask:
    size = checks.whole("stored_size", plain["stored_size"], 8, codec.MAX_MASK_SIDE_PX)
    packed = plain["mask"]
    if not isinstance(packed, bytes):
        raise ValueRefused(f"expected bytes, got {checks.kind_of(packed)}")
    raw = codec.inflate(packed, size * size)
    if len(raw) != size * size:
        raise ValueRefused(f"expected {size}x{size} levels, got {len(raw)}")
    stored = plain["affine_matrix"]
    rows = 3 if isinstance(stored, (list, tuple, np.ndarray)) and len(stored) == 3 else 2
    matrix = values.from_index(checks.numbers("affine_matrix", stored, (rows, 3)))
    return ForeignMask(kind, np.frombuffer(raw, np.uint8).reshape(size, size), matrix)


def _identities(plain: Any, ledger: Ledger) -> dict[str, NDArray[np.float32]]:
    found: dict[str, NDArray[np.float32]] = {}
    for network, vector in list(checks.mapping("identity", plain or {}).items())[:_MAX_PARTS]:
        try:
            numbers = checks.numbers("identity", vector, (None,))
            if not 0 < len(numbers) <= codec.MAX_EMBEDDING:
                raise ValueRefused(f"{len(numbers)} numbers")
            found[IDENTITY + network] = numbers.astype(np.float32)
        except checks.DAMAGED as error:
            ledger.lose(f"identity {network[:40]!r}: {str(error)[:80]}")
    return found


def _mask_to_plain(mask: Mask, face: Face) -> dict[str, Any]:
    centering = _centering(mask, face)
    if centering is None:
        mask, centering = _recut(mask, face), "face"
    index = mask.grid_from_frame.index_matrix
    levels = from_unit(mask.alpha, np.uint8)
    return {
        "mask": zlib.compress(levels.tobytes()),
        "affine_matrix": index[:2].tolist(),
        # How the mask is to be scaled when it is painted back: up softly, down by area.
        "interpolator": _CUBIC if mask.grid_from_frame.scale < 1 else _AREA,
        "stored_size": len(levels),
        "stored_centering": centering,
    }


def _centering(mask: Mask, face: Face) -> Centering | None:
    """The centering whose standard crop a mask lies on, to a mask pixel; None when it is none."""
    grid = mask.grid_from_frame.dst
    if grid.width != grid.height or grid.width < 8:
        return None
    corners = face.alignment.unit_from_frame.inverse().points(np.array([[0, 0], [1, 0], [0, 1.0]]))
    lies = mask.grid_from_frame.points(corners)
    choices: tuple[Centering, ...] = ("face", "head", "legacy")
    for centering in choices:
        ought = face.alignment.crop(grid.width, 1.0, centering).points(corners)
        if np.abs(lies - ought).max() < 1.0:
            return centering
    return None


def _recut(mask: Mask, face: Face) -> Mask:
    """The mask on Faceswap's own grid, where it would read another one as misplaced."""
    grid_from_frame = face.alignment.crop(_MASK_PX, 1.0, "face")
    to_new: Warp = grid_from_frame @ mask.grid_from_frame.inverse()
    return Mask(mask.kind, np.clip(warp_image(mask.alpha, to_new), 0, 1), grid_from_frame)
