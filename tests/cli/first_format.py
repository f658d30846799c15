"""A finished project as format 1 left it, made from one of today: the same files, named as then."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from safetensors.torch import load_file, save_file


def put_back(project: Path, films: dict[str, Path], output: Path) -> None:
    """Turn a project that `swap A B` made into one of format 1.

    Args:
        project: the folder; its sources are called a and b.
        films: by side.
        output: what was made.
    """
    plain = json.loads((project / "project.json").read_text())
    sources = {
        side: {
            "path": str(film),
            "relative": f"../{film.name}",
            "fingerprint": plain["sources"][side]["fingerprint"],
        }
        for side, film in films.items()
    }
    old = {
        "format": "understudy-project",
        "version": 1,
        "created": plain["created"],
        "sources": sources,
        "settings": {},
    }
    (project / "project.json").write_text(json.dumps(old))
    for side in films:
        (project / "sources" / side).rename(project / side)
    (project / "models" / "model").rename(project / "model")
    for name in ("report.md", "contact_sheet.png"):
        (project / "renders" / "out" / name).rename(project / name)
    # Scores as data and curves were not made then.
    for newer in (project / "renders" / "out").iterdir():
        newer.unlink()
    for folder in ("renders/out", "renders", "models", "sources"):
        (project / folder).rmdir()
    consent = (project / "consent.toml").read_text()
    consent = consent.replace("format = 2", "format = 1").replace("person = ", "side = ")
    (project / "consent.toml").write_text(consent)
    for step in (project / "model").glob("step_*"):
        _checkpoint(step)
    for receipt in (project / "work").glob("*.json"):
        told = json.loads(receipt.read_text())
        receipt.unlink()
        (project / "work" / "0123456789abcdef.json").write_text(
            json.dumps({**told, "output": str(output)})
        )


def _checkpoint(step: Path) -> None:
    """Format 1 named decoders after the sides, and no persons."""
    state = json.loads((step / "state.json").read_text())
    for name in state["files"]:
        tensors = {
            key.replace("decoders.0.", "decoders.a.").replace("decoders.1.", "decoders.b."): value
            for key, value in load_file(step / name).items()
        }
        (step / name).unlink()  # may be a hard link to another test's
        save_file(tensors, step / name)
        state["files"][name] = hashlib.sha256((step / name).read_bytes()).hexdigest()
    state["format"] = 1
    del state["persons"]
    (step / "state.json").write_text(json.dumps(state))
