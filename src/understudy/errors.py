"""The whole exception tree on one screen.

A message says what happened, with the value, and what to try. The command line prints it without
a traceback and leaves with `exit_code`.
"""

from __future__ import annotations


class UnderstudyError(Exception):
    """Anything Understudy can explain to the person who uses it."""

    exit_code = 1


class ValueRefused(UnderstudyError, ValueError):
    """A value has the wrong shape, dtype, order or range; says expected and got."""

    exit_code = 2


class MediaError(UnderstudyError):
    """A video, image or folder cannot be read or written."""


class NoFaces(UnderstudyError):
    """There is nothing to work with: no face was found, or none was left by the filters."""


class StoreError(UnderstudyError):
    """An alignments file, faceset, project or checkpoint is missing, foreign or damaged."""


class FileAway(StoreError):
    """A film or folder of a project is not where it was."""


class OtherSettings(StoreError):
    """An alignments file was made with other settings than those asked for."""


class InUse(StoreError):
    """Somebody else is writing what was to be written; it will be free again by itself."""


class WeightsError(StoreError):
    """A weights file is missing or is not the file that its record names."""


class PluginError(UnderstudyError):
    """A plug-in is unknown, clashes with another, or lacks its package."""

    exit_code = 2


class DiskFull(UnderstudyError):
    """No room is left where something was to be written; what was done before is kept."""


class TrainingError(UnderstudyError):
    """Training cannot go on, for example because the loss is not finite."""


class ConsentMissing(UnderstudyError):
    """Somebody did not agree, or what shows them was not declared: nothing is made of it."""

    exit_code = 3


class ProvenanceError(UnderstudyError):
    """Content Credentials cannot be made or read."""


class Cancelled(UnderstudyError):
    """The person asked to stop; what was done is saved."""

    exit_code = 130
