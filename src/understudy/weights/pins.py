"""The digests of weights that were trusted on first use, in `pins.json` beside the files.

Where no public source states the digest of a file, the first one that a person said yes to is the
one meant from then on. That notices a file that changes later, here or at its address. It does not
protect against who may write into the folder: they can change the pin too.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from understudy.errors import WeightsError
from understudy.files import read_json
from understudy.store.atomic import commit_bytes

PINS = "pins.json"
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Pin:
    """What a file was when it was trusted.

    Attributes:
        sha256: hex digest.
        size: bytes.
        source: the address, archive or path it came from, for people.
        date: when, as YYYY-MM-DD.
    """

    sha256: str
    size: int
    source: str
    date: str


def read_pins(folder: Path) -> dict[str, Pin]:
    """All pins of a models folder by file name; none where there is no `pins.json`.

    Raises:
        WeightsError: it is damaged.
    """
    path = folder / PINS
    try:
        plain = read_json(path, _MAX_BYTES)
        return {str(name): _pin(fields) for name, fields in plain["pins"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise WeightsError(
            f"{path} is damaged ({error}); take it from a backup, or delete it and fetch the files "
            "that it pinned again with --trust-on-first-use"
        ) from error


def write_pin(folder: Path, name: str, pin: Pin) -> None:
    """Add a pin, or replace the one of this name.

    Raises:
        WeightsError: `pins.json` is damaged.
        DiskFull, StoreError: it cannot be written; the old one is untouched.
    """
    pins = {**read_pins(folder), name: pin}
    content = {"version": 1, "pins": {key: asdict(pins[key]) for key in sorted(pins)}}
    commit_bytes(folder / PINS, json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")


def _pin(fields: Any) -> Pin:
    pin = Pin(**fields)
    digest = pin.sha256.lower()
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise ValueError(f"{pin.sha256!r} is no sha256")
    return Pin(digest, int(pin.size), str(pin.source), str(pin.date))
