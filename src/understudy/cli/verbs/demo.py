"""`understudy demo`: the whole job on two people who do not exist, measured against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from understudy.errors import ValueRefused

_MINUTES = 1.0


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for everything.")] = Path("demo"),
    minutes: Annotated[float, typer.Option(min=0, help="Minutes of training.")] = _MINUTES,
    frames: Annotated[int, typer.Option(min=20, max=2000, help="Length of each clip.")] = 200,
    instant: Annotated[
        bool,
        typer.Option(
            "--instant",
            help="No training: what the model knows in closed form. The same as --minutes 0.",
        ),
    ] = False,
) -> None:
    """Render two synthetic actors, swap one's face into the other's clip, and score the result.

    Both clips are ordinary video files; only the scoring knows the true swap. No real person
    is shown. The first run fetches the few weights that any first extraction needs. Run it again to
    go on where it stopped.

    Example: understudy demo --frames 40 --instant
    """
    from understudy.actors import demo as playing
    from understudy.cli.show import session

    if instant and minutes != _MINUTES:
        raise ValueRefused("--instant: trains nothing, so --minutes cannot be said as well")
    with session() as terminal:
        playing.demo(out, 0.0 if instant else minutes, frames, terminal)
