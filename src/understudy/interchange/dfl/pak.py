"""DeepFaceLab's `faceset.pak`: many face pictures in one file, behind a pickled list.

Source: the layout, by dump: version 1 and the list's length as 64-bit little-endian numbers, a
pickled list of tables, count + 1 offsets from the end of that table, then whole DFLJPG files. The
last offset is wrong (it counts from the file's start), so the last picture ends with the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from understudy.errors import StoreError, ValueRefused
from understudy.files import open_to_read
from understudy.interchange import checks, dfl, images
from understudy.interchange.pickles import safe_pickle
from understudy.interchange.values import FaceImage, ForeignSet, Ledger
from understudy.words import counted

_MAX_LIST_BYTES = 1 << 30
_MAX_PICTURES = 1_000_000
_MAX_BUDGET = 8 << 30
_ENUMS = (("samplelib.Sample", "SampleType"), ("facelib.FaceType", "FaceType"))
_OVER_PICTURE = ("seg_ie_polys", "xseg_mask", "eyebrows_expand_mod", "source_filename")


def read_pak(path: Path, ledger: Ledger) -> ForeignSet:
    """All pictures of a `faceset.pak`; those that cannot be used are told to the ledger.

    Raises:
        StoreError: missing, damaged, not such a file, or naming code.
    """
    found = ForeignSet(dfl.TOOL)
    try:
        with open_to_read(path) as file:
            for number, (item, start, length) in enumerate(_items(file, path.stat().st_size)):
                name = _name(item, number)
                try:
                    image = _image(path, file, name, item, start, length, ledger)
                    found.add(image.face)
                    found.images.append(image)
                except checks.DAMAGED as error:
                    ledger.skip(name, error)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except ValueRefused as error:
        raise StoreError(
            f"{path}: is no DeepFaceLab faceset that can be read ({error}); get the file again"
        ) from error
    return found


def _items(file: BinaryIO, file_bytes: int) -> Iterator[tuple[dict[str, Any], int, int]]:
    """(table, start, length) of each picture."""
    head = file.read(16)
    version, list_bytes = struct.unpack("<QQ", head) if len(head) == 16 else (0, 0)
    if version != 1:
        raise ValueRefused(f"version {version}; version 1 is read")
    if list_bytes > min(_MAX_LIST_BYTES, file_bytes - 16):
        raise ValueRefused("its list is longer than the file")
    budget = min(_MAX_BUDGET, (64 << 20) + 64 * list_bytes)
    plain = safe_pickle.loads(file.read(list_bytes), budget_bytes=budget, enums=_ENUMS)
    items = [checks.mapping("picture", i) for i in checks.sequence("list", plain)]
    if not items:
        raise ValueRefused("it lists no picture")
    if len(items) > _MAX_PICTURES:
        raise ValueRefused(f"{counted(len(items), 'picture')}; at most {_MAX_PICTURES} are read")
    table = file.read(8 * (len(items) + 1))
    if len(table) != 8 * (len(items) + 1):
        raise ValueRefused("it is cut short")
    base = 16 + list_bytes + len(table)
    offsets = struct.unpack(f"<{len(items) + 1}Q", table)[:-1]
    ends = [*(base + o for o in offsets[1:]), file_bytes]
    furthest = base
    for item, offset, end in zip(items, offsets, ends, strict=True):
        start = base + offset
        # A picture outside the file, or over another one, gets no bytes and is skipped.
        inside = furthest <= start <= end <= file_bytes
        furthest = max(furthest, start)
        yield item, start if inside else base, end - start if inside else 0


def _image(
    path: Path,
    file: BinaryIO,
    name: str,
    item: dict[str, Any],
    start: int,
    length: int,
    ledger: Ledger,
) -> FaceImage:
    if length > images.MAX_FILE_BYTES:
        raise ValueRefused(f"{length} bytes are no face picture")
    file.seek(start)
    data = file.read(length)
    meta = dfl.metadata(data)
    if meta is None:
        raise ValueRefused("the picture carries no DeepFaceLab data")
    if item.get("xseg_mask_compressed") is not None and item.get("xseg_mask") is None:
        item = {**item, "xseg_mask": item["xseg_mask_compressed"]}
    over = {key: item[key] for key in _OVER_PICTURE if item.get(key) is not None}
    person = item.get("person_name")
    person = person if isinstance(person, str) else ""
    return dfl.face_image(path, name, data, {**meta, **over}, ledger, person=person, offset=start)


def _name(item: dict[str, Any], number: int) -> str:
    name = item.get("filename")
    return name[:200] if isinstance(name, str) and name else f"picture {number}"
