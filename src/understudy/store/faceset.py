"""A face image is a PNG that carries its own record; a folder of them is a faceset.

The record is JSON in an iTXt chunk before the pixels, so an image keeps everything known of its
face wherever it is moved, and a faceset can be pruned in any file manager.

Convention: pixels are RGB, uint8 or uint16 as they were cut; `crop_from_frame` follows
`understudy.geometry.space`.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from understudy.errors import StoreError, ValueRefused
from understudy.files import open_to_read, parse_json, read_file
from understudy.geometry import CENTERINGS, Centering, Warp
from understudy.store import codec
from understudy.store.atomic import commit_bytes
from understudy.types import Face
from understudy.types.frame import frame_space

FORMAT_VERSION = 1
MAX_SIDE_PX = 8192
MAX_FILE_BYTES = 256 << 20
MAX_RECORD_BYTES = 32 << 20
"""Room for painted masks of `codec.MAX_MASKS_PX` that nothing could deflate, as text."""
MAX_RECORD_VALUES = 20_000

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"understudy"
_IHDR_END = 33
_DTYPES = (np.uint8, np.uint16)
_DAMAGED = (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True, eq=False)
class FaceRecord:
    """What a face image knows of itself.

    Attributes:
        face: the face, in pixels of the frame it was cut from.
        crop_from_frame: where the image lies in that frame.
        centering: of the crop.
        coverage: of the crop, 0.1..1.
        source_name: file or folder name of the source, for people.
        source_fingerprint: tells the source from another of the same name.
        frame_size: (width, height) of the source's upright frames, pixels.
        version: of the record's format.
    """

    face: Face
    crop_from_frame: Warp
    centering: Centering
    coverage: float
    source_name: str
    source_fingerprint: str
    frame_size: tuple[int, int]
    version: int = FORMAT_VERSION


def face_file_name(source_name: str, frame_index: int, face_index: int) -> str:
    """`<source stem>_<frame index, 6 digits>_<face index>.png`; never a hidden name."""
    shown = Path(source_name).stem.lstrip(".") or "film"
    stem = shown.encode("utf-8", "surrogateescape")[:200]
    return f"{stem.decode('utf-8', 'ignore')}_{frame_index:06d}_{face_index}.png"


def list_faceset(folder: Path) -> list[Path]:
    """The PNG files of a folder in natural order (2 before 10).

    Raises:
        StoreError: there is no such folder.
    """
    try:
        entries = [p for p in folder.iterdir() if p.suffix.lower() == ".png"]
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be listed ({error.strerror}); extract first, or check the name"
        ) from error
    return sorted((p for p in entries if not p.name.startswith(".")), key=_natural)


def made_by_hand(face: Face) -> frozenset[str]:
    """Kinds of the face's masks that somebody painted."""
    makers = face.made_by.get("mask", "").split()
    return frozenset(kind for kind in face.masks if kind == "custom" or f"{kind}@hand" in makers)


def kept_in_picture(face: Face) -> Face:
    """What a picture's record keeps of a face.

    Landmarks, numbers and what was painted by hand. The rest was derived, lies in the alignments
    file, and would be nine tenths of the record: masks, identity, and what else an aligner knew.
    """
    masks = {kind: face.masks[kind] for kind in sorted(made_by_hand(face))}
    stale = {f"mask:{kind}" for kind in masks} & face.stale
    return replace(face, masks=masks, embedding=None, extras={}, stale=frozenset(stale))


@dataclass(frozen=True, slots=True)
class FaceFolder:
    """A folder of face pictures, or those of it that belong to one person.

    A person's faces are any number of these.

    Attributes:
        path: the folder.
        tracks: only faces of these tracks; None takes all.
        alignments: the alignments file of the film that they were cut from; None asks the folder.
        film: fingerprint of the film that all of them are cut from; "" where they may come from
            anywhere, as in a folder that somebody gives.
    """

    path: Path
    tracks: frozenset[int] | None = None
    alignments: Path | None = None
    film: str = ""

    def pictures(self) -> list[Path]:
        """The pictures in natural order.

        Raises:
            StoreError: there is no such folder, or a picture whose track is asked for is damaged.
        """
        paths = list_faceset(self.path)
        if self.tracks is None:
            return paths
        return [p for p in paths if read_record(p).face.track in self.tracks]


