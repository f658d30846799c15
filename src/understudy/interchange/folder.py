"""A folder of other tools' face pictures; each file is recognised by what it carries."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from understudy.errors import StoreError, ValueRefused
from understudy.interchange import checks, dfl, images
from understudy.interchange.faceswap import pictures as faceswap_images
from understudy.interchange.values import FaceImage, ForeignSet, Ledger
from understudy.words import counted

SUFFIXES = (".png", ".jpg", ".jpeg")


def read_folder(path: Path, ledger: Ledger) -> ForeignSet:
    """The face pictures of Faceswap and DeepFaceLab in a folder, or the one in a file.

    Raises:
        StoreError: there is none, or the folder cannot be listed.
    """
    files = _files(path)
    read: list[FaceImage] = []
    for file in files:
        try:
            read.append(_face_image(file, ledger))
        except (*checks.DAMAGED, StoreError) as error:
            ledger.skip(file.name, error)
    if not read:
        first = f"; {ledger.skipped[0]}" if ledger.skipped else ""
        raise StoreError(
            f"{path}: none of its {counted(len(files), 'picture')} is a face picture of Faceswap "
            "or "
            f"DeepFaceLab{first}"
        )
    read.sort(key=lambda image: faceswap_images.order(image.name))
    tools = Counter(image.face.made_by["align"] for image in read)
    found = ForeignSet(tools.most_common(1)[0][0])
    for image in read:
        try:
            found.add(image.face)
            found.images.append(image)
        except ValueRefused as error:
            ledger.skip(image.name, error)
    return found


def _face_image(file: Path, ledger: Ledger) -> FaceImage:
    data = checks.read_bytes(file, images.MAX_FILE_BYTES)
    if data.startswith(images.PNG_SIGNATURE):
        text = faceswap_images.record_text(data)
        if text is not None:
            return faceswap_images.face_image(file, data, text, ledger)
    meta = dfl.metadata(data)
    if meta is None:
        raise ValueRefused("no record of Faceswap or DeepFaceLab in it")
    return dfl.face_image(file, file.name, data, meta, ledger)


def _files(path: Path) -> list[Path]:
    try:
        entries = sorted(path.iterdir()) if path.is_dir() else [path]
        return [
            p
            for p in entries
            if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file()
        ]
    except OSError as error:
        raise StoreError(f"{path}: cannot be listed ({error.strerror}); check the name") from error
