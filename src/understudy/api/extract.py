"""`extract`: find and follow the faces of a film."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from understudy.api.alignments import Alignments
from understudy.api.bars.progress import Watch, watching
from understudy.api.film import Film
from understudy.api.settings import chosen
from understudy.plugin import default_registry
from understudy.stages.extract.stage import ExtractInputs
from understudy.stages.extract.stage import extract as run
from understudy.store.alignments import alignments_path


def extract(
    film: Film | str | os.PathLike[str],
    faces: str | os.PathLike[str] | None = None,
    *,
    alignments: str | os.PathLike[str] | None = None,
    progress: Watch = True,
    **options: Any,
) -> Alignments:
    """Find the faces of a film, follow them, and cut their pictures out for training.

    Everything is on disk after each few frames: broken off, it goes on where it was when it is
    called again, and called once more it has nothing to do. The command line goes on with what was
    begun here, and the other way round.

    Args:
        film: a film, or the place of a video or a folder of images.
        faces: folder for the face pictures; None takes `NAME.faces` beside the alignments.
        alignments: the alignments file; None takes `NAME.alignments` beside the film.
        progress: who watches; True draws a bar in a terminal or notebook, None nothing; a function
            gets each `events.Event`.
        **options: of extraction, see `docs/guides/python.md`; such as `min_face_px=30`,
            `masks="extended"`, `detect={"mtcnn": {"scale_factor": 0.8}}`.

    Returns:
        The faces found.

    Raises:
        NoFaces: no face in any frame.
        StoreError: the alignments file belongs to another film or other options; `new=True` starts
            over and keeps it aside.
        InUse: somebody else extracts this film.
        ValueRefused: no such option, or a value that it may not have.
        MediaError, PluginError, WeightsError: the film, a plug-in or its weights cannot be had.
        Cancelled: after Ctrl-C; what was done is kept.

    Example:
        >>> found = extract("ann.mp4", size=96, min_face_px=30)
        >>> len(found), found.persons, len(list(found.faces.glob("*.png")))
        (16, (0,), 16)
    """
    settings = chosen("extract", options)
    place = film.path if isinstance(film, Film) else Path(film)
    if isinstance(film, Film) and not {"assume_colour", "plate_lut"} & set(options):
        settings = chosen("extract", {**options, "assume_colour": film.reader.assume_colour})
    target = alignments_path(place) if alignments is None else Path(alignments)
    folder = target.with_suffix(".faces") if faces is None else Path(faces)
    with watching(progress) as told:
        run(ExtractInputs(place, folder, target), settings, default_registry(), told)
    return Alignments(target, folder)
