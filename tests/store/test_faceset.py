from __future__ import annotations

import dataclasses
import json
import random
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import DiskFull, StoreError, ValueRefused
from understudy.store import faceset
from understudy.store.faceset import (
    face_file_name,
    list_faceset,
    read_face_png,
    read_record,
    record_from_plain,
    record_to_plain,
    with_record,
    write_face_png,
)


def test_round_trip_is_exact(tmp_path: Path, make) -> None:
    pixels, record = make.record()
    path = tmp_path / "f.png"
    write_face_png(path, pixels, record)
    again, back = read_face_png(path)
    assert np.array_equal(again, pixels)
    for got in (back, read_record(path)):
        make.same_face(got.face, record.face)
        make.same_warp(got.crop_from_frame, record.crop_from_frame)
        for field in ("centering", "coverage", "source_name", "source_fingerprint", "frame_size"):
            assert getattr(got, field) == getattr(record, field)
    assert np.array_equal(cv2.imread(str(path))[..., ::-1], pixels)


def test_sixteen_bits_come_back_as_sixteen(tmp_path: Path, make) -> None:
    pixels, record = make.record()
    deep = pixels.astype(np.uint16) * 257 + np.arange(32, dtype=np.uint16)[:, None]
    path = tmp_path / "deep.png"
    write_face_png(path, deep, record)
    again, back = read_face_png(path)
    assert again.dtype == np.uint16 and np.array_equal(again, deep)
    make.same_face(back.face, record.face)
    with pytest.raises(ValueRefused, match="float32"):
        write_face_png(path, deep.astype(np.float32), record)


def test_the_record_lies_before_the_pixels(tmp_path: Path, make) -> None:
    pixels, record = make.record()
    write_face_png(tmp_path / "f.png", pixels, record, durable=False)
    raw = (tmp_path / "f.png").read_bytes()
    assert raw.index(b"iTXtunderstudy\0") < raw.index(b"IDAT")


@given(
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=4),
    name=st.text(max_size=20) | st.just("\udcff.mp4"),
    track=st.none() | st.integers(-(2**40), 2**40),
)
@settings(max_examples=25, deadline=None)
def test_plain_data_round_trip(make, numbers: list[float], name: str, track: int | None) -> None:
    _, record = make.record()
    quality = {f"q{i}": v for i, v in enumerate(numbers)}
    face = dataclasses.replace(
        record.face, box_xyxy=numbers[:4], track=track, quality=quality, embedding=None, masks={}
    )
    record = dataclasses.replace(record, face=face, source_name=name)
    back = record_from_plain(json.loads(json.dumps(record_to_plain(record))))
    make.same_face(back.face, face)
    assert back.source_name == name


def test_wrong_values_are_refused(tmp_path: Path, make) -> None:
    pixels, record = make.record()
    with pytest.raises(ValueRefused, match="expected"):
        write_face_png(tmp_path / "f.png", pixels[:-1], record)
    face = dataclasses.replace(record.face, quality={"sharpness": float("nan")})
    with pytest.raises(ValueRefused, match="finite"):
        write_face_png(tmp_path / "f.png", pixels, dataclasses.replace(record, face=face))
    assert not list(tmp_path.iterdir())


def test_foreign_files_are_told_apart(tmp_path: Path, make) -> None:
    plain = tmp_path / "plain.png"
    cv2.imwrite(str(plain), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "text.png").write_text("hello")
    for path, words in [
        (plain, "has no Understudy record"),
        (tmp_path / "text.png", "is not a PNG"),
        (tmp_path / "absent.png", "cannot be read"),
    ]:
        for read in (read_record, read_face_png):
            with pytest.raises(StoreError, match=words):
                read(path)


def test_resized_pixels_and_newer_records_are_told(
    tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels, record = make.record()
    path = tmp_path / "f.png"
    write_face_png(path, pixels, record)
    raw = path.read_bytes()
    itxt = raw[33 : raw.index(b"IDAT") - 4]
    small = cv2.imencode(".png", pixels[::2, ::2])[1].tobytes()
    path.write_bytes(small[:33] + itxt + small[33:])
    with monkeypatch.context() as patch:
        # 8192 x 8192 pixels of nothing are a small file, and 200 MB when they are decoded
        patch.delattr(cv2, "imdecode")
        with pytest.raises(StoreError, match="expected an image of 32x32, got 16x16"):
            read_face_png(path)
    write_face_png(path, pixels, dataclasses.replace(record, version=9))
    with pytest.raises(StoreError, match="version 9"):
        read_record(path)


def test_a_record_deflated_by_an_optimiser_is_read_but_no_bomb(tmp_path: Path, make) -> None:
    _pixels, record = make.record()
    text = json.dumps(record_to_plain(record)).encode()
    path = tmp_path / "f.png"

    def write(payload: bytes) -> None:
        ihdr = faceset._chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0))
        packed = faceset._chunk(b"iTXt", b"understudy\0\1\0\0\0" + payload)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + ihdr + packed + faceset._chunk(b"IEND", b""))

    write(zlib.compress(text))
    make.same_face(read_record(path).face, record.face)
    write(zlib.compress(bytes(faceset.MAX_RECORD_BYTES + 1)))
    with pytest.raises(StoreError, match="longer than"):
        read_record(path)


