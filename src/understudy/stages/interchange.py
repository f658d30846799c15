"""Import: faces of other tools become an alignments file of a film, or a faceset of our own.

With the film, frames are found by name or number and every face becomes a row. Without it, face
pictures become face images that carry their own records. What could not be taken is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from understudy.errors import NoFaces, StoreError, ValueRefused
from understudy.flow import Progress
from understudy.flow.progress import stop_if_cancelled
from understudy.geometry import Space, Warp
from understudy.media import MediaInfo, probe
from understudy.media.read import timestamps
from understudy.stages.interchange_names import FrameNames, first_number, ranks
from understudy.store.alignments import Alignments, SourceRecord, alignments_path
from understudy.store.atomic import commit_path, sync_files
from understudy.store.faceset import FaceRecord, face_file_name, write_face_png
from understudy.store.interchange import images, plain_json, values
from understudy.store.interchange.dfl_pak import read_pak
from understudy.store.interchange.folder import SUFFIXES, read_folder
from understudy.store.interchange.fsa import read_fsa
from understudy.store.interchange.json_file import from_plain, load
from understudy.store.interchange.values import FaceImage, ForeignFace, ForeignSet, Ledger
from understudy.types import Face, Timestamp
from understudy.types.frame import frame_space

_BATCH = 64
_PAK = "faceset.pak"
_TIME_BASE = Fraction(1, 25)
_MAX_FRAME_PX = 65535
_PERSON = re.compile(r"[^\w .-]")


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import took, and what it could not take.

    Attributes:
        output: the alignments file, or the folder of face images.
        tool: what the files came from, "name@version".
        frames: with a row, or that pictures were taken from.
        faces: taken.
        n_skipped: frames and faces left out.
        skipped: the first of them, with the reason.
        lost: kinds of things that have no place with us, and guesses that were made.
    """

    output: Path
    tool: str
    frames: int
    faces: int
    n_skipped: int
    skipped: Sequence[str]
    lost: Sequence[str]

    def to_plain(self) -> dict[str, Any]:
        """The report as data that JSON holds."""
        return {**asdict(self), "output": str(self.output)}


def import_(
    file: Path,
    media: Path | None,
    output: Path | None,
    progress: Progress,
    first_frame: int | None = None,
) -> ImportReport:
    """Take over faces of another tool.

    Args:
        file: the book's `face_alignments.json`, JSON of Faceswap or of our own export, `.fsa`,
            `faceset.pak`, or a folder of face pictures of Faceswap or DeepFaceLab.
        media: the film or folder of images that the faces are in; without it, face pictures
            become face images.
        output: the alignments file (default: beside the media) or the folder for face images
            (default: beside the pictures); neither may be there.
        progress: where it is told.
        first_frame: which number the other tool gave a film's first frame; None finds it out.

    Raises:
        StoreError: a file that cannot be read, is not known or tries to run code, an output that
            is there already, or faces that belong to another film.
        NoFaces: nothing was left to take.
        MediaError: the film cannot be read.
        Cancelled: nothing has been made.
    """
    ledger = Ledger()
    if _is_json(file):
        plain = load(file)
        if plain_json.is_plain(plain):
            return _own(file, plain, media, output, ledger)
        try:
            found = from_plain(file, plain, ledger)
        except values.DAMAGED as error:
            raise StoreError(f"{file}: no alignments that Understudy knows ({error})") from error
    else:
        found = _read(file, ledger)
    if not any(found.frames.values()):
        why = f"; the first one left out is {ledger.skipped[0]}" if ledger.skipped else ""
        raise NoFaces(f"{file}: there is no face in it that can be taken{why}")
    if media is not None:
        return _to_alignments(found, probe(media), output, first_frame, ledger, progress)
    if not found.images:
        raise ValueRefused(
            f"{file}: holds places of faces, but no pictures; name the film or folder of images "
            "that they are in with --media"
        )
    return _to_faceset(
        found, output or file.absolute().with_name(f"{file.stem}_faces"), ledger, progress
    )


def _read(file: Path, ledger: Ledger) -> ForeignSet:
    if file.is_dir() and (file / _PAK).is_file():
        return read_pak(file / _PAK, ledger)
    if file.is_dir() or file.suffix.lower() in SUFFIXES:
        return read_folder(file, ledger)
    if file.suffix.lower() == ".pak":
        return read_pak(file, ledger)
    if file.suffix.lower() == ".fsa" or not file.exists():
        return read_fsa(file, ledger)
    raise StoreError(
        f"{file}: not a file that can be imported; expected .fsa, .json, .pak, or a folder of face "
        "pictures"
    )


def _is_json(file: Path) -> bool:
    return file.suffix.lower() == ".json" and not file.is_dir()


# To an alignments file


