"""Damaged files of kinds that came after the first attack, and requests to the studio."""

from __future__ import annotations

import importlib
import json
import os
import random
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
from ground import Ground
from mutants import numbered, other_values

from understudy.cli.jobs.table import print_job, print_jobs
from understudy.errors import UnderstudyError
from understudy.events import Event
from understudy.media import FilmReader
from understudy.nn import trial
from understudy.plugin import default_registry
from understudy.provenance.beside import SUFFIX, list_of_film
from understudy.provenance.credentials import sign
from understudy.provenance.verify import verify
from understudy.runs.queue.store import Queue
from understudy.runs.rendering.reports import kept_report
from understudy.runs.settings import read_config, whole_tree
from understudy.runs.spec import JobSpec
from understudy.stages.release.place import Receipt
from understudy.store.project import Project
from understudy.testing.damage import mutated

COUNTS = {
    "photos": 600,
    "notices": 400,
    "receipts": 400,
    "reports": 300,
    "queues": 500,
    "tables": 500,
    "trials": 300,
    "ends": 300,
    "requests": 900,
}
Random = random.Random


def work_of(kind: str, ground: Ground, place: Path, seed: int) -> Callable[[int], str]:
    """As `mutants.work_of`."""
    return numbered(_KINDS[kind], kind, ground, place, seed)


def _text(plain: Any, rng: Random) -> bytes:
    """JSON with other values, with other bytes, or both."""
    how = rng.randrange(3)
    data = json.dumps(other_values(plain, rng) if how else plain).encode()
    return mutated(data, rng) if how != 1 else data


def _notices(ground: Ground, place: Path) -> Callable[[Random], str]:
    """Credentials beside a film in Matroska: damaged, or of a list that is damaged and signed."""
    film, notice = place / "a.mkv", place / f"a.mkv{SUFFIX}"
    shutil.copy2(ground.folder / "a.mkv", film)
    plain = list_of_film("a.mkv", film)
    facts: dict[str, Any] = {"source": None, "donors": [], "title": "a.mkv"}

    def signed(data: bytes) -> None:
        (place / "plain.svg").write_bytes(data)
        sign(place / "plain.svg", notice, disclosure={}, mime="image/svg+xml", **facts)

    signed(plain)
    whole = notice.read_bytes()

    def attack(rng: Random) -> str:
        if rng.random() < 0.7:
            notice.write_bytes(mutated(whole, rng))
        else:
            at = plain.index(b"{")
            end = plain.index(b"</desc>")
            signed(plain[:at] + mutated(plain[at:end], rng, heads=False) + plain[end:])
        return verify(film).state

    return attack


def _receipts(ground: Ground, place: Path) -> Callable[[Random], str]:
    plain = asdict(Receipt.of(ground.output, ground.output, 24, "24 frames"))

    def attack(rng: Random) -> str:
        path = place / "receipt.json"
        path.write_bytes(_text(plain, rng))
        found = Receipt.read_from(path)
        return "none" if found is None else str(found.fits(ground.output))

    return attack


def _reports(ground: Ground, place: Path) -> Callable[[Random], str]:
    folder = place / "p.understudy"
    shutil.copytree(ground.project, folder, ignore=shutil.ignore_patterns("models", "faces"))
    (path,) = folder.glob("renders/*/report.json")
    plain = json.loads(path.read_bytes())

    def attack(rng: Random) -> str:
        path.write_bytes(_text(plain, rng))
        with Project.open(folder, read_only=True) as project:
            return "none" if kept_report(project, project.renders[0], None) is None else "kept"

    return attack


def _queues(_: Ground, place: Path) -> Callable[[Random], str]:
    """The file of the queue, its bytes or its values."""
    first = place / "first"
    with Queue(first) as queue:
        for number in range(3):
            queue.add(JobSpec("train", {"persons": ["a"], "project": str(place)}, str(place)))
            job = queue.claim(number + 1, "cpu")
            queue.tell(job, [Event("say", "hello", data={"n": 1})], "faces: 1")
    whole = (first / "jobs.sqlite").read_bytes()
    folder = place / "queue"
    path = folder / "jobs.sqlite"

    def attack(rng: Random) -> str:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        values = rng.random() < 0.5
        path.write_bytes(whole if values else mutated(whole, rng))
        if values:
            _other_rows(path, rng)
        with Queue(folder) as queue:
            told = queue.jobs()
            json.dumps([job.to_plain() for job in told])
            print_jobs(told)
            print_job(told[0])
            for number in (1, 2, 3):
                queue.events(number)
            queue.settle()
            job = queue.job(rng.choice((1, 2, 10**30, -1)))
            queue.cancel(job.id)
            return f"{len(told)} jobs, {job.words}"

    return attack


