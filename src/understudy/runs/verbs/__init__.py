"""What can be done, by name, and the function behind each; nothing heavy is imported here.

A function takes plain typed arguments and a `progress`, tells what it made as a report, and
returns None, or the exit code of work that ended well and still has to say no.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from understudy.errors import ValueRefused


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be done.

    Attributes:
        name: as on the command line.
        target: "module:function", imported when it is done.
    """

    name: str
    target: str

    def load(self) -> Callable[..., int | None]:
        """The function."""
        module, _, name = self.target.partition(":")
        function: Callable[..., int | None] = getattr(importlib.import_module(module), name)
        return function


_ALIGNMENTS = (
    "info",
    "missing-frames",
    "no-faces",
    "multi-faces",
    "misaligned",
    "blurred",
    "review",
    "remove",
    "rekey",
    "spatial",
    "smooth",
    "interpolate",
    "redo",
    "draw",
)
VERBS: dict[str, Verb] = {
    f"alignments {name}": Verb(
        f"alignments {name}", f"understudy.runs.verbs.alignments:{name.replace('-', '_')}"
    )
    for name in _ALIGNMENTS
} | {
    name: Verb(name, f"understudy.runs.verbs.project:{name}")
    for name in ("extract", "train", "convert", "swap")
}
VERBS["import"] = Verb("import", "understudy.runs.verbs.interchange:import_")
VERBS["export"] = Verb("export", "understudy.runs.verbs.interchange:export")
VERBS["preview"] = Verb("preview", "understudy.runs.verbs.preview:preview")
VERBS["score"] = Verb("score", "understudy.runs.verbs.score:score")
VERBS["mask"] = Verb("mask", "understudy.runs.verbs.mask:mask")
# Of a room above this one, which only its name is known of: the actors play the whole job.
VERBS["demo"] = Verb("demo", "understudy.actors.demo:demo")
"""Every verb by its name."""


def verb_of(name: str) -> Verb:
    """The verb of that name.

    Raises:
        ValueRefused: there is none.
    """
    if name not in VERBS:
        raise ValueRefused(f"verb: {name!r} is not known; known are {', '.join(VERBS)}")
    return VERBS[name]