def _to_alignments(
    found: ForeignSet,
    info: MediaInfo,
    output: Path | None,
    first_frame: int | None,
    ledger: Ledger,
    progress: Progress,
) -> ImportReport:
    path = output or alignments_path(info.path)
    _must_be_new(path)
    first = first_number(found.frames) if first_frame is None else first_frame
    if info.kind == "video":
        progress.say(f"frames of {info.path.name} are counted from {first}")
    by_index = _by_index(found, FrameNames(info, first), ledger)
    times = _times(info, by_index, progress)
    frames = _placed(by_index, times, info, found, ledger)
    n_faces = sum(len(faces) for _, faces in frames)
    if not n_faces:
        raise NoFaces(
            f"no face belongs to a frame of {info.path.name}: {'; '.join(ledger.skipped[:3])}"
        )
    record = SourceRecord(
        name=info.path.name,
        fingerprint=info.fingerprint,
        width=info.width,
        height=info.height,
        time_base=info.time_base,
        n_frames=info.n_frames,
        settings={"imported": found.tool},
    )
    with commit_path(path) as temporary, Alignments.open(temporary, create=record) as store:
        for start in range(0, len(frames), _BATCH):
            store.put(frames[start : start + _BATCH])
            stop_if_cancelled(progress, "nothing was imported")
        store.finish()
    return _report(path, found.tool, len(frames), n_faces, ledger)


def _by_index(
    found: ForeignSet, names: FrameNames, ledger: Ledger
) -> dict[int, tuple[str, list[ForeignFace]]]:
    by_index: dict[int, tuple[str, list[ForeignFace]]] = {}
    for name, faces in found.frames.items():
        index = names.index(name)
        if index is None:
            ledger.skip(name, "no such frame in the media")
        elif index in by_index:
            ledger.skip(name, f"the same frame as {by_index[index][0]}")
        else:
            by_index[index] = (name, faces)
    return by_index


def _times(info: MediaInfo, wanted: dict[int, Any], progress: Progress) -> dict[int, Timestamp]:
    last, times = max(wanted, default=-1), {}
    with progress.task(f"times of {info.path.name}", info.n_frames_guess, "frames") as bar:
        for at in timestamps(info):
            if at.index > last:
                break
            if at.index in wanted:
                times[at.index] = at
            bar.advance(1)
            if at.index % _BATCH == 0:
                stop_if_cancelled(progress, "nothing was imported")
    return times


def _placed(
    by_index: dict[int, tuple[str, list[ForeignFace]]],
    times: dict[int, Timestamp],
    info: MediaInfo,
    found: ForeignSet,
    ledger: Ledger,
) -> list[tuple[Timestamp, list[Face]]]:
    grid = frame_space(info.width, info.height)
    frames, outside, total = [], 0, 0
    for index in sorted(by_index):
        name, foreign = by_index[index]
        if index not in times:
            ledger.skip(name, f"{info.path.name} ends before frame {index}")
            continue
        faces: list[Face] = []
        for face in foreign:
            try:
                if face.frame_size not in (None, (info.width, info.height)):
                    raise ValueRefused(f"its frame was {face.frame_size}, not {grid.size_wh}")
                faces.append(face.to_face(f"{index}_{len(faces)}", times[index], grid))
            except values.DAMAGED as error:
                ledger.skip(name, error)
                continue
            middle = face.landmarks.mean(0)
            total += 1
            outside += not (0 <= middle[0] <= grid.width and 0 <= middle[1] <= grid.height)
        frames.append((times[index], faces))
    if outside * 2 > total:
        raise StoreError(
            f"{outside} of {total} faces of {found.tool} lie outside the frames of "
            f"{info.path.name} ({info.width}x{info.height}); is this the film they were found in?"
        )
    return frames


# To face images


def _to_faceset(
    found: ForeignSet, folder: Path, ledger: Ledger, progress: Progress
) -> ImportReport:
    _must_be_new(folder)
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
            except values.DAMAGED as error:
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
    return _report(folder, found.tool, len(kept), len(written), ledger)


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
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
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


# Our own JSON


def _own(
    file: Path, plain: dict[str, Any], media: Path | None, output: Path | None, ledger: Ledger
) -> ImportReport:
    known = plain_json.from_plain(file, plain, ledger)
    if media is not None and probe(media).fingerprint != known.source.fingerprint:
        raise StoreError(
            f"{file} belongs to {known.source.name}, not to {media} as it is now; leave out "
            "--media to take the file as it is"
        )
    path = output or (alignments_path(media) if media else file.with_suffix(".alignments"))
    _must_be_new(path)
    try:
        with (
            commit_path(path) as temporary,
            Alignments.open(temporary, create=known.source) as store,
        ):
            store.put(known.frames, shots=known.shots, tracks=known.tracks)
            if known.finished:
                store.finish()
    except ValueRefused as error:
        raise StoreError(f"{file}: contradicts itself ({error}); export it again") from error
    n_faces = sum(len(faces) for _, faces in known.frames)
    return _report(path, "understudy@1", len(known.frames), n_faces, ledger)


def _must_be_new(path: Path) -> None:
    filled: Iterator[Path] | list[Path] = path.iterdir() if path.is_dir() else []
    if path.is_file() or any(True for _ in filled):
        raise StoreError(f"{path}: is there already; move it away, or name another with -o")


def _report(path: Path, tool: str, frames: int, faces: int, ledger: Ledger) -> ImportReport:
    return ImportReport(path, tool, frames, faces, ledger.n_skipped, ledger.skipped, ledger.lost)
