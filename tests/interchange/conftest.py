"""Files of other tools, built byte by byte from what is known of them, not by our exporters."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

WIDTH, HEIGHT = 320, 240


@dataclass(frozen=True)
class Member:
    """A pickled member of an enumeration."""

    module: str
    name: str
    value: int


def emit(value: Any) -> bytes:
    """The opcodes of a value, written as Python 3.6 with NumPy 1 does."""
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, Member):
        return named(value.module, value.name) + emit((value.value,)) + b"R"
    if isinstance(value, int):
        if 0 <= value < 256:
            return b"K" + bytes([value])
        return b"J" + struct.pack("<i", value)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        raw = value.encode()
        return b"X" + struct.pack("<I", len(raw)) + raw
    if isinstance(value, bytes):
        return b"B" + struct.pack("<I", len(value)) + value
    if isinstance(value, list):
        return b"](" + b"".join(map(emit, value)) + b"e"
    if isinstance(value, tuple):
        return b"(" + b"".join(map(emit, value)) + b"t"
    if isinstance(value, dict):
        return b"}(" + b"".join(emit(k) + emit(v) for k, v in value.items()) + b"u"
    assert isinstance(value, np.ndarray), value
    code = value.dtype.str[1:]
    order = "|" if code == "u1" else "<"
    dtype = named("numpy", "dtype") + emit((code, 0, 1)) + b"R"
    dtype += emit((3, order, None, None, None, -1, -1, 0)) + b"b"
    made = named("numpy.core.multiarray", "_reconstruct")
    made += b"(" + named("numpy", "ndarray") + emit((0,)) + emit(b"b") + b"tR"
    state = emit(1) + emit(value.shape) + dtype + emit(False) + emit(value.tobytes())
    return made + b"(" + state + b"tb"


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def pickled(value: Any) -> bytes:
    return b"\x80\x04" + emit(value) + b"."


def fsa(frames: dict[str, Any], version: float = 2.4) -> bytes:
    return zlib.compress(pickled({"__meta__": {"version": version}, "__data__": frames}))


def landmarks(seed: int = 0, middle: tuple[float, float] = (150, 110)) -> np.ndarray:
    """68 points like a face's, in index coordinates."""
    from understudy.geometry.templates import MEAN_FACE_51

    rng = np.random.default_rng(seed)
    angle = np.linspace(0, np.pi, 17)
    jaw = np.stack([0.5 - 0.7 * np.cos(angle), 0.2 + 0.95 * np.sin(angle)], 1)
    unit = np.concatenate([jaw, MEAN_FACE_51]) + rng.normal(0, 0.01, (68, 2))
    turn = np.deg2rad(rng.uniform(-10, 10))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (unit - 0.5) * 80 @ rotation.T + middle


MASK_MATRIX = np.array([[0.5, 0.02, -10.25], [-0.02, 0.5, -5.5]])


def levels(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size)).astype(np.uint8)


def faceswap_face(seed: int = 0, size: int = 64) -> dict[str, Any]:
    points = landmarks(seed)
    left, top = (int(v) for v in points.min(0) - 4)
    return {
        "x": left,
        "y": top,
        "w": 90,
        "h": 101,
        "landmarks_xy": points.tolist(),
        "mask": {
            "bisenet-fp_face": {
                "mask": zlib.compress(levels(size, seed).tobytes()),
                "affine_matrix": MASK_MATRIX.tolist(),
                "interpolator": 2,
                "stored_size": size,
                "stored_centering": "face",
            }
        },
        "identity": {"vggface2": np.random.default_rng(seed).normal(0, 1, 16).tolist()},
        "thumb": [255, 216, 255, 0, 7],
    }


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(pixels: np.ndarray, extra: bytes = b"") -> bytes:
    raw = cv2.imencode(".png", pixels)[1].tobytes()
    return raw[:33] + extra + raw[33:]


def picture(size: int = 64, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)


def faceswap_png(
    seed: int = 0, frame: str = "clip_000003.mp4", number: int = 0, size: int = 64, **changes: Any
) -> bytes:
    face = faceswap_face(seed)
    del face["thumb"]
    record = {
        "alignments": face,
        "source": {
            "alignments_version": 2.4,
            "original_filename": f"{Path(frame).stem}_{number}.png",
            "face_index": number,
            "source_filename": frame,
            "source_is_video": True,
            "source_frame_dims": (HEIGHT, WIDTH),
        },
    }
    record["source"].update(changes)
    return faceswap_png_of(str(record), picture(size, seed))


def faceswap_png_of(text: str, pixels: np.ndarray) -> bytes:
    return png(pixels, chunk(b"iTXt", b"faceswap" + b"\0\0\0\0\0" + text.encode()))


DFL_MATRIX = np.array([[0.52, 0.08, -41.0], [-0.08, 0.52, -3.5]])


