"""`understudy alignments`: jobs that look into, and repair, an alignments file."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from understudy.cli.verbs import interchange
from understudy.cli.work import verb
from understudy.runs.spec import JobSpec

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
    Path | None,
    typer.Option("--faces", help="Folder of the face pictures (PROJECT/sources/ID/faces)."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]
Backup = Annotated[bool, typer.Option(help="Keep a copy of the file before it is changed.")]
Shared = Annotated[
    bool, typer.Option("--shared", help="Change it although several projects use it.")
]
To = Annotated[Path | None, typer.Option("--to", help="Write the list here (.json: with more).")]
Copy = Annotated[Path | None, typer.Option(help="Copy the face pictures found into this folder.")]
Move = Annotated[Path | None, typer.Option(help="Move the face pictures found into this folder.")]


@app.command("info")
@verb(queue=False)
def info(file: File, faces: Pictures = None) -> JobSpec:
    """What the file holds: frames, faces, tracks, masks, sizes, who made them, what is stale.

    Example: understudy alignments info clip.mp4 --faces project/sources/clip/faces
    """
    return _job("info", file, faces=faces)


@app.command("missing-frames")
@verb()
def missing_frames(
    file: File,
    media: Media = None,
    count: Annotated[bool, typer.Option(help="Count the film's frames by decoding it.")] = False,
    to: To = None,
) -> JobSpec:
    """Frames of the film that were never looked at.

    Example: understudy alignments missing-frames clip.mp4 --count
    """
    return _job("missing-frames", file, media=media, count=count, to=to)


@app.command("no-faces")
@verb(queue=False)
def no_faces(file: File, to: To = None) -> JobSpec:
    """Frames that were looked at and hold no face.

    Example: understudy alignments no-faces clip.mp4 --to empty.txt
    """
    return _job("no-faces", file, to=to)


@app.command("multi-faces")
@verb(queue=False)
def multi_faces(
    file: File, to: To = None, faces: Pictures = None, copy: Copy = None, move: Move = None
) -> JobSpec:
    """Frames that hold several faces, and these faces.

    Example: understudy alignments multi-faces clip.mp4 --faces p/sources/clip/faces --copy look
    """
    return _job("multi-faces", file, to=to, faces=faces, copy=copy, move=move)


@app.command("misaligned")
@verb(queue=False)
def misaligned(
    file: File,
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Mean distance to the mean face.")
    ] = 0.10,
    to: To = None,
    faces: Pictures = None,
    copy: Copy = None,
    move: Move = None,
) -> JobSpec:
    """Faces whose landmarks lie far from the mean face: most often landmarks that failed.

    Example: understudy alignments misaligned clip.mp4 --to bad.txt, look at them, then
    understudy alignments remove clip.mp4 --list bad.txt
    """
    return _job("misaligned", file, threshold=threshold, to=to, faces=faces, copy=copy, move=move)


@app.command("blurred")
@verb(queue=False)
def blurred(
    file: File,
    below: Annotated[
        float, typer.Option(min=0.0, max=10.0, help="Share of the film's usual sharpness.")
    ] = 0.5,
    to: To = None,
    faces: Pictures = None,
    copy: Copy = None,
    move: Move = None,
) -> JobSpec:
    """Faces that were filmed less sharply than most of the film's, the most blurred first.

    With a large --below all faces are listed, in order of sharpness.

    Example: understudy alignments blurred clip.mp4 --faces p/sources/clip/faces --move blurred
    """
    return _job("blurred", file, below=below, to=to, faces=faces, copy=copy, move=move)


@app.command("review")
@verb(queue=False)
def review(
    file: File, to: To = None, faces: Pictures = None, copy: Copy = None, move: Move = None
) -> JobSpec:
    """Frames to look at before a film is converted, each with the reason.

    Low confidence, landmarks, masks or colours that jump, misalignment, a strange identity, what
    is out of date. Only the alignments are read.

    Example: understudy alignments review clip.mp4 --faces p/sources/clip/faces --copy look
    """
    return _job("review", file, to=to, faces=faces, copy=copy, move=move)


@app.command("own")
def own(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="The project folder.")],
    film: Annotated[
        str, typer.Argument(metavar="FILM", help="The film, by id or place, or its alignments.")
    ],
) -> None:
    """Give a project alignments of its own, where it shares a film's with other projects.

    They are copied into PROJECT/sources/ID as they are; the file beside the film stays as it is for
    the others. `info` says which projects use a file.

    Example: understudy alignments own project clip.mp4
    """
    from understudy.cli.project import opened
    from understudy.cli.say import echo
    from understudy.runs.cast import make_own

    with opened(project) as (store, terminal):
        echo(f"alignments of this project: {make_own(store, film, terminal)}")


@app.command("remove")
@verb(queue=False)
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
    shared: Shared = False,
) -> JobSpec:
    """Remove faces. With --faces, pictures of removed faces are moved into its folder `removed`.

    Example: understudy alignments remove clip.mp4 --track 3

    Example: understudy alignments remove clip.mp4 --deleted --faces project/sources/clip/faces
    """
    return _job(
        "remove",
        file,
        ids=ids or [],
        list=list_,
        track=track,
        person=person,
        deleted=deleted,
        faces=faces,
        dry_run=dry_run,
        backup=backup,
        shared=shared,
    )


@app.command("rekey")
@verb(queue=False)
def rekey(
    file: File,
    order: Annotated[
        Literal["kept", "left", "size", "track"],
        typer.Option(help="kept: close gaps only; left: left to right; size: largest first."),
    ] = "kept",
    faces: Pictures = None,
    dry_run: DryRun = False,
    backup: Backup = True,
    shared: Shared = False,
) -> JobSpec:
    """Number the faces of each frame 0, 1, 2... anew; with --faces pictures are renamed as well.

    Example: understudy alignments rekey clip.mp4 --order left --faces project/sources/clip/faces
    """
    return _job(
        "rekey", file, order=order, faces=faces, dry_run=dry_run, backup=backup, shared=shared
    )


@app.command("spatial")
@verb()
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
    shared: Shared = False,
) -> JobSpec:
    """Draw slipped landmarks back to what the same face looks like in the rest of the film.

    Masks and identity become stale; run `redo` afterwards.

    Example: understudy alignments spatial clip.mp4 --share 0.95 --dry-run
    """
    return _job(
        "spatial",
        file,
        share=share,
        strength=strength,
        track=track,
        dry_run=dry_run,
        backup=backup,
        shared=shared,
    )


@app.command("smooth")
@verb()
def smooth(
    file: File,
    track: Annotated[int | None, typer.Option(help="This track only.")] = None,
    dry_run: DryRun = False,
    backup: Backup = True,
    shared: Shared = False,
) -> JobSpec:
    """Take the jitter out of landmarks over time; blinks and speech stay.

    Extraction does this by itself; here it is for faces that were imported, or extracted
    with `understudy extract --no-smooth` or `--every-frame`. Masks and identity become stale; run
    `redo` afterwards.

    Example: understudy alignments smooth clip.mp4 --dry-run
    """
    return _job("smooth", file, track=track, dry_run=dry_run, backup=backup, shared=shared)


@app.command("interpolate")
@verb()
def interpolate(
    file: File,
    track: Annotated[int, typer.Option(help="Track whose faces they are.")],
    first: Annotated[
        int | None, typer.Option(help="Key frame to begin from; else the first set by hand.")
    ] = None,
    last: Annotated[
        int | None, typer.Option(help="Key frame to end at; else the last set by hand.")
    ] = None,
    dry_run: DryRun = False,
    backup: Backup = True,
    shared: Shared = False,
) -> JobSpec:
    """Carry landmarks that were set by hand in key frames to the frames between them.

    What is carried is how they differ from what was found, in the face's own frame, so the film's
    motion stays. Frames between that were set by hand stay; where one end was not, the edit fades.
    Masks and identity become stale; run `redo` afterwards.

    Example: understudy alignments interpolate clip.mp4 --track 3 --first 120 --last 180
    """
    how: dict[str, Any] = {"dry_run": dry_run, "backup": backup, "shared": shared}
    return _job("interpolate", file, track=track, first=first, last=last, **how)


@app.command("redo")
@verb()
def redo(
    file: File,
    media: Media = None,
    faces: Pictures = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Drop stale parts that nothing can make again.")
    ] = False,
    signals: Annotated[
        bool,
        typer.Option(
            "--signals",
            help="Also look at the film for the mesh that models may need, where faces have none: "
            "in older files and imported ones. Landmarks stay as they are.",
        ),
    ] = False,
    sharpness: Annotated[
        bool,
        typer.Option(
            "--sharpness", help="Also measure sharpness and colour of faces that lack them."
        ),
    ] = False,
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where networks run.")
    ] = "auto",
    shared: Shared = False,
) -> JobSpec:
    """Make stale masks, identity, meshes again; with --faces, cut pictures whose face moved.

    Example: understudy alignments redo clip.mp4 --faces project/sources/clip/faces

    Example: understudy alignments redo clip.mp4 --signals
    """
    how = {"forget": forget, "signals": signals, "sharpness": sharpness, "shared": shared}
    return _job("redo", file, device, media=media, faces=faces, **how)


@app.command("draw")
@verb()
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
) -> JobSpec:
    """Draw boxes, landmarks, masks, ids and tracks on the frames.

    Example: understudy alignments draw clip.mp4 -o look.png --mask extended
    """
    return _job(
        "draw",
        file,
        output=output,
        media=media,
        mask=mask,
        box=box,
        landmarks=landmarks,
        label=label,
        first=first,
        last=last,
        cells=cells,
        overwrite=overwrite,
    )


def _job(name: str, file: Path, device: str | None = None, **values: Any) -> JobSpec:
    """A job of one alignments file; only what runs nets takes a device."""
    from understudy.store.alignments import alignments_path

    resource = file if file.suffix == ".alignments" else alignments_path(file)
    values |= {"file": file} | ({} if device is None else {"device": device})
    return JobSpec.of(f"alignments {name}", resource=resource, wish=device or "cpu", **values)


_EXPORTS = (interchange.export.__doc__ or "").replace(
    "understudy export", "understudy alignments export"
)
app.command("export", help=inspect.cleandoc(_EXPORTS))(interchange.export)
