"""Import: faces of other tools become an alignments file of a film, or a faceset of our own.

With the film, frames are found by name or number and every face becomes a row. Without it, face
pictures become face images that carry their own records. What could not be taken is told.
"""

from __future__ import annotations

from pathlib import Path

from understudy.errors import NoFaces, StoreError, ValueRefused
from understudy.flow import Progress
from understudy.interchange.carry.faces import to_faceset
from understudy.interchange.carry.film import to_alignments
from understudy.interchange.carry.report import ImportReport, must_be_new, report
from understudy.interchange.dfl.pak import read_pak
from understudy.interchange.faceswap.fsa import read_fsa
from understudy.interchange.folder import SUFFIXES, read_folder
from understudy.interchange.json_file import read_json
from understudy.interchange.plain_json import PlainAlignments
from understudy.interchange.values import ForeignSet, Ledger
from understudy.media import probe
from understudy.store.alignments import Alignments, alignments_path, writer_lock
from understudy.store.atomic import commit_path

_PAK = "faceset.pak"


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
    found = _read(file, ledger)
    if isinstance(found, PlainAlignments):
        return _own(file, found, media, output, ledger)
    if not any(found.frames.values()):
        why = f"; the first one left out is {ledger.skipped[0]}" if ledger.skipped else ""
        raise NoFaces(f"{file}: there is no face in it that can be taken{why}")
    if media is not None:
        return to_alignments(found, probe(media), output, first_frame, ledger, progress)
    if not found.images:
        raise ValueRefused(
            f"{file}: holds places of faces, but no pictures; name the film or folder of images "
            "that they are in with --media"
        )
    return to_faceset(
        found, output or file.absolute().with_name(f"{file.stem}_faces"), ledger, progress
    )


def _read(file: Path, ledger: Ledger) -> ForeignSet | PlainAlignments:
    if file.is_dir() and (file / _PAK).is_file():
        return read_pak(file / _PAK, ledger)
    if file.is_dir() or file.suffix.lower() in SUFFIXES:
        return read_folder(file, ledger)
    if file.suffix.lower() == ".pak":
        return read_pak(file, ledger)
    if file.suffix.lower() == ".json":
        return read_json(file, ledger)
    if file.suffix.lower() == ".fsa" or not file.exists():
        return read_fsa(file, ledger)
    raise StoreError(
        f"{file}: not a file that can be imported; expected .fsa, .json, .pak, or a folder of face "
        "pictures"
    )


def _own(
    file: Path, known: PlainAlignments, media: Path | None, output: Path | None, ledger: Ledger
) -> ImportReport:
    if media is not None and probe(media).fingerprint != known.source.fingerprint:
        raise StoreError(
            f"{file} belongs to {known.source.name}, not to {media} as it is now; leave out "
            "--media to take the file as it is"
        )
    path = output or (alignments_path(media) if media else file.with_suffix(".alignments"))
    must_be_new(path)
    try:
        with (
            writer_lock(path),
            commit_path(path) as temporary,
            Alignments.open(temporary, create=known.source, locked=True) as store,
        ):
            store.put(known.frames, shots=known.shots, tracks=known.tracks)
            if known.finished:
                store.finish()
    except ValueRefused as error:
        raise StoreError(f"{file}: contradicts itself ({error}); export it again") from error
    n_faces = sum(len(faces) for _, faces in known.frames)
    return report(path, "understudy@1", len(known.frames), n_faces, ledger)