def dfl_meta(seed: int = 0, frame: str = "00148.png", **changes: Any) -> dict[str, Any]:
    points = landmarks(seed)
    mask = cv2.imencode(".png", levels(32, seed))[1].reshape(-1)
    return {
        "face_type": "whole_face",
        "landmarks": (points @ DFL_MATRIX[:, :2].T + DFL_MATRIX[:, 2]).tolist(),
        "source_filename": frame,
        "source_rect": np.array([100, 60, 201, 170], np.int64),
        "source_landmarks": points.tolist(),
        "image_to_face_mat": DFL_MATRIX,
        "seg_ie_polys": {
            "polys": [
                {"type": 0, "pts": np.array([[20, 20], [40, 20], [40, 40], [20, 40]], np.float32)},
                {"type": 1, "pts": np.array([[8, 8], [56, 8], [56, 56], [8, 56]], np.float32)},
            ]
        },
        "xseg_mask": mask,
        **changes,
    }


def dfl_jpg(meta: dict[str, Any], seed: int = 0, size: int = 64) -> bytes:
    raw = cv2.imencode(".jpg", picture(size, seed), [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    assert raw[2:4] == b"\xff\xe0"
    end = 4 + int.from_bytes(raw[4:6], "big")
    packed = pickled(meta)
    return raw[:end] + b"\xff\xef" + struct.pack(">H", len(packed) + 2) + packed + raw[end:]


def dfl_png(meta: dict[str, Any], seed: int = 0, size: int = 64) -> bytes:
    return png(picture(size, seed), chunk(b"fcWp", pickled(meta)))


def pak(pictures: list[tuple[dict[str, Any], bytes]]) -> bytes:
    """A faceset.pak, with the writer's wrong last offset."""
    listed = pickled([item for item, _ in pictures])
    blobs = [blob for _, blob in pictures]
    offsets = np.cumsum([0, *map(len, blobs)]).tolist()
    head = struct.pack("<QQ", 1, len(listed)) + listed
    base = len(head) + 8 * len(offsets)
    offsets[-1] += base
    return head + struct.pack(f"<{len(offsets)}Q", *offsets) + b"".join(blobs)


def pak_item(name: str, person: str | None = None) -> dict[str, Any]:
    return {
        "sample_type": Member("samplelib.Sample", "SampleType", 1),
        "filename": name,
        "face_type": Member("facelib.FaceType", "FaceType", 4),
        "shape": (64, 64, 3),
        "landmarks": np.zeros((68, 2), np.float32),
        "seg_ie_polys": None,
        "xseg_mask": None,
        "xseg_mask_compressed": None,
        "eyebrows_expand_mod": 1.0,
        "source_filename": None,
        "person_name": person,
    }


def book_matrix(points: np.ndarray, size: int = 256) -> np.ndarray:
    from understudy.geometry import five_points, umeyama
    from understudy.geometry.templates import BOOK_5

    return umeyama(five_points(points), BOOK_5 * (size * 0.3) + size * 0.35)


def packed_array(array: np.ndarray) -> dict[str, Any]:
    shape = list(array.shape)
    dtype = str(array.dtype)
    return {"__ndarray__": array.tolist(), "dtype": dtype, "shape": shape, "Corder": True}


def book_face(seed: int = 0, size: int = 256) -> dict[str, Any]:
    points = landmarks(seed)
    return {
        "landmark": [packed_array(points)],
        "warp_matrix": packed_array(book_matrix(points, size)),
    }


def book(frames: dict[str, Any]) -> bytes:
    return json.dumps(frames, indent=4).encode()


class Foreign:
    """The builders of this file."""

    Member = Member
    size = (WIDTH, HEIGHT)
    mask_matrix = MASK_MATRIX
    dfl_matrix = DFL_MATRIX
    emit = staticmethod(emit)
    named = staticmethod(named)
    pickled = staticmethod(pickled)
    fsa = staticmethod(fsa)
    landmarks = staticmethod(landmarks)
    levels = staticmethod(levels)
    faceswap_face = staticmethod(faceswap_face)
    chunk = staticmethod(chunk)
    png = staticmethod(png)
    picture = staticmethod(picture)
    faceswap_png = staticmethod(faceswap_png)
    faceswap_png_of = staticmethod(faceswap_png_of)
    dfl_meta = staticmethod(dfl_meta)
    dfl_jpg = staticmethod(dfl_jpg)
    dfl_png = staticmethod(dfl_png)
    pak = staticmethod(pak)
    pak_item = staticmethod(pak_item)
    book = staticmethod(book)
    book_face = staticmethod(book_face)
    book_matrix = staticmethod(book_matrix)


@pytest.fixture(scope="session")
def foreign() -> type[Foreign]:
    return Foreign


@pytest.fixture(scope="session")
def frames_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five images of the frames' size; not to be changed."""
    folder = tmp_path_factory.mktemp("media") / "frames"
    folder.mkdir()
    for number in range(5):
        pixels = np.full((HEIGHT, WIDTH, 3), 40 * number, np.uint8)
        cv2.imwrite(str(folder / f"frame_{number:03}.png"), pixels)
    return folder
