"""Photos as phones, browsers and cameras write them: kinds, turns, sizes, and what is left out."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from understudy.errors import MediaError
from understudy.media import check_writable, frames, probe, read_image, remarks
from understudy.media.stills import heic

WIDTH, HEIGHT = 96, 64
TILED = (3 * WIDTH - 38, 2 * HEIGHT - 14)


def picture(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Smooth, with another colour in each corner, so that every turn can be told."""
    rows, columns = np.mgrid[:height, :width]
    planes = [255 * rows / height, 255 * columns / width, 255 * (rows > columns)]
    return np.stack(planes, -1).clip(0, 255).astype(np.uint8)


def near(got: np.ndarray, wanted: np.ndarray) -> bool:
    return got.shape == wanted.shape and np.abs(got.astype(int) - wanted).mean() < 6


def stored(orientation: int) -> np.ndarray:
    """What a camera stores that says this orientation, so that the picture is upright."""
    pixels = picture()
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    undo = {1: (1, 1), 2: (1, -1), 3: (-1, -1), 4: (-1, 1)}
    undo |= {5: (1, 1), 6: (-1, 1), 7: (-1, -1), 8: (1, -1)}
    rows, columns = undo[orientation]
    return np.ascontiguousarray(pixels[::rows, ::columns])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["p.jpg", "p.jfif", "p.png", "p.webp", "p.tif", "p.avif"])
def test_every_turn_of_every_kind_comes_out_upright(tmp_path, name, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    kind = {"jfif": "JPEG", "tif": "TIFF"}.get(name[2:])
    image = Image.fromarray(stored(orientation))
    image.save(tmp_path / name, format=kind, exif=exif, quality=95)
    info = probe(tmp_path / name)
    assert (info.width, info.height) == (WIDTH, HEIGHT)
    assert near(read_image(tmp_path / name), picture())


@pytest.mark.parametrize("ending", [".jp2", ".j2k"])
def test_jpeg_2000(tmp_path, ending):
    Image.fromarray(picture()).save(tmp_path / f"p{ending}")
    assert probe(tmp_path / f"p{ending}").codec == "jpeg2000"
    assert near(read_image(tmp_path / f"p{ending}"), picture())


def test_sixteen_bits_of_a_jpeg_2000(tmp_path):
    deep = picture().astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / "p.jp2"), deep[..., ::-1])
    assert probe(tmp_path / "p.jp2").bits == 16
    assert read_image(tmp_path / "p.jp2", "native").dtype == np.uint16


def test_photos_keep_their_own_sizes_and_are_no_plate(tmp_path):
    sizes = [(96, 64), (48, 80), (200, 100)]
    for number, size in enumerate(sizes):
        Image.fromarray(picture(*size)).save(tmp_path / f"{number}.png")
    info = probe(tmp_path)
    assert (info.width, info.height) == (200, 100) and info.sizes == tuple(sizes)
    found = [f.pixels for f in frames(info)]
    assert all(np.array_equal(p, picture(*s)) for p, s in zip(found, sizes, strict=True))
    with pytest.raises(MediaError, match=r"1\.png is 48x80 px, 0\.png is 96x64 px"):
        check_writable(info)


def test_what_is_left_out_is_counted_and_named(tmp_path, monkeypatch):
    monkeypatch.setattr(heic, "_LIBRARIES", ())
    heic.library.cache_clear()
    Image.fromarray(picture()).save(tmp_path / "1.png")
    _animated(tmp_path / "2.png")
    _animated(tmp_path / "3.gif")
    _animated(tmp_path / "4.webp")
    _heic(tmp_path / "5.HEIC")
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "more").mkdir()
    (tmp_path / ".hidden.png").write_bytes(b"nobody looks")
    info = probe(tmp_path)
    assert [f.name for f in info.files] == ["1.png"]
    (remark,) = remarks(info)
    assert remark.kind == "files-left-out" and remark.value == 6
    assert "6 of 7 are left out" in remark.words
    for name in ("2.png, 3.gif, 4.webp", "5.HEIC", "notes.txt", "more"):
        assert f"({name})" in remark.words
    assert "understudy[photos]" in remark.words
    for call in (probe, read_image):
        with pytest.raises(MediaError, match=r"5\.HEIC: is a HEIC photo.*understudy\[photos\]"):
            call(tmp_path / "5.HEIC")
    heic.library.cache_clear()


def test_a_folder_of_nothing_that_is_read_says_what_it_has(tmp_path):
    _animated(tmp_path / "a.gif")
    with pytest.raises(MediaError, match=r"holds no images.*an animation.*\(a\.gif\)"):
        probe(tmp_path)


def test_an_animated_png_is_a_film(tmp_path):
    info = probe(_animated(tmp_path / "x.png"))
    assert info.kind == "video" and len(list(frames(info))) == 3
    with pytest.raises(MediaError, match="animated webp; convert"):
        probe(_animated(tmp_path / "x.webp"))


def test_a_photo_under_another_kinds_name(tmp_path):
    Image.fromarray(picture()).save(tmp_path / "p.avif", quality=95)
    (tmp_path / "p.avif").rename(tmp_path / "p.jpg")
    assert probe(tmp_path / "p.jpg").codec == "avif"
    assert near(read_image(tmp_path / "p.jpg"), picture())


@pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3])
def test_heic(tmp_path, quarter_turns):
    if not heic.library():
        pytest.skip("no library for HEIC; pip install 'understudy[photos]'")
    path = _heic(tmp_path / "IMG_1.HEIC", quarter_turns)
    wanted = np.rot90(picture(), quarter_turns)
    info = probe(path)
    assert (info.height, info.width) == wanted.shape[:2] and info.codec == "heic"
    assert near(read_image(path), wanted)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(MediaError, match="damaged or cut off"):
        read_image(path)


def test_the_tiles_of_a_heic_photo_are_one_picture(tmp_path):
    """Phones store a photo as tiles of 512 px, each a picture to whoever looks no further."""
    if not heic.library():
        pytest.skip("no library for HEIC; pip install 'understudy[photos]'")
    path = _tiled_heic(tmp_path / "IMG_2.HEIC")
    info = probe(path)
    assert (info.width, info.height) == TILED and info.kind != "video"
    assert near(read_image(path), picture(3 * WIDTH, 2 * HEIGHT)[: TILED[1], : TILED[0]])


def _animated(path: Path) -> Path:
    images = [Image.fromarray(np.roll(picture(), 9 * n, 1)) for n in range(3)]
    images[0].save(path, save_all=True, append_images=images[1:], duration=40)
    return path


def _heic(path: Path, quarter_turns: int = 0) -> Path:
    """One picture in HEVC; turned anti-clockwise when shown."""
    config, coded = _hevc(path, picture())
    shown = [_full("ispe", struct.pack(">II", WIDTH, HEIGHT)), _box("irot", bytes([quarter_turns]))]
    return _wrapped(path, [config, *shown], [(b"hvc1", coded, [0x81, 2, 3, 0x84])])


def _tiled_heic(path: Path) -> Path:
    """Three by two tiles of which phones make one photo; it ends within the last ones."""
    pixels = picture(3 * WIDTH, 2 * HEIGHT)
    tiles = [
        pixels[HEIGHT * row : HEIGHT * (row + 1), WIDTH * column : WIDTH * (column + 1)]
        for row in range(2)
        for column in range(3)
    ]
    coded = [_hevc(path, np.ascontiguousarray(tile)) for tile in tiles]
    sizes = [_full("ispe", struct.pack(">II", *s)) for s in ((WIDTH, HEIGHT), TILED)]
    items = [(b"hvc1", data, [0x81, 2, 3]) for _, data in coded]
    grid = struct.pack(">4B2H", 0, 0, 1, 2, *TILED)
    return _wrapped(path, [coded[0][0], *sizes], [*items, (b"grid", grid, [3, 4])])


def _hevc(path: Path, pixels: np.ndarray) -> tuple[bytes, bytes]:
    """A box that says how a picture is coded in HEVC, and the picture."""
    movie = path.with_suffix(".mp4")
    with av.open(str(movie), "w") as container:
        stream = container.add_stream(
            "libx265", rate=1, options={"crf": "4", "x265-params": "log-level=none"}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            packet.pts = packet.dts = 0  # x265 gives a single picture a decoding time at random
            container.mux(packet)
    with av.open(str(movie)) as container:
        stream = container.streams.video[0]
        config = bytes(stream.codec_context.extradata)
        coded = bytes(next(p for p in container.demux(stream) if p.size))
    movie.unlink()
    return _box("hvcC", config), coded


def _box(name: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name.encode() + body


def _full(name: str, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(name, bytes([version, 0, 0, flags]), *parts)


def _wrapped(path: Path, told: list[bytes], items: list[tuple[bytes, bytes, list[int]]]) -> Path:
    """Items, the last of them the photo, as ISO/IEC 23008-12 says.

    Each is a kind, its data, and which properties it has: the configuration, a size, the depth and
    what else is told; those before the last are parts of it, and hidden.
    """
    pixi = _full("pixi", bytes([3, 8, 8, 8]))
    n = len(items)
    kinds = [
        _full("infe", struct.pack(">HH4sB", i, 0, kind, 0), version=2, flags=int(i < n))
        for i, (kind, _, _) in enumerate(items, 1)
    ]
    have = [struct.pack(f">HB{len(p)}B", i, len(p), *p) for i, (_, _, p) in enumerate(items, 1)]
    parts = struct.pack(f">HH{n - 1}H", n, n - 1, *range(1, n))
    refer = [_full("iref", _box("dimg", parts))] if n > 1 else []
    head = _box("ftyp", b"heic", bytes(4), b"mif1heic")

    def meta(at: int) -> bytes:
        places = []
        for i, (_, data, _) in enumerate(items, 1):
            places.append(struct.pack(">HHHII", i, 0, 1, at, len(data)))
            at += len(data)
        return _full(
            "meta",
            _full("hdlr", bytes(4), b"pict", bytes(13)),
            _full("pitm", struct.pack(">H", n)),
            _full("iloc", struct.pack(">BBH", 0x44, 0, n), *places),
            _full("iinf", struct.pack(">H", n), *kinds),
            *refer,
            _box("iprp", _box("ipco", *told[:2], pixi, *told[2:]),
                 _full("ipma", struct.pack(">I", n), *have)),
        )  # fmt: skip

    start = len(head) + len(meta(0)) + 8
    path.write_bytes(head + meta(start) + _box("mdat", *(data for _, data, _ in items)))
    return path
