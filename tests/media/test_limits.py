"""How many pixels a picture may have depends on what its kind of file unpacks to."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from understudy.errors import MediaError
from understudy.media import limits, probe
from understudy.media.stills import read_header


def gif(path: Path, width: int, height: int) -> Path:
    """A GIF whose one frame has one pixel, on a screen of any size."""
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0"
    path.write_bytes(head + frame + b"\x3b")
    return path


def png(path: Path, width: int, height: int, *, moving: bool = False) -> Path:
    """A PNG's header, which is all that is looked at before its size is refused."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    data = b"\x89PNG\r\n\x1a\n"
    data += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    if moving:
        data += chunk(b"acTL", struct.pack(">II", 2, 0))
        data += chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 10, 0, 0))
    path.write_bytes(data + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize("name", ["a.gif", "a.apng"])
def test_an_animation_may_be_smaller_than_a_film(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("gif"):
        gif(path, 16000, 9000)
    else:
        png(path, 16000, 9000, moving=True)
    with pytest.raises(MediaError, match=r"16000x9000 px; of this kind .* 40 megapixels"):
        probe(path)


def test_a_small_one_is_read(tmp_path: Path) -> None:
    info = probe(gif(tmp_path / "a.gif", 64, 48))
    assert (info.width, info.height) == (64, 48)


def test_a_still_may_be_what_cameras_make(tmp_path: Path) -> None:
    assert read_header(png(tmp_path / "a.png", 14204, 10560)).width == 14204
    with pytest.raises(MediaError, match="150 megapixels"):
        read_header(png(tmp_path / "b.png", 15000, 10001))


def test_a_film_may_have_12k_but_not_all_that_a_still_may() -> None:
    most = limits.most_pixels("mov,mp4,m4a,3gp,3g2,mj2")
    limits.check_size(12288, 6480, Path("a.mp4"), most)
    with pytest.raises(MediaError, match="100 megapixels"):
        limits.check_size(12000, 12000, Path("a.mp4"), most)
