"""`alignments ...`: looking into an alignments file, and repairing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from understudy.errors import MediaError, ValueRefused
from understudy.flow import Progress
from understudy.imaging.drawing import Drawing
from understudy.nn.device import DeviceName, choose_device
from understudy.plugin import default_registry
from understudy.runs.sharing import refuse_shared
from understudy.shell import quoted
from understudy.stages.faces.source import alignments_of, reader_of
from understudy.stages.repair import between, shape
from understudy.stages.repair import remove as removing
from understudy.stages.repair.looking import find
from understudy.stages.repair.looking.draw import draw as drawing
from understudy.stages.repair.looking.report import info_lines
from understudy.stages.repair.looking.review import to_review
from understudy.stages.repair.redo import redo as redoing
from understudy.stages.repair.rekey import rekey as rekeying
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import ANY, Query
from understudy.words import counted


def info(file: Path, faces: Path | None, progress: Progress) -> None:
    """What the file holds."""
    path = alignments_of(file, faces)
    lines = info_lines(path, faces)
    with Alignments.open(path, read_only=True) as store:
        progress.report("info", store.summary(), "\n".join(lines))


def missing_frames(
    file: Path, media: Path | None, count: bool, to: Path | None, progress: Progress
) -> None:
    """Frames of the film that were never looked at."""

    def search(store: Alignments) -> find.Found:
        try:
            film = reader_of(store, media, depth="8")
        except MediaError:
            if count or media is not None:
                raise
            film = None
        return find.missing_frames(store, film, progress, count)

    _find(file, search, progress, to)


def no_faces(file: Path, to: Path | None, progress: Progress) -> None:
    """Frames that were looked at and hold no face."""
    _find(file, find.no_faces, progress, to)


def multi_faces(
    file: Path,
    to: Path | None,
    faces: Path | None,
    copy: Path | None,
    move: Path | None,
    progress: Progress,
) -> None:
    """Frames that hold several faces."""
    _find(file, find.multi_faces, progress, to, faces, copy, move)


def misaligned(
    file: Path,
    threshold: float,
    to: Path | None,
    faces: Path | None,
    copy: Path | None,
    move: Path | None,
    progress: Progress,
) -> None:
    """Faces whose landmarks lie far from the mean face."""
    _find(file, lambda store: find.misaligned(store, threshold), progress, to, faces, copy, move)


def blurred(
    file: Path,
    below: float,
    to: Path | None,
    faces: Path | None,
    copy: Path | None,
    move: Path | None,
    progress: Progress,
) -> None:
    """Faces that were filmed less sharply than most of the film's."""
    _find(file, lambda store: find.blurred(store, below), progress, to, faces, copy, move)


def review(
    file: Path,
    to: Path | None,
    faces: Path | None,
    copy: Path | None,
    move: Path | None,
    progress: Progress,
) -> None:
    """Frames to look at before a film is converted, each with the reason."""
    _find(file, to_review, progress, to, faces, copy, move)


def remove(
    file: Path,
    ids: Sequence[str],
    list: Path | None,  # noqa: A002 - the flag's name
    track: int | None,
    person: int | None,
    deleted: bool,
    faces: Path | None,
    dry_run: bool,
    backup: bool,
    shared: bool,
    progress: Progress,
) -> None:
    """Remove faces, and move their pictures away."""
    if deleted and faces is None:
        raise ValueRefused("--deleted needs --faces, the folder that pictures were deleted from")
    chosen = (*ids, *(removing.read_ids(list) if list else []))
    doomed = removing.Doomed(chosen, track, person, faces if deleted else None)
    path, empty = alignments_of(file, faces), list is not None and doomed == removing.Doomed()
    _refuse_shared(path, faces, dry_run or shared or empty)
    gone = [] if empty else removing.remove(path, doomed, progress, faces, dry_run, backup)
    shown = [*(gone if dry_run else [])]
    was = ("would be", "would be") if dry_run else ("was", "were")
    shown.append(counted(len(gone), f"face {was[0]} removed", f"faces {was[1]} removed"))
    progress.report("removed", {"faces": gone, "dry_run": dry_run}, "\n".join(shown))


def rekey(
    file: Path,
    order: Literal["kept", "left", "size", "track"],
    faces: Path | None,
    dry_run: bool,
    backup: bool,
    shared: bool,
    progress: Progress,
) -> None:
    """Number the faces of each frame anew."""
    path = alignments_of(file, faces)
    _refuse_shared(path, faces, dry_run or shared)
    changes = rekeying(path, order, progress, faces, dry_run, backup)
    shown = [f"{old} -> {new}" for old, new in changes.items() if dry_run]
    shown.append(f"{counted(len(changes), 'id')} {'would change' if dry_run else 'changed'}")
    progress.report("renumbered", {"ids": changes, "dry_run": dry_run}, "\n".join(shown))


def spatial(
    file: Path,
    share: float,
    strength: float,
    track: int | None,
    dry_run: bool,
    backup: bool,
    shared: bool,
    progress: Progress,
) -> None:
    """Draw slipped landmarks back to what the same face looks like elsewhere."""
    cleaner = shape.spatial(share, strength)
    _clean(file, cleaner, shape.MADE_BY, track, dry_run, backup, shared, progress)


def smooth(
    file: Path, track: int | None, dry_run: bool, backup: bool, shared: bool, progress: Progress
) -> None:
    """Take the jitter out of landmarks over time."""
    _clean(file, shape.temporal, shape.MADE_BY_TIME, track, dry_run, backup, shared, progress)


