"""Values to bytes and plain data, and back; shared by face images and the alignments file.

Floats come back bit for bit. Masks are kept with 8 bits, so a mask read back differs from the one
written by at most 1/510; writing what was read changes nothing.

What is read may come from anyone: nothing is inflated or allocated beyond stated sizes, and every
fault is a `ValueRefused` that callers turn into a `StoreError` naming the file.
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.errors import ValueRefused
from understudy.geometry import N_LANDMARKS, UNIT, Space, Warp
from understudy.imaging.depth import from_unit, to_unit
from understudy.types import Alignment, Face, Mask, Timestamp

MAX_MASK_SIDE_PX = 4096
MAX_MASKS_PX = 4096 * 4096
"""Of all masks of a face together; 64 MiB once they are floats."""
MAX_FRAME_MASKS_PX = 16 * MAX_MASKS_PX
"""Of all masks in a frame together: 200 faces with five masks of 512 px."""
MAX_EMBEDDING = 16384
MAX_INT = 2**63 - 1


def pack_mask(key: str, mask: Mask) -> bytes:
    """Deflated 8-bit alpha, row by row.

    Raises:
        ValueRefused: the mask lies under another key than its kind, or is too large to read back.
    """
    if key != mask.kind:
        raise ValueRefused(f"mask: expected the key {mask.kind!r}, got {key!r}")
    if max(mask.alpha.shape) > MAX_MASK_SIDE_PX:
        raise ValueRefused(
            f"mask {key!r}: expected sides of at most {MAX_MASK_SIDE_PX} px, got {mask.alpha.shape}"
        )
    return zlib.compress(from_unit(mask.alpha, np.uint8).tobytes(), 1)


def unpack_mask(kind: str, packed: bytes, grid_from_frame: Warp) -> Mask:
    """The mask on the grid that `grid_from_frame` leads to.

    Raises:
        ValueRefused: not a deflated mask of exactly this size.
    """
    width, height = grid_from_frame.dst.size_wh
    if max(width, height) > MAX_MASK_SIDE_PX:
        raise ValueRefused(f"mask {kind!r}: {width}x{height} is too large")
    raw = inflate(packed, width * height)
    if len(raw) != width * height:
        raise ValueRefused(f"mask {kind!r}: expected {width * height} bytes, got {len(raw)}")
    levels = np.frombuffer(raw, np.uint8).reshape(height, width)
    return Mask(kind, to_unit(levels), grid_from_frame)


def check_masks_px(what: str, n_px: int, most: int = MAX_MASKS_PX) -> None:
    """Refuse masks that together are larger than any honest face's, or frame's, are.

    A megabyte of deflated zeros is a gigabyte of mask, so the sum is looked at before the first is
    inflated.

    Raises:
        ValueRefused: they are.
    """
    if n_px > most:
        raise ValueRefused(
            f"{what}: its masks have {n_px / 1e6:.1f} million pixels, at most {most / 1e6:.1f} "
            "are kept; use fewer or smaller masks"
        )


def inflate(packed: bytes, limit: int) -> bytes:
    """Inflate at most `limit` bytes.

    Raises:
        ValueRefused: damaged, cut short, or longer than the limit.
    """
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(packed, limit + 1)
    except zlib.error as error:
        raise ValueRefused(f"compressed data is damaged: {error}") from error
    if len(raw) > limit or not inflater.eof:
        raise ValueRefused(f"compressed data is cut short or longer than {limit} bytes")
    return raw


def floats_bytes(array: NDArray[Any], dtype: str) -> bytes:
    """Little-endian bytes, the same on every machine."""
    return np.ascontiguousarray(array, dtype).tobytes()


def floats_from(raw: bytes, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The array behind `floats_bytes`.

    Raises:
        ValueRefused: another length.
    """
    want = np.dtype(dtype).itemsize * math.prod(shape)
    if not isinstance(raw, bytes) or len(raw) != want:
        got = len(raw) if isinstance(raw, bytes) else type(raw).__name__
        raise ValueRefused(f"numbers: expected {want} bytes, got {got}")
    return np.frombuffer(raw, dtype).reshape(shape).astype(np.dtype(dtype).newbyteorder("="))


def face_to_plain(face: Face) -> dict[str, Any]:
    """A face as data that JSON holds.

    Raises:
        ValueRefused: a number that is not finite, or a mask that cannot be kept.
    """
    at = face.at
    return {
        "id": face.id,
        "at": [at.index, at.pts, at.time_base.numerator, at.time_base.denominator],
        "box_xyxy": face.box_xyxy.tolist(),
        "score": finite("score", face.score),
        "landmarks": face.alignment.landmarks.tolist(),
        "unit_from_frame": face.alignment.unit_from_frame.matrix.tolist(),
        "masks": _masks_to_plain(face),
        "embedding": None if face.embedding is None else _text(floats_bytes(face.embedding, "<f4")),
        "quality": {key: finite(key, value) for key, value in face.quality.items()},
        "track": face.track,
        "made_by": dict(face.made_by),
        "extras": {name: _text(floats_bytes(v, "<f4")) for name, v in face.extras.items()},
        "stale": sorted(face.stale),
    }