def _other_rows(path: Path, rng: Random) -> None:
    with closing(sqlite3.connect(path)) as db:
        row = rng.randrange(1, 4)
        (spec,) = db.execute("SELECT spec FROM jobs WHERE id = ?", (row,)).fetchone()
        (line,) = db.execute("SELECT line FROM events WHERE job = ?", (row,)).fetchone()
        how = rng.randrange(4)
        if how == 0:
            new = _text(json.loads(spec), rng).decode("utf-8", "replace")
            db.execute("UPDATE jobs SET spec = ? WHERE id = ?", (new, row))
        elif how == 1:
            new = _text(json.loads(line), rng).decode("utf-8", "replace")
            db.execute("UPDATE events SET line = ? WHERE job = ?", (new, row))
        elif how == 2:
            bad = rng.randbytes(8)
            db.execute("UPDATE jobs SET message = CAST(? AS TEXT) WHERE id = ?", (bad, row))
        else:
            number = rng.choice((-1, 2**62, 1e308, -1e308, 0))
            column = rng.choice(("started_s", "added_s", "not_before_s", "ended_s"))
            db.execute(f"UPDATE jobs SET {column} = ? WHERE id = ?", (float(number), row))  # noqa: S608
        db.commit()


def _tables(_: Ground, place: Path) -> Callable[[Random], str]:
    """Configuration: what `config template` writes, each option set, damaged as text."""
    tree = whole_tree(default_registry())
    from understudy.options.toml_file import written

    values = {p: leaf.field.default for p, leaf in tree.leaves.items()}
    lines = written(tree, {p: v for p, v in values.items() if v is not None}).encode().splitlines()
    path = place / "some.toml"

    def attack(rng: Random) -> str:
        begin = rng.randrange(len(lines))
        text = b"\n".join(lines[: rng.choice((begin, len(lines)))])
        if rng.random() < 0.3:  # values of other types, in their places
            some = rng.choice(
                (b"true", b"-1", b"1e308", b"inf", b"nan", b'"x"', b"[[]]", b"{a={}}")
            )
            made = [line for line in text.splitlines() if b"=" in line] or [b"x = 1"]
            name = rng.choice(made)
            text = text.replace(name, name.split(b"=")[0] + b"= " + some)
        path.write_bytes(mutated(text, rng) if rng.random() < 0.7 else text)
        return f"{len(read_config(path)[0])} options"

    return attack


def _trials(_: Ground, place: Path) -> Callable[[Random], str]:
    os.environ["UNDERSTUDY_HOME"] = os.fspath(place / "home")
    path = trial.trials_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    trial.tried("speed 1", lambda: 1.5)
    plain = json.loads(path.read_bytes())

    def attack(rng: Random) -> str:
        path.write_bytes(_text(plain, rng))
        value, kept = trial.tried("speed 1", lambda: 2.5)
        if not kept and trial.tried("speed 1", lambda: 3.5) != (2.5, True):
            raise AssertionError("what was measured was not kept")
        return f"{value} {kept}"

    return attack


def _ends(ground: Ground, place: Path) -> Callable[[Random], str]:
    """What is kept beside the key of where a log ended: by its place, or by its first line."""
    from understudy.provenance.audit import AuditLog

    os.environ["UNDERSTUDY_HOME"] = os.fspath(place / "home")
    log = place / "audit.jsonl"
    shutil.copy2(ground.project / "audit.jsonl", log)
    AuditLog(log).append("refused", reason="a trial")
    whole = log.read_bytes()
    notes = [path for name in ("logs", "chains") for path in (place / "home" / name).iterdir()]
    kept = [path.read_bytes() for path in notes]

    def attack(rng: Random) -> str:
        log.write_bytes(whole)
        for path, data in zip(notes, kept, strict=True):
            path.write_bytes(data)
        path = rng.choice(notes)
        path.write_bytes(_text(json.loads(kept[notes.index(path)]), rng))
        AuditLog(log).append("refused", reason="another")
        return f"{len(AuditLog(log).entries())} lines, {AuditLog(log).today()}"

    return attack