def interpolate(
    file: Path,
    track: int,
    first: int | None,
    last: int | None,
    dry_run: bool,
    backup: bool,
    shared: bool,
    progress: Progress,
) -> None:
    """Carry landmarks that were set by hand to the frames between."""
    path = alignments_of(file)
    _refuse_shared(path, None, dry_run or shared)
    with Alignments.open(path, read_only=dry_run) as store:
        told = between.carry(store, progress, track, first, last, dry_run=dry_run, backup=backup)
    went = "would go" if dry_run else "went"
    lines = [
        f"{counted(len(told.after), 'face')} of track {track} between key frames "
        f"{', '.join(map(str, told.keys))}; points {went} {told.moved_px:.2f} px on average"
    ]
    if told.missing:
        lines.append(f"{counted(told.missing, 'frame has', 'frames have')} no face of the track")
    if not dry_run:
        lines.append(_stale_words(file, shared))
    data = {
        "track": track,
        "keys": told.keys,
        "faces": [face.id for face in told.after],
        "missing": told.missing,
        "moved_px": told.moved_px,
        "dry_run": dry_run,
    }
    progress.report("interpolated", data, "\n".join(lines))


def redo(
    file: Path,
    media: Path | None,
    faces: Path | None,
    forget: bool,
    signals: bool,
    device: DeviceName,
    progress: Progress,
    shared: bool = False,
    sharpness: bool = False,
) -> None:
    """Make stale masks and identity again, and signals that lack."""
    path = alignments_of(file, faces)
    # what lacks may be added for all; what is there is another project's as well
    _refuse_shared(path, faces, shared or not _holds_stale(path))
    media = media or (file if path != file else None)  # it need not lie beside the alignments
    name = str(choose_device(device).device)
    told = redoing(
        path, default_registry(), progress, media, faces, forget, name, signals, sharpness
    )
    made = {**told.parts, "signals": told.signals.faces}
    parts = ", ".join(f"{part} of {n}" for part, n in made.items() if n)
    lines = [f"{counted(told.faces, 'face')}; made again: {parts or 'nothing'}"]
    lines += told.signals.lines()
    if faces is not None:
        lines.append(
            f"pictures: {told.pictures_cut} cut again, {told.pictures_rewritten} records rewritten"
        )
    lines += [
        f"still stale: {part} of {counted(n, 'face')}; look at them, or say --forget to drop it"
        for part, n in told.left.items()
    ]
    progress.report("redone", told, "\n".join(lines))


def draw(
    file: Path,
    output: Path,
    media: Path | None,
    mask: str | None,
    box: bool,
    landmarks: bool,
    label: bool,
    first: int | None,
    last: int | None,
    cells: int,
    overwrite: bool,
    progress: Progress,
) -> None:
    """Draw what the file holds on the frames."""
    wanted = Drawing(box, landmarks, mask, label, (first, last), cells)
    registry = default_registry()
    n = drawing(alignments_of(file), output, wanted, registry, progress, media, overwrite)
    words = f"{output}: {counted(n, 'frame')} with faces drawn"
    progress.report("drawn", {"output": output, "frames": n}, words)


def _clean(
    file: Path,
    cleaner: shape.Cleaner,
    made_by: str,
    track: int | None,
    dry_run: bool,
    backup: bool,
    shared: bool,
    progress: Progress,
) -> None:
    path = alignments_of(file)
    _refuse_shared(path, None, dry_run or shared)
    told = shape.clean_landmarks(path, cleaner, made_by, progress, track, dry_run, backup)
    went = "would go" if dry_run else "went"
    lines = [
        f"{counted(told.faces, 'face')} of {told.groups} tracks or persons; points "
        f"{went} "
        f"{told.moved_px:.2f} px on average, most in {told.furthest[0]}: {told.furthest[1]:.1f} px"
    ]
    if told.small:
        lines.append(
            f"{counted(told.small, 'track has', 'tracks have')} fewer than {shape.FEWEST} faces; "
            "left alone"
        )
    if not dry_run:
        lines.append(_stale_words(file, shared))
    progress.report("cleaned", told, "\n".join(lines))


def _stale_words(file: Path, shared: bool) -> str:
    again = f"understudy alignments redo {quoted(file)}"
    also = " --shared" if shared else ""
    return f"masks and identity are stale now; next: {again}{also}"


def _refuse_shared(path: Path, faces: Path | None, allowed: bool) -> None:
    """Nothing is asked where nothing is changed, or where it was said that all are meant."""
    if not allowed:
        refuse_shared(path, faces)


def _holds_stale(path: Path) -> bool:
    with Alignments.open(path, read_only=True) as store:
        return store.count(Query(stale=ANY)) > 0


def _find(
    file: Path,
    search: Callable[[Alignments], find.Found],
    progress: Progress,
    to: Path | None,
    faces: Path | None = None,
    copy: Path | None = None,
    move: Path | None = None,
) -> None:
    target = move or copy
    if move is not None and copy is not None:
        raise ValueRefused("--copy and --move: pictures go one way; give one of them")
    if target is not None and faces is None:
        raise ValueRefused("--copy and --move need --faces, the folder of the face pictures")
    path = alignments_of(file, faces)
    with Alignments.open(path, read_only=True) as store:
        found = search(store)
        lines = [found.said]
        if to is not None:
            find.write_list(found, to, path)
            lines.append(f"list: {to}")
        elif found.faces and not found.reasons:
            lines.append(" ".join(found.lines()))
        ids = [row.id for row in found.faces]
        if target is not None and faces is not None:
            n = find.take_pictures(store, ids, faces, target, move is not None)
            lines.append(f"{'moved' if move else 'copied'} {counted(n, 'picture')} into {target}")
    data: dict[str, Any] = {"job": found.job, "frames": found.frames, "faces": ids, "list": to}
    data |= {"reasons": dict(found.reasons)} if found.reasons else {}
    progress.report("found", data, "\n".join(lines))
