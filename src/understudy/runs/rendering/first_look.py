"""A first look at a swap: a few frames as the model would convert them now, beside their source.

Made as soon as a model stands in closed form, so that people see in the first minute whether a
pair is worth an hour. It is a sheet of small pictures under a caption that says what it is, and
no film.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.files import make_folder
from understudy.flow import Progress
from understudy.flow.progress import stop_if_cancelled
from understudy.imaging.depth import eight_bit
from understudy.imaging.png import encode_png
from understudy.imaging.resample import crop_image
from understudy.imaging.sheets import contact_sheet
from understudy.imaging.text import MADE_COMMENT
from understudy.media import FilmReader, probe
from understudy.plugin import Registry
from understudy.stages.convert.composer import AnyComposer, composer_for
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.stage import ConvertInputs
from understudy.stages.convert.tuning import spread_frames
from understudy.stages.faces.casting import Casting, Part
from understudy.stages.faces.source import assumed_colour
from understudy.stages.faces.surfaces import builds_in
from understudy.store.alignments import Alignments
from understudy.store.atomic import commit_bytes
from understudy.swap.loading import load_swapper
from understudy.types import Face, Frame

CELL = 260
_ROWS = 8


def first_look(
    inputs: ConvertInputs,
    options: ConvertOptions,
    sheet: Path,
    registry: Registry,
    progress: Progress,
) -> None:
    """Write a sheet of converted frames, spread over the film.

    Args:
        inputs: as for the conversion; no output is written.
        options: of the conversion.
        sheet: where the PNG goes.
        registry: of plug-ins.
        progress: told where it is.

    Raises:
        ConsentMissing: as for the conversion: nobody is shown as somebody else without it.
        NoFaces, StoreError, MediaError: as for the conversion.
    """
    inputs.label.require()
    with Alignments.open(inputs.alignments, read_only=True) as store:
        film = FilmReader(probe(inputs.media), "8", assumed_colour(store))
        casting = Casting(store, inputs.casting, options.faces, inputs.faces)
        swapper = load_swapper(inputs.model, options.device, registry)
        composer = composer_for(
            options,
            swapper,
            registry,
            lambda: builds_in(casting, options.mask),
            inputs.knobs,
            shots=store.shots,
        )
        rows, labels = [], []
        for index in spread_frames(casting, options.mask, _ROWS):
            stop_if_cancelled(progress, "nothing was trained yet")
            frame = next(iter(film.frames(store.timestamp(index))))
            found = casting.between(index, index).get(index, [])
            rows.append(_row(frame, found, composer))
            labels.append(f"frame {index}")
        picture = contact_sheet(
            ["source", "before training"], rows, labels, (CELL, CELL), made=(1,)
        )
    make_folder(sheet.parent)
    commit_bytes(sheet, encode_png(picture, MADE_COMMENT), durable=False)
    progress.say(f"a first look, before training: {sheet}")
    progress.picture("first-look", sheet)


def _row(
    frame: Frame, found: list[tuple[Face, Part]], composer: AnyComposer
) -> list[NDArray[np.uint8]]:
    """The surroundings of a frame's first face, before and after."""
    fresh = composer.made([(frame, face, part) for face, part in found])
    after = composer.composed((frame, fresh))
    around = found[0][0].alignment.crop(CELL, 1.0, "head").begun_in(frame.space)
    return [eight_bit(crop_image(f.pixels, around)) for f in (frame, after)]
