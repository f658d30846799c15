"""What one running studio knows: where it may look, and what it keeps open to be quick."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.studio.pictures import Pictures
from understudy.studio.places import Places
from understudy.studio.projects import Projects
from understudy.studio.sprites import Sprites
from understudy.studio.tuning import Tuning


class Studio:
    """Handed to every page and call.

    Attributes:
        places: folders that may be touched.
        projects: in them.
        pictures: of their films.
        sprites: many faces in one picture.
        tuning: one frame with other settings.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self.places = Places(roots)
        self.projects = Projects(self.places)
        self.pictures = Pictures()
        self.sprites = Sprites()
        self.tuning = Tuning()
