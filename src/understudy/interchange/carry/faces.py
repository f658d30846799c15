"""Face pictures of other tools as face images of ours, where their film is not at hand."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np

from understudy.errors import NoFaces
from understudy.files import make_folder
from understudy.flow import Progress
from understudy.flow.progress import stop_if_cancelled
from understudy.geometry import Space, Warp
from understudy.interchange import checks, images
from understudy.interchange.carry.names import ranks
from understudy.interchange.carry.report import ImportReport, must_be_new, report
from understudy.interchange.values import FaceImage, ForeignSet, Ledger
from understudy.store.atomic import sync_files
from understudy.store.faceset import FaceRecord, face_file_name, write_face_png
from understudy.types import Timestamp
from understudy.types.frame import frame_space

_BATCH = 64
_TIME_BASE = Fraction(1, 25)
_MAX_FRAME_PX = 65535
_PERSON = re.compile(r"[^\w .-]")


def to_faceset(found: ForeignSet, folder: Path, ledger: Ledger, progress: Progress) -> ImportReport:
    """Write face images from the pictures that were found, a sub-folder for each named person.

    Raises:
        StoreError: the folder holds something already.
        NoFaces: nothing was left.
        Cancelled: what was written stays.
    """
    must_be_new(folder)
    indices = ranks(f"{i.person}/{i.face.frame}" for i in found.images)
    frames = {f"{i.person}/{i.face.frame}" for i in found.images}
    guess = _guessed_size(found, ledger)
    ledger.lose("the film itself, and its times (frames are numbered, 25 a second)")
    counts: dict[str, int] = {}
    written: list[Path] = []
    with progress.task("face images", len(found.images), "pictures") as bar:
        for image in found.images:
            key = f"{image.person}/{image.face.frame}"
            number = counts.get(key, 0)
            try:
                path = folder / _write(image, folder, indices[key], number, guess, found.tool)
            except checks.DAMAGED as error:
                ledger.skip(image.name, error)
                continue
            counts[key] = number + 1
            written.append(path)
            bar.advance(1)
            if len(written) % _BATCH == 0:
                sync_files(written[-_BATCH:])
                stop_if_cancelled(progress, f"{len(written)} face images are in {folder}")
    sync_files(written[len(written) // _BATCH * _BATCH :])
    if not written:
        raise NoFaces(f"no picture could be taken: {'; '.join(ledger.skipped[:3])}")
    kept = frames & set(counts)
    return report(folder, found.tool, len(kept), len(written), ledger)


def _write(
    image: FaceImage, folder: Path, index: int, number: int, guess: tuple[int, int], tool: str
) -> Path:
    """Write one face image; returns its path within the folder."""
    pixels = images.decode(image.encoded())
    size = image.face.frame_size or guess
    grid = frame_space(*size)
    at = Timestamp(index, index, _TIME_BASE)
    face = image.face.to_face(f"{index}_{number}", at, grid)
    crop = Space(f"crop:{image.centering}:{image.size_px}", image.size_px, image.size_px)
    person = _PERSON.sub("_", image.person).strip(". ")[:80]
    source = f"{person or 'imported'}.{tool.partition('@')[0]}"
    record = FaceRecord(
        face=face,
        crop_from_frame=Warp(image.crop_from_frame, grid, crop),
        centering=image.centering,
        coverage=1.0,
        source_name=source,
        source_fingerprint=f"imported:{source}",
        frame_size=size,
    )
    path = Path(person) / face_file_name(source, index, number)
    make_folder((folder / path).parent)
    write_face_png(folder / path, pixels, record, durable=False)
    return path


def _guessed_size(found: ForeignSet, ledger: Ledger) -> tuple[int, int]:
    """A frame that holds all faces, for pictures that do not say how large theirs was."""
    unknown = [i.face for i in found.images if i.face.frame_size is None]
    if not unknown:
        return 1, 1
    corner = np.max([[f.box_xyxy[2:], f.landmarks.max(0)] for f in unknown], (0, 1))
    width, height = (int(min(max(16, np.ceil(v / 2) * 2), _MAX_FRAME_PX)) for v in corner)
    ledger.lose(f"the size of the frames (taken as {width}x{height}, which holds all faces)")
    return width, height
