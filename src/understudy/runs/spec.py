"""A piece of work as plain data: what the command line, the queue and a studio all hand over.

A verb of the command line turns its flags into one of these and nothing else; `perform` carries
it out, here and now or in a process of the queue.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePath
from typing import Any, Self

from understudy.errors import ValueRefused
from understudy.events import Plain
from understudy.options import to_mapping

VERSION = 1
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d{1,2})?")


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One piece of work.

    Attributes:
        verb: as on the command line: "train", "alignments redo".
        values: the verb's arguments and options by name.
        folder: where relative paths are counted from.
        resource: what the work writes (a project folder, an alignments file), as an absolute path;
            two jobs of one resource never run at once, and run in the order they were added. ""
            for none.
        device: where it is to run: "auto", "cpu", "mps", "cuda" (any) or "cuda:1".
    """

    verb: str
    values: Mapping[str, Plain]
    folder: str = field(default_factory=lambda: str(Path.cwd()))
    resource: str = ""
    device: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what is no description of work; the verb itself judges the values.

        Raises:
            ValueRefused: names the field, and what is expected.
        """
        if not _DEVICE.fullmatch(self.device):
            raise ValueRefused(
                f"device: expected auto, cpu, mps, cuda or cuda:NUMBER, got {self.device!r}"
            )
        if not Path(self.folder).is_absolute():
            raise ValueRefused(f"folder: expected an absolute path, got {self.folder!r}")
        if self.resource and not Path(self.resource).is_absolute():
            raise ValueRefused(f"resource: expected an absolute path, got {self.resource!r}")
        try:
            json.dumps(self.to_plain(), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueRefused(f"values: expected plain data ({error})") from error

    @classmethod
    def of(
        cls, verb: str, *, resource: Path | None = None, wish: str = "auto", **values: Any
    ) -> Self:
        """A spec of typed values; paths, options dataclasses and lists become plain.

        Args:
            verb: what is to be done.
            resource: what it writes.
            wish: the device; the verb's own option for it, where it has one, is among the values.
            values: for the verb.
        """
        folder = Path.cwd()
        at = "" if resource is None else os.path.normpath(folder / resource)
        return cls(verb, {k: _plain(v) for k, v in values.items()}, str(folder), at, wish)

    def to_plain(self) -> dict[str, Plain]:
        """As plain data, with the version of this format."""
        return {
            "version": VERSION,
            "verb": self.verb,
            "values": dict(self.values),
            "folder": self.folder,
            "resource": self.resource,
            "device": self.device,
        }

    @classmethod
    def from_plain(cls, plain: Any) -> Self:
        """Read plain data back.

        Raises:
            ValueRefused: it is no job, or one of a newer Understudy.
        """
        if not isinstance(plain, Mapping) or not isinstance(plain.get("version"), int):
            raise ValueRefused(f"expected a job as plain data with a version, got {plain!r:.100}")
        if plain["version"] > VERSION:
            raise ValueRefused(
                f"this job has format {plain['version']}, made by a newer Understudy (this one "
                f"reads {VERSION}); update Understudy"
            )
        values = {k: v for k, v in plain.items() if k != "version"}
        names = {f.name: f for f in dataclasses.fields(cls)}
        for name, value in values.items():
            expected = Mapping if name == "values" else str
            if name not in names or not isinstance(value, expected):
                raise ValueRefused(f"job: {name!r} is not known or of another type: {value!r:.100}")
        if missing := {"verb", "values", "folder"} - set(values):
            raise ValueRefused(f"job: {', '.join(sorted(missing))} is missing")
        return cls(**values)


def _plain(value: Any) -> Plain:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        declared = to_mapping(value)
        return declared or {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(v) for v in value]
    plain: Plain = value
    return plain
