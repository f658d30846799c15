"""Footage that nobody has extracted yet, converted by one command.

The extraction runs ahead of the conversion, and all of it: who is in a film, and how somebody's
face is built, is told by the whole of it. So the conversion finds what it always finds.
"""

from __future__ import annotations

from understudy.flow import Progress
from understudy.plugin import Registry
from understudy.runs.project import extract_source, is_extracted
from understudy.runs.rendering.masks import check_known, make_missing
from understudy.runs.rendering.renders import Wanted, film_of
from understudy.runs.settings import Said
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.faces.mattes import kinds_of
from understudy.store.project import Project


def extract_ahead(
    project: Project,
    wanted: Wanted,
    options: ConvertOptions,
    registry: Registry,
    progress: Progress,
) -> None:
    """Extract the film of a render as far as that is not done, and make the masks that it asks for.

    Args:
        project: where everything lies; its last settings of extraction hold.
        wanted: the render.
        options: of the conversion.
        registry: of plug-ins.
        progress: told what is done.

    Raises:
        ConsentMissing: a person in the output has no valid declaration, as far as that is known
            before the film is looked at; nothing was looked at.
        UnderstudyError: as the extraction.
    """
    source, label = film_of(project, wanted)
    if label is not None:
        label.check()
    extracting = Said({"extract.device": options.device}).settled(ExtractOptions, project, progress)
    for mask in kinds_of(options.mask):
        check_known(mask, project.alignments(source.id), registry, progress)
    if not is_extracted(project, source):
        report = extract_source(project, source, extracting, registry, progress)
        progress.report("extract", report)
    for mask in kinds_of(options.mask):
        make_missing(project, source, mask, registry, progress, options.device)
