"""Where everything in a project folder lies."""

from __future__ import annotations

from pathlib import Path

from understudy.store.alignments import alignments_names
from understudy.store.ids import check_id
from understudy.store.project.shared import CONSENT


class Places:
    """Paths in a project folder; whether something is there is another question.

    Attributes:
        folder: the project's.
    """

    folder: Path

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that are there, by name."""
        folder = self.folder / "models"
        if not folder.is_dir():
            return ()
        found = (p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
        return tuple(sorted(name for name in found if ".old-" not in name))

    def model(self, name: str) -> Path:
        """Folder of a model's checkpoints and previews.

        Raises:
            ValueRefused: it is no name of a model.
        """
        return self.folder / "models" / check_id("model", name)

    def report(self, render: str) -> Path:
        """A render's report, Markdown."""
        return self.folder / "renders" / check_id("render", render) / "report.md"

    def contact_sheet(self, render: str) -> Path:
        """A render's source, swap and donor side by side."""
        return self.folder / "renders" / check_id("render", render) / "contact_sheet.png"

    def first_look(self, render: str) -> Path:
        """A few frames of a render as they were before training."""
        return self.folder / "renders" / check_id("render", render) / "first_look.png"

    def curves(self, render: str) -> Path:
        """Eyes, mouth and yaw of a render's plate and output over time."""
        return self.folder / "renders" / check_id("render", render) / "curves.png"

    def scores(self, render: str) -> Path:
        """A render's figures, JSON."""
        return self.folder / "renders" / check_id("render", render) / "report.json"

    def own_alignments(self, source: str, film: Path) -> Path:
        """Where alignments of a film lie that only this project uses.

        Args:
            source: id of the film.
            film: where it lies.
        """
        folder = self.folder / "sources" / check_id("source", source)
        names = [folder / path.name for path in alignments_names(film)]
        return next((path for path in names if path.exists()), names[0])

    def cast_sheet(self, source: str) -> Path:
        """Pictures of the persons found in a source."""
        return self.folder / "sources" / check_id("source", source) / "cast.png"

    @property
    def work(self) -> Path:
        """Folder of conversion segments; may be deleted when nothing is being converted."""
        return self.folder / "work"

    @property
    def consent(self) -> Path:
        """Declarations of consent, TOML."""
        return self.folder / CONSENT

    @property
    def audit(self) -> Path:
        """What was declared, converted and refused; a hash chain, one JSON object a line."""
        return self.folder / "audit.jsonl"

    @property
    def log(self) -> Path:
        """What was said while working."""
        return self.folder / "log.txt"
