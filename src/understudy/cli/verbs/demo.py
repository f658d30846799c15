"""`understudy demo`: the whole job on two people who do not exist, measured against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for everything.")] = Path("demo"),
    minutes: Annotated[float, typer.Option(min=0.1, help="Minutes of training.")] = 2.0,
    frames: Annotated[int, typer.Option(min=20, max=2000, help="Length of each clip.")] = 200,
) -> None:
    """Render two synthetic actors, swap one's face into the other's clip, and score the result.

    Both clips are ordinary video files; only the scoring knows the true swap. No real person
    is shown. Run it again to go on where it stopped.
    """
    from understudy.actors.demo import run_demo
    from understudy.cli.show import session
    from understudy.runs.verbs.project import tell

    with session() as terminal:
        tell(run_demo(out, minutes, frames, terminal), terminal)
