"""`understudy alignments`: jobs that look into, and repair, an alignments file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from understudy.cli import interchange

if TYPE_CHECKING:
    from understudy.flow import Progress
    from understudy.stages.repair.find import Found
    from understudy.store.alignments import Alignments

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Look into and repair an alignments file. FILE is the alignments file, or the film or "
    "folder it lies beside. Jobs that change it keep a copy as .bak.",
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="Alignments file, or its film.")]
Media = Annotated[
    Path | None, typer.Option(help="The film, where it does not lie beside the alignments.")
]
Pictures = Annotated[
    Path | None, typer.Option("--faces", help="Folder of the face pictures (PROJECT/a/faces).")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]
Backup = Annotated[bool, typer.Option(help="Keep a copy of the file before it is changed.")]
To = Annotated[Path | None, typer.Option("--to", help="Write the list here (.json: with more).")]
Copy = Annotated[Path | None, typer.Option(help="Copy the face pictures found into this folder.")]
Move = Annotated[Path | None, typer.Option(help="Move the face pictures found into this folder.")]


@app.command("info")
def info(file: File, faces: Pictures = None) -> None:
    """What the file holds: frames, faces, tracks, masks, sizes, who made them, what is stale.

    Example: understudy alignments info clip.mp4 --faces project/a/faces
    """
    from understudy.stages.faces.source import alignments_of
    from understudy.stages.repair.report import info_lines

    for line in info_lines(alignments_of(file), faces):
        typer.echo(line)


@app.command("missing-frames")
def missing_frames(
    file: File,
    media: Media = None,
    count: Annotated[bool, typer.Option(help="Count the film's frames by decoding it.")] = False,
    to: To = None,
) -> None:
    """Frames of the film that were never looked at.

    Example: understudy alignments missing-frames clip.mp4 --count
    """
    from understudy.errors import MediaError
    from understudy.stages.faces.source import reader_of
    from understudy.stages.repair import find

    def search(store: Alignments, progress: Progress) -> Found:
        try:
            film = reader_of(store, media)
        except MediaError:
            if count or media is not None:
                raise
            film = None
        return find.missing_frames(store, film, progress, count)

    _find(file, search, to)


@app.command("no-faces")
def no_faces(file: File, to: To = None) -> None:
    """Frames that were looked at and hold no face.

    Example: understudy alignments no-faces clip.mp4 --to empty.txt
    """
    from understudy.stages.repair import find

    _find(file, lambda store, _: find.no_faces(store), to)


@app.command("multi-faces")
def multi_faces(
    file: File, to: To = None, faces: Pictures = None, copy: Copy = None, move: Move = None
) -> None:
    """Frames that hold several faces, and these faces.

    Example: understudy alignments multi-faces clip.mp4 --faces project/a/faces --copy look
    """
    from understudy.stages.repair import find

    _find(file, lambda store, _: find.multi_faces(store), to, faces, copy, move)


@app.command("misaligned")
def misaligned(
    file: File,
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Mean distance to the mean face.")
    ] = 0.10,
    to: To = None,
    faces: Pictures = None,
    copy: Copy = None,
    move: Move = None,
) -> None:
    """Faces whose landmarks lie far from the mean face: most often landmarks that failed.

    Example: understudy alignments misaligned clip.mp4 --to bad.txt, look at them, then
    understudy alignments remove clip.mp4 --list bad.txt
    """
    from understudy.stages.repair import find

    _find(file, lambda store, _: find.misaligned(store, threshold), to, faces, copy, move)


@app.command("remove")
def remove(
    file: File,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Ids, such as 120_1.")
    ] = None,
    list_: Annotated[
        Path | None, typer.Option("--list", help="Text file of ids, one a line.")
    ] = None,
    track: Annotated[int | None, typer.Option(help="All faces of this track.")] = None,
    person: Annotated[int | None, typer.Option(help="All faces of this person's tracks.")] = None,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="All faces whose picture was deleted from --faces.")
    ] = False,
    faces: Pictures = None,
    dry_run: DryRun = False,
    backup: Backup = True,
) -> None:
    """Remove faces. With --faces, pictures of removed faces are moved into its folder `removed`.

    Example: understudy alignments remove clip.mp4 --track 3

    Example: understudy alignments remove clip.mp4 --deleted --faces project/a/faces
    """
    from understudy.cli.show import session
    from understudy.errors import ValueRefused
    from understudy.stages.faces.source import alignments_of
    from understudy.stages.repair.remove import Doomed, read_ids
    from understudy.stages.repair.remove import remove as job

    if deleted and faces is None:
        raise ValueRefused("--deleted needs --faces, the folder that pictures were deleted from")
    chosen = (*(ids or []), *(read_ids(list_) if list_ else []))
    doomed = Doomed(chosen, track, person, faces if deleted else None)
    with session() as terminal:
        gone = job(alignments_of(file), doomed, terminal, faces, dry_run, backup)
    for face_id in gone if dry_run else []:
        typer.echo(face_id)
    typer.echo(f"{len(gone)} faces {'would be' if dry_run else 'were'} removed")


@app.command("rekey")
def rekey(
    file: File,
    order: Annotated[
        Literal["kept", "left", "size", "track"],
        typer.Option(help="kept: close gaps only; left: left to right; size: largest first."),
    ] = "kept",
    faces: Pictures = None,
    dry_run: DryRun = False,
    backup: Backup = True,
) -> None:
    """Number the faces of each frame 0, 1, 2... anew; with --faces pictures are renamed as well.

    Example: understudy alignments rekey clip.mp4 --order left --faces project/a/faces
    """
    from understudy.cli.show import session
    from understudy.stages.faces.source import alignments_of
    from understudy.stages.repair.rekey import rekey as job

    with session() as terminal:
        changes = job(alignments_of(file), order, terminal, faces, dry_run, backup)
    for old, new in changes.items() if dry_run else ():
        typer.echo(f"{old} -> {new}")
    typer.echo(f"{len(changes)} ids {'would change' if dry_run else 'were changed'}")


@app.command("spatial")
def spatial(
    file: File,
    share: Annotated[
        float,
        typer.Option(min=0.5, max=1.0, help="Share of the variation kept; less cleans more."),
    ] = 0.98,
    strength: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="How far points go; 1 is all the way.")
    ] = 1.0,
    track: Annotated[int | None, typer.Option(help="This track only.")] = None,
    dry_run: DryRun = False,
    backup: Backup = True,
) -> None:
    """Draw slipped landmarks back to what the same face looks like in the rest of the film.

    Masks and identity become stale; run `redo` afterwards.

    Example: understudy alignments spatial clip.mp4 --share 0.95 --dry-run
    """
    from understudy.stages.repair import shape

    _clean(file, shape.spatial(share, strength), shape.MADE_BY, track, dry_run, backup)


@app.command("smooth")
def smooth(
    file: File,
    track: Annotated[int | None, typer.Option(help="This track only.")] = None,
    dry_run: DryRun = False,
    backup: Backup = True,
) -> None:
    """Take the jitter out of landmarks over time; blinks and speech stay.

    Extraction does this by itself; here it is for faces that were imported, or extracted with
    --no-smooth or --every-frame. Masks and identity become stale; run `redo` afterwards.

    Example: understudy alignments smooth clip.mp4 --dry-run
    """
    from understudy.stages.repair import shape

    _clean(file, shape.temporal, shape.MADE_BY_TIME, track, dry_run, backup)


def _clean(
    file: Path, cleaner: Any, made_by: str, track: int | None, dry_run: bool, backup: bool
) -> None:
    from understudy.cli.show import session
    from understudy.stages.faces.source import alignments_of
    from understudy.stages.repair import shape

    with session() as terminal:
        told = shape.clean_landmarks(
            alignments_of(file),
            cleaner,
            made_by,
            terminal,
            track,
            dry_run,
            backup,
        )
    went = "would go" if dry_run else "went"
    typer.echo(
        f"{told.faces} faces of {told.groups} tracks or persons; points {went} "
        f"{told.moved_px:.2f} px on average, most in {told.furthest[0]}: {told.furthest[1]:.1f} px"
    )
    if told.small:
        typer.echo(f"{told.small} tracks have fewer than {shape.FEWEST} faces and were left alone")
    if not dry_run:
        typer.echo(f"masks and identity are stale now; next: understudy alignments redo {file}")


@app.command("redo")
def redo(
    file: File,
    media: Media = None,
    faces: Pictures = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Drop stale parts that nothing can make again.")
    ] = False,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where networks run.")
    ] = "auto",
) -> None:
    """Make stale masks and identity again; with --faces, cut pictures again whose face moved.

    Example: understudy alignments redo clip.mp4 --faces project/a/faces
    """
    from understudy.cli.show import session
    from understudy.nn.device import choose_device
    from understudy.plugin import default_registry
    from understudy.stages.faces.source import alignments_of
    from understudy.stages.repair.redo import redo as job

    path = alignments_of(file)
    with session() as terminal:
        name = str(choose_device(device).device)
        told = job(path, default_registry(), terminal, media, faces, forget, name)
    parts = ", ".join(f"{part} of {n}" for part, n in told.parts.items() if n)
    typer.echo(f"{told.faces} faces; made again: {parts or 'nothing'}")
    if faces is not None:
        typer.echo(
            f"pictures: {told.pictures_cut} cut again, {told.pictures_rewritten} records rewritten"
        )
    for part, n in told.left.items():
        typer.echo(f"still stale: {part} of {n} faces; look at them, or say --forget to drop it")


@app.command("draw")
def draw(
    file: File,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="A .mp4 or .mov, a .png sheet, or a folder of PNGs."),
    ],
    media: Media = None,
    mask: Annotated[str | None, typer.Option(help="Kind of mask to tint.")] = None,
    box: Annotated[bool, typer.Option(help="Draw detection boxes.")] = True,
    landmarks: Annotated[bool, typer.Option(help="Draw landmarks.")] = True,
    label: Annotated[bool, typer.Option(help="Write ids, tracks and what is stale.")] = True,
    first: Annotated[int | None, typer.Option(help="First frame, for PNGs.")] = None,
    last: Annotated[int | None, typer.Option(help="Last frame, for PNGs.")] = None,
    cells: Annotated[int, typer.Option(min=1, max=200, help="Frames on a sheet.")] = 12,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output.")] = False,
) -> None:
    """Draw boxes, landmarks, masks, ids and tracks on the frames.

    Example: understudy alignments draw clip.mp4 -o look.png --mask extended
    """
    from understudy.cli.show import session
    from understudy.imaging.drawing import Drawing
    from understudy.plugin import default_registry
    from understudy.stages.faces.source import alignments_of
    from understudy.stages.repair.draw import draw as job

    drawing = Drawing(box, landmarks, mask, label, (first, last), cells)
    with session() as terminal:
        n = job(
            alignments_of(file), output, drawing, default_registry(), terminal, media, overwrite
        )
    typer.echo(f"{output}: {n} frames with faces drawn")


def _find(
    file: Path,
    search: Callable[[Alignments, Progress], Found],
    to: Path | None,
    faces: Path | None = None,
    copy: Path | None = None,
    move: Path | None = None,
) -> None:
    from understudy.cli.show import session
    from understudy.errors import ValueRefused
    from understudy.stages.faces.source import alignments_of
    from understudy.stages.repair.find import take_pictures, write_list
    from understudy.store.alignments import Alignments

    target = move or copy
    if target is not None and faces is None:
        raise ValueRefused("--copy and --move need --faces, the folder of the face pictures")
    path = alignments_of(file)
    with session() as terminal, Alignments.open(path, read_only=True) as store:
        found = search(store, terminal)
        typer.echo(found.said)
        if to is not None:
            write_list(found, to, path)
            typer.echo(f"list: {to}")
        elif found.faces:
            typer.echo(" ".join(found.lines()))
        if target is not None and faces is not None:
            ids = [row.id for row in found.faces]
            n = take_pictures(store, ids, faces, target, move is not None)
            typer.echo(f"{'moved' if move else 'copied'} {n} pictures into {target}")


app.command("export")(interchange.export)