def test_mutated_images_give_store_errors(tmp_path: Path, make) -> None:
    pixels, record = make.record(size=16)
    path = tmp_path / "f.png"
    write_face_png(path, pixels, record)
    good = path.read_bytes()
    rng = random.Random(1)  # noqa: S311
    seen = 0
    for n in range(300):
        bad = bytearray(good)
        if n % 3 == 0:
            del bad[rng.randrange(len(bad)) :]
        elif n % 3 == 1:
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        else:
            at = rng.randrange(len(bad))
            bad[at:at] = rng.randbytes(rng.randrange(1, 9))
        path.write_bytes(bad)
        for read in (read_record, read_face_png):
            try:
                read(path)
            except StoreError as error:
                seen += 1
                assert str(path) in str(error)
    assert seen > 400


def test_mutated_records_give_store_errors(make) -> None:
    _, record = make.record()
    text = json.dumps(record_to_plain(record)).encode()
    path = Path("f.png")
    rng = random.Random(2)  # noqa: S311
    values = [None, True, -1, 10**30, 1.5, "", "x", [], {}, [[]], 1e308]
    for n in range(400):
        plain = json.loads(text)
        holder, key = plain, rng.choice(list(plain))
        while isinstance(holder[key], (dict, list)) and holder[key] and rng.random() < 0.7:
            holder = holder[key]
            key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        if n % 4 == 0:
            del holder[key]
        else:
            holder[key] = rng.choice(values)
        chunk = b"understudy\0\0\0\0\0" + json.dumps(plain).encode()
        try:
            faceset._record(path, iter([(b"iTXt", chunk)]))
        except StoreError:
            continue


def test_listing_is_natural_and_quiet_about_temporaries(tmp_path: Path) -> None:
    for name in ("a10.png", "a2.png", "A1.PNG", ".x.png", "b.txt"):
        (tmp_path / name).touch()
    assert [p.name for p in list_faceset(tmp_path)] == ["A1.PNG", "a2.png", "a10.png"]
    with pytest.raises(StoreError, match="extract first"):
        list_faceset(tmp_path / "absent")


def test_names() -> None:
    assert face_file_name("dir/clip.one.mp4", 12, 0) == "clip.one_000012_0.png"
    assert len(face_file_name("é" * 300 + ".mp4", 1234567, 10).encode()) < 250


def test_a_full_disk_keeps_the_old_image(tmp_path: Path, make, faults) -> None:
    pixels, record = make.record()
    path = tmp_path / "f.png"
    write_face_png(path, pixels, record)
    faults.arm(1)
    with pytest.raises(DiskFull):
        write_face_png(path, pixels[::-1], record, durable=False)
    assert np.array_equal(read_face_png(path)[0], pixels)


def test_a_record_is_replaced_and_the_pixels_stay(tmp_path: Path, make) -> None:
    path = tmp_path / "f.png"
    pixels, record = make.record()
    write_face_png(path, pixels, record)
    less = dataclasses.replace(record.face, score=0.25, masks={})
    other = dataclasses.replace(record, face=less)
    data = with_record(path, other)
    (tmp_path / "g.png").write_bytes(data)
    got, read = read_face_png(tmp_path / "g.png")
    assert np.array_equal(got, pixels)
    make.same_face(read.face, other.face)
    write_face_png(path, pixels, other)
    assert path.read_bytes() == data
    moved = record.face.alignment.crop(32, 0.5)
    with pytest.raises(ValueRefused, match="cut it again"):
        with_record(path, dataclasses.replace(record, crop_from_frame=moved))


@pytest.mark.parametrize("name", [".clip.mp4", "...mp4", ".hidden"])
def test_pictures_of_a_hidden_film_are_not_hidden(tmp_path, name):
    path = tmp_path / face_file_name(name, 3, 0)
    path.touch()
    assert list_faceset(tmp_path) == [path] and path.name.endswith("_000003_0.png")
