from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from understudy.errors import MediaError, ValueRefused
from understudy.imaging.png import encode_png
from understudy.media import probe, read_image
from understudy.media.stills.header import parse
from understudy.media.stills.orient import from_display_matrix, upright

STORED = np.zeros((40, 64, 3), np.uint8)
STORED[:20, :32] = (250, 10, 10)
STORED[20:, 32:] = (10, 10, 250)


def _exif(orientation: int) -> bytes:
    return b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 274, 3, 1, orientation, 0) + b"\0" * 4


def _jpeg(orientation: int) -> bytes:
    data = cv2.imencode(".jpg", STORED[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    body = b"Exif\0\0" + _exif(orientation)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def _png(orientation: int) -> bytes:
    data, body = encode_png(STORED), b"eXIf" + _exif(orientation)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]


def _webp(orientation: int) -> bytes:
    data = cv2.imencode(".webp", STORED[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    body = _exif(orientation)
    parts = b"VP8X" + struct.pack("<IB3x", 10, 8) + (63).to_bytes(3, "little")
    parts += (39).to_bytes(3, "little") + data[12:]
    parts += b"EXIF" + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WEBP" + parts


def _tiff(orientation: int) -> bytes:
    tags = [(256, 64), (257, 40), (258, 8), (259, 1), (262, 2), (273, 8), (274, orientation)]
    tags += [(277, 3), (278, 40), (279, STORED.nbytes)]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = b"II*\0" + struct.pack("<I", 8 + STORED.nbytes) + STORED.tobytes()
    return head + struct.pack("<H", len(tags)) + table + b"\0" * 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "name,make", [("a.jpg", _jpeg), ("a.png", _png), ("a.webp", _webp), ("a.tif", _tiff)]
)
def test_orientation_of_every_format(tmp_path, name, make, orientation):
    path = tmp_path / name
    path.write_bytes(make(orientation))
    found = read_image(path)
    expected = upright(STORED, orientation)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected)[4:-4, 4:-4].mean() < 3
    info = probe(path)
    assert (info.width, info.height) == (found.shape[1], found.shape[0])


def test_display_matrices_mean_the_same_as_exif():
    turns = {1: (1, 0, 0, 1), 2: (-1, 0, 0, 1), 3: (-1, 0, 0, -1), 4: (1, 0, 0, -1)}
    turns |= {5: (0, 1, 1, 0), 6: (0, 1, -1, 0), 7: (0, -1, -1, 0), 8: (0, -1, 1, 0)}
    corner = np.zeros((4, 6, 1), np.uint8)
    corner[0, 0] = 1
    for orientation, (a, b, c, d) in turns.items():
        matrix = [v * 65536 for v in (a, b, 0, c, d, 0, 0, 0, 16384)]
        assert from_display_matrix(matrix) == orientation
        # The stored top left corner, as a row vector from the centre, lands where the matrix says.
        x, y = -a - c, -b - d
        turned = upright(corner, orientation)
        assert turned[0 if y < 0 else -1, 0 if x < 0 else -1] == 1


def test_png_round_trip_is_exact(tmp_path):
    rng = np.random.default_rng(0)
    for dtype, depth in ((np.uint8, "8"), (np.uint16, "native")):
        pixels = rng.integers(0, np.iinfo(dtype).max, (9, 13, 3), dtype=dtype)
        path = tmp_path / "x.png"
        path.write_bytes(encode_png(pixels))
        assert np.array_equal(read_image(path, depth), pixels)
    with pytest.raises(ValueRefused):
        encode_png(np.zeros((4, 4, 3), np.float32))


def test_grey_and_transparent_become_rgb(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(encode_png(np.full((5, 6), 77, np.uint8)))
    assert (read_image(path) == 77).all() and read_image(path).shape == (5, 6, 3)
    bgra = np.full((5, 6, 4), (1, 2, 3, 0), np.uint8)
    path.write_bytes(cv2.imencode(".png", bgra)[1].tobytes())
    assert (read_image(path) == (3, 2, 1)).all()


@pytest.mark.parametrize("make", [_jpeg, _png, _webp])
def test_cut_off_image_is_refused(tmp_path, make):
    data = make(1)
    path = tmp_path / "x.png"
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(MediaError, match=r"x\.png"):
        read_image(path)


def test_headers_never_crash_on_garbage():
    rng = np.random.default_rng(1)
    for make in (_jpeg, _png, _webp, _tiff):
        data = bytearray(make(6))
        for _ in range(200):
            mutant = bytearray(data[: rng.integers(4, 400)])
            mutant[rng.integers(3, len(mutant))] = rng.integers(0, 256)
            parse(bytes(mutant))