def _requests(ground: Ground, place: Path) -> Callable[[Random], str]:
    """Calls on the studio of a project: other bodies, other numbers, other names."""
    from fastapi.testclient import TestClient

    from understudy.studio import work
    from understudy.studio.app import build
    from understudy.studio.gate import local_names

    os.environ["UNDERSTUDY_HOME"] = os.fspath(place / "home")
    folder = place / "films"
    shutil.copytree(ground.project, folder / "p", ignore=shutil.ignore_patterns("models"))
    for name in ("a.mp4", "b.mp4", "a.alignments", "b.alignments"):
        shutil.copy2(ground.folder / name, folder)
    with Project.open(folder / "p") as opened:  # else its films would lie outside of the folders
        for source in opened.sources:
            opened.move_source(source.id, folder / source.path.name, source.fingerprint)
    importlib.import_module("scenedetect")  # runs ffmpeg once it is loaded
    token = secrets.token_urlsafe(32)
    work.ensure_run = lambda _: None  # type: ignore[assignment]  # jobs are added, none begins
    app = build([folder], token=token, names=local_names("127.0.0.1", 8765))
    client = TestClient(
        app, base_url="http://127.0.0.1:8765", headers={"Authorization": f"Bearer {token}"}
    )
    api = "/api/v1"
    (project,) = client.get(f"{api}/projects").json()
    here = f"{api}/projects/{project['key']}"
    bodies: list[tuple[str, str, Any]] = [
        ("POST", f"{api}/projects", {"folder": "new"}),
        ("POST", f"{here}/films", {"path": "a.mp4", "person": "a"}),
        ("PUT", f"{here}/films/a/names", {"names": {"all": "ann", "0": None}}),
        ("POST", f"{here}/jobs", {"verb": "train", "values": {}, "options": {"train.minutes": 5}}),
        ("POST", f"{here}/jobs", {"verb": "extract", "values": {"films": ["a"]}, "options": {}}),
        ("POST", f"{here}/jobs", {"verb": "convert", "values": {"output": "x.mp4"}}),
    ]
    odd = (
        "0",
        "-1",
        "1e9",
        "x",
        str(10**30),
        str(2**63),
        "nan",
        "inf",
        "9" * 5000,
        "\0",
        "..",
        "é",
    )

    def asked(rng: Random) -> Any:
        some = rng.choice(odd)
        if rng.random() < 0.6:
            method, path, plain = rng.choice(bodies)
            kind = {"content-type": "application/json"}
            return client.request(method, path, content=_text(plain, rng), headers=kind)
        names = ("person", "track", "first", "last", "min_size_px", "offset", "limit")
        page = f"{here}/films/a/faces?{rng.choice(names)}={quote(some)}"
        paths = (f"{api}/jobs/{quote(some)}", f"{api}/jobs/{quote(some)}/events", page)
        paths += (f"{api}/jobs/1/events?after={quote(some)}", f"{here}/films/{quote(some)}/faces")
        paths += (
            f"{here}/films/a/frames/{quote(some)}.jpg",
            f"{here}/films/a/faces/{quote(some)}.jpg",
        )
        paths += (f"{here}/renders/{quote(some)}/sheet.png", f"{api}/projects/{quote(some)}")
        return client.get(rng.choice(paths))

    def attack(rng: Random) -> str:
        if rng.random() < 0.08:
            data = mutated(ground.output.read_bytes(), rng)
            answer = client.post(f"{api}/verify", files={"file": (rng.choice(odd), data)})
        else:
            answer = asked(rng)
        if answer.status_code >= 500:
            raise AssertionError(f"{answer.status_code} {answer.text}")
        if answer.status_code >= 400:
            raise UnderstudyError(f"{answer.status_code} {answer.text[:100]}")
        return str(answer.status_code)

    return attack


def _photos(ground: Ground, place: Path) -> Callable[[Random], str]:
    """Stills of kinds that came later: AVIF, and JPEG 2000 with and without its boxes."""
    pixels = cv2.imread(os.fspath(ground.folder / "still.png"))
    made = {end: cv2.imencode(f".{end}", pixels)[1].tobytes() for end in ("avif", "jp2")}
    made["j2k"] = made["jp2"][made["jp2"].index(b"\xff\x4f\xff\x51") :]

    def attack(rng: Random) -> str:
        end = rng.choice(sorted(made))
        path = place / f"photo.{end}"
        path.write_bytes(mutated(made[end], rng))
        (frame,) = FilmReader.open(path).frames()
        return str(frame.pixels.shape)

    return attack


_KINDS: dict[str, Callable[[Ground, Path], Callable[[Random], str]]] = {
    "photos": _photos,
    "notices": _notices,
    "receipts": _receipts,
    "reports": _reports,
    "queues": _queues,
    "tables": _tables,
    "trials": _trials,
    "ends": _ends,
    "requests": _requests,
}
