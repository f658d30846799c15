"""The project folder: everything one cast's swaps know and make, in a place to look into.

    project.json   consent.toml   audit.jsonl   log.txt
    sources/<id>/faces/           face pictures of a film
    models/<name>/                checkpoints and previews
    renders/<name>/               report.md, contact_sheet.png
    work/                         conversion segments

Nothing in it is hidden or binary without need; a folder that is not a project is never touched.
"""

from understudy.store.project.folder import Project
from understudy.store.project.values import ALL, Casting, Person, Render, Source, SourceKind

__all__ = ["ALL", "Casting", "Person", "Project", "Render", "Source", "SourceKind"]