def write_face_png(
    path: Path, pixels: NDArray[Any], record: FaceRecord, *, durable: bool = True
) -> None:
    """Write a face image with its record; complete as soon as it has its name.

    Args:
        path: the PNG.
        pixels: (h, w, 3) uint8 or uint16 RGB, the size of `record.crop_from_frame.dst`.
        record: what is known of it.
        durable: wait for the disk. Without, a killed process still leaves only complete images;
            against a power cut call `atomic.sync_files` on the batch before its alignments are
            put, so that whatever is torn is redone.

    Raises:
        ValueRefused: pixels of another shape, dtype or size, or numbers that are not finite.
        DiskFull, StoreError: as `atomic.commit`.
    """
    import cv2

    if record.crop_from_frame.src != frame_space(*record.frame_size):
        raise ValueRefused(
            f"{path.name}: expected a crop from a frame of {record.frame_size}, "
            f"got {record.crop_from_frame.src}"
        )
    want = (record.crop_from_frame.dst.height, record.crop_from_frame.dst.width, 3)
    if pixels.shape != want or pixels.dtype not in _DTYPES or max(want) > MAX_SIDE_PX:
        raise ValueRefused(
            f"{path.name}: expected {want} uint8 or uint16, at most {MAX_SIDE_PX} px a side, "
            f"got {pixels.shape} {pixels.dtype}"
        )
    # OpenCV's default (RLE) is both faster and smaller here than any compression level.
    done, png = cv2.imencode(".png", pixels[..., ::-1])
    if not done:
        raise StoreError(f"{path}: the image could not be encoded; try another size")
    raw = png.tobytes()
    data = b"".join((raw[:_IHDR_END], _record_chunk(record), raw[_IHDR_END:]))
    commit_bytes(path, data, durable=durable)


def with_record(path: Path, record: FaceRecord) -> bytes:
    """The bytes of a face image with another record and the same pixels, which are not touched.

    Raises:
        ValueRefused: the record lies the picture elsewhere, or has numbers that are not finite.
        StoreError: missing, damaged, or no face image of ours.
    """
    _, chunks = _whole(path)
    kept = list(chunks)
    have = _record(path, iter(kept)).crop_from_frame
    if have.dst != record.crop_from_frame.dst or not np.array_equal(
        have.matrix, record.crop_from_frame.matrix
    ):
        raise ValueRefused(f"{path.name}: expected a record of the same crop; cut it again instead")
    rest = (
        _chunk(kind, data)
        for kind, data in kept[1:]
        if not (kind == b"iTXt" and data.startswith(_KEYWORD + b"\0"))
    )
    return b"".join((_SIGNATURE, _chunk(*kept[0]), _record_chunk(record), *rest))


def read_face_png(path: Path) -> tuple[NDArray[Any], FaceRecord]:
    """Pixels, (h, w, 3) RGB, uint8 or uint16 as they were written, and record of a face image.

    Raises:
        StoreError: missing, damaged, or no face image of ours.
    """
    import cv2

    raw, chunks = _whole(path)
    record = _record(path, chunks)
    grid = record.crop_from_frame.dst
    width, height = struct.unpack(">II", raw[16:24])
    same = (width, height) == (grid.width, grid.height)
    pixels = None
    if same:  # else a small file could unfold to hundreds of megabytes for nothing
        pixels = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if pixels is None or pixels.shape != (height, width, 3):
        got = "nothing" if same else f"{width}x{height}"
        raise StoreError(
            f"{path}: expected an image of {grid.width}x{grid.height}, got {got}; "
            "extract this source again, and do not resize face images"
        )
    return np.ascontiguousarray(pixels[..., ::-1]), record


def read_record(path: Path) -> FaceRecord:
    """The record alone; pixels are neither read nor decoded.

    Raises:
        StoreError: missing, damaged, or no face image of ours.
    """
    try:
        with open_to_read(path) as file:
            return _record(path, _chunks(path, file))
    except OSError as error:
        raise _unreadable(path, error) from error


def record_to_plain(record: FaceRecord) -> dict[str, Any]:
    """A record as data that JSON holds."""
    width, height = record.frame_size
    return {
        "format": "understudy-face",
        "version": record.version,
        "source": {
            "name": record.source_name,
            "fingerprint": record.source_fingerprint,
            "size_wh": [width, height],
        },
        "centering": record.centering,
        "coverage": codec.finite("coverage", record.coverage),
        "crop_from_frame": codec.warp_to_plain(record.crop_from_frame),
        "face": codec.face_to_plain(record.face),
    }


