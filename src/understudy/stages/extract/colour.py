"""How a film's colours are taken: as its tags say, as they are, or by a look-up table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from understudy.media import AssumeColour
from understudy.media.colour.cube import Cube, read_cube
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.faces.colour.table import SETTING, kept_cube
from understudy.store.alignments import Alignments, SourceRecord


def colour_of(options: ExtractOptions, alignments: Path | None) -> AssumeColour:
    """How an extraction takes a film's colours; one that goes on takes them as it began.

    Args:
        options: of the extraction.
        alignments: its file, which need not be there; None where nobody knows it.

    Raises:
        MediaError: the table cannot be read.
        StoreError: that of the extraction before is not there.
    """
    if options.plate_lut:
        return read_cube(Path(options.plate_lut))
    if alignments is not None and alignments.exists() and not options.new:
        with Alignments.open(alignments, locked=True) as before:
            if digest := before.source.setting(SETTING, ""):
                return kept_cube(alignments, digest)
    return options.assume_colour


def with_table(record: SourceRecord, colour: AssumeColour) -> SourceRecord:
    """What an alignments file keeps: of a table not where it lay, but which it is."""
    if not isinstance(colour, Cube):
        return record
    said = {**record.settings["extract"], SETTING: colour.digest}
    return replace(record, settings={**record.settings, "extract": said})
