"""What an output of a project will say about itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import read_declarations
from understudy.runs.consent.declared import refuse_foreign
from understudy.stages.release.stage import Label
from understudy.store.faceset import read_record
from understudy.store.project import Project, Source


def label_of(
    project: Project, source: Source, plates: Sequence[str], donors: Sequence[str]
) -> Label:
    """What an output of this project will say about itself.

    Raises:
        ConsentMissing: a declaration was made in another project.
    """
    refuse_foreign(project, (*plates, *donors))
    pictures = [_picture_of(project, donor) for donor in donors]
    return Label(
        declarations=read_declarations(project.consent),
        plates=tuple(plates),
        donors=tuple(donors),
        audit=AuditLog(project.audit),
        donor_pictures=tuple(p for p in pictures if p is not None),
        project=str(project.folder),
        consent=project.consent,
    )


def _picture_of(project: Project, person: str) -> Path | None:
    """A face picture of a person; a model that was trained elsewhere may leave us without one."""
    if all(person != known.id for known in project.persons):
        return None
    for folder in project.faceset(person):
        for picture in folder.pictures():
            if folder.film in ("", read_record(picture).source_fingerprint):
                return picture
    return None