def record_from_plain(plain: Any) -> FaceRecord:
    """The record behind `record_to_plain`.

    Raises:
        ValueRefused, KeyError, TypeError: not such data.
    """
    if not isinstance(plain, dict) or plain.get("format") != "understudy-face":
        raise ValueRefused("not an Understudy face record")
    version = codec.whole("version", plain["version"])
    if version > FORMAT_VERSION:
        raise ValueRefused(f"record of version {version}, this Understudy reads {FORMAT_VERSION}")
    source = plain["source"]
    width, height = (codec.whole("size_wh", value) for value in source["size_wh"])
    frame = frame_space(width, height)
    if plain["centering"] not in CENTERINGS:
        raise ValueRefused(f"centering: expected one of {CENTERINGS}, got {plain['centering']!r}")
    return FaceRecord(
        face=codec.face_from_plain(plain["face"], frame),
        crop_from_frame=codec.warp_from_plain(plain["crop_from_frame"], frame),
        centering=plain["centering"],
        coverage=codec.finite("coverage", plain["coverage"]),
        source_name=codec.string("name", source["name"]),
        source_fingerprint=codec.string("fingerprint", source["fingerprint"]),
        frame_size=(width, height),
        version=version,
    )


def _record(path: Path, chunks: Iterator[tuple[bytes, bytes]]) -> FaceRecord:
    for kind, data in chunks:
        if kind != b"iTXt" or not data.startswith(_KEYWORD + b"\0"):
            continue
        try:
            return record_from_plain(parse_json(_itxt_text(data), MAX_RECORD_VALUES))
        except _DAMAGED as error:
            raise StoreError(
                f"{path}: its Understudy record cannot be read ({error}); extract it again, "
                "or open it with the Understudy that wrote it"
            ) from error
    raise StoreError(
        f"{path}: has no Understudy record, so where its face lies is not known; use images made "
        "by `understudy extract`, and do not re-save them in an editor"
    )


def _record_chunk(record: FaceRecord) -> bytes:
    text = json.dumps(record_to_plain(record)).encode("ascii")
    return _chunk(b"iTXt", b"\0\0\0\0\0".join((_KEYWORD, text)))


def _itxt_text(data: bytes) -> bytes:
    compressed = data[len(_KEYWORD) + 1 : len(_KEYWORD) + 2] == b"\1"
    _language, _translated, text = data[len(_KEYWORD) + 3 :].split(b"\0", 2)
    # Other programs may deflate the chunk when they optimise the file.
    return codec.inflate(text, MAX_RECORD_BYTES) if compressed else text


def _whole(path: Path) -> tuple[bytes, Iterator[tuple[bytes, bytes]]]:
    """The file and its chunks, each checked, so that no damaged byte reaches the decoder."""
    try:
        raw = read_file(path, MAX_FILE_BYTES)
    except OSError as error:
        raise _unreadable(path, error) from error
    return raw, iter(list(_chunks(path, io.BytesIO(raw), skip_pixels=False)))


def _chunks(
    path: Path, file: BinaryIO, *, skip_pixels: bool = True
) -> Iterator[tuple[bytes, bytes]]:
    """(kind, data) of each chunk; `skip_pixels` seeks over IDAT instead of reading it."""
    if file.read(8) != _SIGNATURE:
        raise StoreError(f"{path}: is not a PNG; remove it from the faceset")
    kind = b""
    while kind != b"IEND":
        header = file.read(8)
        if len(header) != 8:
            raise _cut(path)
        length, kind = struct.unpack(">I4s", header)
        if kind == b"IDAT" and skip_pixels:
            file.seek(length + 4, 1)
            continue
        if length > MAX_FILE_BYTES or (skip_pixels and length > MAX_RECORD_BYTES):
            raise _cut(path)
        data = file.read(length)
        crc = file.read(4)
        if len(data) != length or len(crc) != 4:
            raise _cut(path)
        if zlib.crc32(kind + data) != int.from_bytes(crc):
            raise StoreError(f"{path}: is damaged (checksum of {kind!r}); extract it again")
        if kind == b"IHDR":
            _check_header(path, data)
        yield kind, data


def _check_header(path: Path, data: bytes) -> None:
    width, height = struct.unpack(">II", data[:8]) if len(data) == 13 else (0, 0)
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX):
        raise StoreError(
            f"{path}: {width}x{height} is no face image (at most {MAX_SIDE_PX} px a side); "
            "remove it from the faceset"
        )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return b"".join(
        (struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(kind + data)))
    )


def _natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    parts = re.split(r"([0-9]+)", path.name)
    return tuple((1, int(p), p) if p.isdecimal() else (0, 0, p.casefold()) for p in parts)


def _cut(path: Path) -> StoreError:
    return StoreError(f"{path}: is cut short or damaged; extract it again")


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: cannot be read ({error.strerror}); check the name")