def face_from_plain(plain: Mapping[str, Any], frame: Space) -> Face:
    """The face behind `face_to_plain`, on a frame of this grid.

    Raises:
        ValueRefused, KeyError, TypeError: not such data.
    """
    index, pts, numerator, denominator = (whole("at", value) for value in plain["at"])
    if denominator < 1:
        raise ValueRefused(f"time base: expected a positive denominator, got {denominator}")
    landmarks = numbers("landmarks", plain["landmarks"], (N_LANDMARKS, 2))
    unit_from_frame = numbers("unit_from_frame", plain["unit_from_frame"], (3, 3))
    embedding = None if plain["embedding"] is None else _vector(plain["embedding"])
    track = plain["track"]
    return Face(
        id=string("id", plain["id"]),
        at=Timestamp(index, pts, Fraction(numerator, denominator)),
        box_xyxy=numbers("box_xyxy", plain["box_xyxy"], (4,)),
        score=finite("score", plain["score"]),
        alignment=Alignment(landmarks, Warp(unit_from_frame, frame, UNIT)),
        masks=_masks_from_plain(plain["masks"], frame),
        embedding=embedding,
        quality={k: finite(k, v) for k, v in mapping("quality", plain["quality"])},
        track=None if track is None else whole("track", track),
        made_by={k: string(k, v) for k, v in mapping("made_by", plain["made_by"])},
        extras={k: _vector(v) for k, v in mapping("extras", plain.get("extras", {}))},
        stale=frozenset(string("stale", v) for v in sequence(plain.get("stale", []))),
    )


def finite(name: str, value: Any) -> float:
    """A finite float.

    Raises:
        ValueRefused: anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise ValueRefused(f"{name}: expected a number, got {value!r:.60}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueRefused(f"{name}: expected a finite number, got {number}")
    return number


def whole(name: str, value: Any) -> int:
    """An int that fits 64 bits.

    Raises:
        ValueRefused: anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_INT:
        raise ValueRefused(f"{name}: expected a whole number, got {value!r:.60}")
    return value


def string(name: str, value: Any) -> str:
    """A str.

    Raises:
        ValueRefused: anything else.
    """
    if not isinstance(value, str):
        raise ValueRefused(f"{name}: expected text, got {value!r:.60}")
    return value


def mapping(name: str, value: Any) -> list[tuple[str, Any]]:
    """The items of a dict.

    Raises:
        ValueRefused: anything else.
    """
    if not isinstance(value, dict):
        raise ValueRefused(f"{name}: expected a table, got {value!r:.60}")
    return list(value.items())


def sequence(value: Any) -> list[Any]:
    """A list.

    Raises:
        ValueRefused: anything else.
    """
    if not isinstance(value, list):
        raise ValueRefused(f"expected a list, got {value!r:.60}")
    return value


def numbers(name: str, value: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Nested lists of finite numbers as an array of exactly this shape.

    Raises:
        ValueRefused: anything else.
    """
    rows = value if len(shape) == 2 else [value]
    row_length = shape[-1]
    if not isinstance(rows, list) or len(rows) != (shape[0] if len(shape) == 2 else 1):
        raise ValueRefused(f"{name}: expected numbers of shape {shape}")
    if not all(isinstance(row, list) and len(row) == row_length for row in rows):
        raise ValueRefused(f"{name}: expected numbers of shape {shape}")
    return np.array([[finite(name, v) for v in row] for row in rows]).reshape(shape)


def warp_to_plain(warp: Warp) -> dict[str, Any]:
    """The matrix and the grid that a warp from the frame leads to."""
    dst = warp.dst
    return {"matrix": warp.matrix.tolist(), "grid": [dst.name, dst.width, dst.height]}


def warp_from_plain(plain: Mapping[str, Any], frame: Space) -> Warp:
    """The warp behind `warp_to_plain`, from a frame of this grid."""
    name, width, height = plain["grid"]
    grid = Space(string("grid", name), whole("grid", width), whole("grid", height))
    return Warp(numbers("matrix", plain["matrix"], (3, 3)), frame, grid)


def masks_px(masks: Mapping[str, Mask]) -> int:
    """Pixels of all of a face's masks."""
    return sum(mask.alpha.size for mask in masks.values())


def _masks_to_plain(face: Face) -> dict[str, Any]:
    check_masks_px(f"face {face.id}", masks_px(face.masks))
    return {key: _mask_to_plain(key, mask) for key, mask in face.masks.items()}


def _masks_from_plain(plain: Any, frame: Space) -> dict[str, Mask]:
    masks = mapping("masks", plain)
    grids = [warp_from_plain(mask["grid_from_frame"], frame).dst for _, mask in masks]
    check_masks_px("this face", sum(grid.width * grid.height for grid in grids))
    return {key: _mask_from_plain(key, mask, frame) for key, mask in masks}


def _mask_to_plain(key: str, mask: Mask) -> dict[str, Any]:
    return {
        "alpha": _text(pack_mask(key, mask)),
        "grid_from_frame": warp_to_plain(mask.grid_from_frame),
    }


def _mask_from_plain(key: str, plain: Any, frame: Space) -> Mask:
    warp = warp_from_plain(plain["grid_from_frame"], frame)
    return unpack_mask(key, _bytes(plain["alpha"], 2 * MAX_MASK_SIDE_PX**2), warp)


def _vector(text: Any) -> NDArray[Any]:
    raw = _bytes(text, 4 * MAX_EMBEDDING)
    return floats_from(raw, "<f4", (len(raw) // 4,))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: Any, limit: int) -> bytes:
    text = string("data", text)
    if len(text) > 2 * limit:
        raise ValueRefused(f"data: expected at most {limit} bytes")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueRefused(f"data: not base64: {error}") from error
