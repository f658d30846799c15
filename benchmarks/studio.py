"""The studio under load: many faces, many clients, kills while people edit, trials, a long run.

    python benchmarks/studio.py faces|clients|kills|tuning|soak DEMO [--minutes 10] [--kills 50]

DEMO is a folder made by `understudy demo`; it is copied first and stays as it is. `faces` wants
Playwright and Chromium. All requests go to this machine, and each loop ends by time or number.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from understudy.media import frames as film_frames  # noqa: F401 - PyAV before threads begin
from understudy.store.alignments import Alignments
from understudy.store.faceset import face_file_name
from understudy.store.project import Project

API = "/api/v1"
EDITORS, READERS = 5, 15


@dataclass
class Server:
    """A studio that listens."""

    process: subprocess.Popen[str]
    host: str
    port: int
    token: str
    started_s: float


@contextmanager
def served(folder: Path, *more: str) -> Iterator[Server]:
    """A studio on a folder, ended at the end."""
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "understudy", "studio", str(folder), "--port", "0", *more],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        # headless tells address and token in lines of their own
        said = "".join(process.stdout.readline() for _ in range(1))
        found = re.search(r"http://([\d.]+):(\d+)/\S*?token=(\S+)", said)
        if found is None:
            raise SystemExit(f"the studio did not begin: {said}")
        yield Server(process, found[1], int(found[2]), found[3], time.perf_counter() - began)
    finally:
        process.kill() if process.poll() is None else None
        process.wait(30)


class Client:
    """One program that asks, with a connection of its own."""

    def __init__(self, server: Server) -> None:
        self.server, self.connection = server, None
        self.took_s: list[float] = []
        self.answers: Counter[int] = Counter()
        self.slowest: dict[str, float] = {}

    def ask(self, path: str, body: Any = None, method: str = "") -> tuple[int, bytes]:
        """Status and body."""
        head = {"Authorization": f"Bearer {self.server.token}"}
        data = None if body is None else json.dumps(body)
        if data is not None:
            head["Content-Type"] = "application/json"
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                self.server.host, self.server.port, timeout=60
            )
        began = time.perf_counter()
        try:
            self.connection.request(method or ("POST" if data else "GET"), API + path, data, head)
            answer = self.connection.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            raise
        took = time.perf_counter() - began
        self.took_s.append(took)
        self.answers[answer.status] += 1
        kind = re.sub(r"[0-9a-f]{16}|\d+(_\d+)?", "N", path.partition("?")[0])
        self.slowest[kind] = max(took, self.slowest.get(kind, 0.0))
        return answer.status, told

    def plain(self, path: str, body: Any = None, method: str = "") -> Any:
        """The JSON of an answer that must be good."""
        status, told = self.ask(path, body, method)
        if status >= 400:
            raise SystemExit(f"{path}: {status} {told[:300]!r}")
        return json.loads(told)


@contextmanager
def copied(demo: Path) -> Iterator[Path]:
    """A copy of the demo whose project knows the copied films."""
    with tempfile.TemporaryDirectory(prefix="studio-") as place:
        folder = Path(shutil.copytree(demo, Path(place) / "films", symlinks=True))
        for path in folder.glob("*.understudy"):
            with Project.open(path) as project:
                for source in project.sources:
                    there = next(folder.rglob(source.path.name))
                    project.move_source(source.id, there, source.fingerprint)
        yield folder


def first_project(client: Client) -> tuple[str, str]:
    """Key of the first project, and id of its first film."""
    project = client.plain("/projects")[0]
    return project["key"], project["sources"][0]["id"]


@dataclass
class Edits:
    """What editors were told: for each frame the edits that were acknowledged, by what they saw."""

    done: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    landmarks: dict[tuple[int, str], Any] = field(default_factory=dict)
    flying: dict[int, Any] = field(default_factory=dict)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def edit_once(client: Client, film: str, index: int, edits: Edits, rng: random.Random) -> None:
    """Look at a frame and move its face; a refusal (409) is what a second editor must get."""
    frame = client.plain(f"{film}/frames/{index}")
    if not frame["faces"]:
        return
    dx, dy = rng.uniform(-2, 2), rng.uniform(-2, 2)
    points = [[x + dx, y + dy] for x, y in frame["faces"][0]["landmarks"]]
    faces = [{"id": face["id"]} for face in frame["faces"]]
    faces[0]["landmarks"] = points
    with edits.lock:
        edits.flying[threading.get_ident()] = (index, points)
    body = {"version": frame["version"], "faces": faces}
    status, told = client.ask(f"{film}/frames/{index}", body, "PUT")
    with edits.lock:
        if status == 200:
            version = json.loads(told)["version"]
            chain = edits.done.setdefault(index, {})
            chain.setdefault(frame["version"], []).append(version)
            edits.landmarks[index, version] = points
            edits.flying.pop(threading.get_ident(), None)
        elif status == 409:
            edits.refused += 1


def lost_and_doubled(edits: Edits, file: Path, begun: dict[int, str]) -> tuple[int, int, int]:
    """How many were acknowledged, lost, and done upon the same state as another one.

    Acknowledged edits of a frame must be one chain from where it began to what the file holds.
    """
    total = sum(len(each) for chain in edits.done.values() for each in chain.values())
    doubled = sum(len(e) - 1 for chain in edits.done.values() for e in chain.values())
    lost = 0
    with Alignments.open(file, read_only=True) as store:
        for index, chain in edits.done.items():
            at, length = begun[index], 0
            while at in chain:
                at, length = chain[at][-1], length + 1
            lost += sum(map(len, chain.values())) - length
            held = store.faces(index)[0].alignment.landmarks.tolist()
            flying = [points for n, points in edits.flying.values() if n == index]
            if held != edits.landmarks[index, at] and held not in flying:
                lost += 1
    return total, lost, doubled


def read_something(client: Client, key: str, film: str, ids: list[str], rng: random.Random) -> None:
    """One of the things that pages ask for."""
    n = rng.randrange(0, len(ids))
    some = ",".join(ids[n : n + 40])
    path = rng.choice(
        [
            "/projects",
            f"/projects/{key}?whole=false",
            f"{film}/faces/columns",
            f"{film}/frames/{n}",
            f"{film}/frames/{n}.jpg?px=960",
            f"{film}/faces.jpg?ids={some}&px=96",
            f"{film}/faces/{ids[n]}.jpg?px=64",
            f"{film}/review",
            f"/projects/{key}/cast",
            f"/projects/{key}/models/model/learning",
            f"/projects/{key}/audit",
            "/jobs",
        ]
    )
    client.ask(path)


@contextmanager
def crowd(server: Server, file: Path, until: float, think_s: float) -> Iterator[Any]:
    """Editors and readers at work until a time: clients, edits, where frames began, errors."""
    first = Client(server)
    key, id_ = first_project(first)
    film = f"/projects/{key}/films/{id_}"
    ids = first.plain(f"{film}/faces/columns")["columns"]["ids"]
    shared = range(24)
    begun = {index: first.plain(f"{film}/frames/{index}")["version"] for index in shared}
    clients = [Client(server) for _ in range(EDITORS + READERS)]
    edits, errors = Edits(), list[str]()

    def work(number: int) -> None:
        rng, client = random.Random(number), clients[number]  # noqa: S311 - no secret
        while time.monotonic() < until:
            try:
                if number < EDITORS:
                    edit_once(client, film, rng.choice(shared), edits, rng)
                else:
                    read_something(client, key, film, ids, rng)
            except (OSError, http.client.HTTPException, SystemExit) as error:
                errors.append(repr(error))
                if server.process.poll() is not None:
                    return
            time.sleep(rng.uniform(0, 2 * think_s))

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(len(clients))]
    for thread in threads:
        thread.start()
    yield clients, edits, begun, errors
    for thread in threads:
        thread.join(120)


def clients(demo: Path, minutes: float) -> None:
    """Twenty clients, five of them editing the same frames."""
    with copied(demo) as folder, served(folder, "--no-browser") as server:
        file = next(folder.rglob("a_*.alignments"))
        until = time.monotonic() + 60 * minutes
        with crowd(server, file, until, 0.5) as (crew, edits, begun, errors):
            pass
        took = sorted(t for client in crew for t in client.took_s)
        answers = sum((client.answers for client in crew), Counter[int]())
        total, lost, doubled = lost_and_doubled(edits, file, begun)
        slow: dict[str, float] = {}
        for client in crew:
            for kind, seconds in client.slowest.items():
                slow[kind] = max(seconds, slow.get(kind, 0.0))
        print(f"{len(took)} requests of 20 clients in {minutes:g} minutes: {dict(answers)}")
        print(f"median {1000 * took[len(took) // 2]:.0f} ms, ", end="")
        print(f"p95 {1000 * took[int(0.95 * len(took))]:.0f} ms, slowest {took[-1]:.2f} s")
        print(f"edits: {total} acknowledged, {edits.refused} refused as stale, ", end="")
        print(f"{lost} lost, {doubled} doubled; errors: {len(errors)} {errors[:2]}")
        for kind, seconds in sorted(slow.items(), key=lambda one: -one[1])[:6]:
            print(f"  slowest {1000 * seconds:6.0f} ms {kind}")


def kills(demo: Path, times: int) -> None:
    """The server killed at random moments while five people edit."""
    rng, total, lost, doubled, landed = random.Random(7), 0, 0, 0, 0  # noqa: S311 - no secret
    with copied(demo) as folder:
        file = next(folder.rglob("a_*.alignments"))
        for number in range(times):
            with served(folder, "--headless") as server:
                first = Client(server)
                key, id_ = first_project(first)
                film = f"/projects/{key}/films/{id_}"
                begun = {n: first.plain(f"{film}/frames/{n}")["version"] for n in range(8)}
                edits, ends = Edits(), threading.Event()

                def work(
                    n: int,
                    server: Server = server,
                    film: str = film,
                    edits: Edits = edits,
                    ends: threading.Event = ends,
                ) -> None:
                    own, client = random.Random(n), Client(server)  # noqa: S311 - no secret
                    while not ends.is_set():
                        with suppress(OSError, http.client.HTTPException, SystemExit):
                            edit_once(client, film, own.randrange(8), edits, own)

                threads = [
                    threading.Thread(target=work, args=(100 * number + n,), daemon=True)
                    for n in range(EDITORS)
                ]
                for thread in threads:
                    thread.start()
                time.sleep(rng.uniform(0.2, 1.5))
                os.kill(server.process.pid, signal.SIGKILL)
                server.process.wait(30)
                ends.set()
                for thread in threads:
                    thread.join(60)
            landed += bool(edits.flying)
            told = lost_and_doubled(edits, file, begun)
            total, lost, doubled = total + told[0], lost + told[1], doubled + told[2]
    print(
        f"{times} kills, {landed} of them with an edit under way: {total} edits acknowledged, ",
        end="",
    )
    print(f"{lost} lost, {doubled} doubled")


def measured(process: psutil.Process) -> tuple[float, int, int]:
    """Megabytes, threads and file handles of a process and those that it began."""
    own = [process, *process.children(recursive=True)]
    rss = threads = files = 0
    for one in own:
        with suppress(psutil.NoSuchProcess):
            rss, threads = rss + one.memory_info().rss, threads + one.num_threads()
            files += one.num_fds()
    return rss / 2**20, threads, files


def soak(demo: Path, minutes: float) -> None:
    """Work and rest in turn, a minute each, with memory, threads and file handles."""
    with copied(demo) as folder, served(folder, "--no-browser") as server:
        file = next(folder.rglob("a_*.alignments"))
        process, rows = psutil.Process(server.process.pid), list[tuple[float, int, int]]()
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            with crowd(server, file, min(end, time.monotonic() + 60), 0.5) as (*_, errors):
                pass
            time.sleep(max(0.0, min(30.0, end - time.monotonic())))
            rows.append(measured(process))
            words = f"{rows[-1][0]:.0f} MiB, {rows[-1][1]} threads, {rows[-1][2]} handles"
            print(f"after {len(rows)} rounds: {words}; errors {len(errors)}", flush=True)
        third = max(1, len(rows) // 3)
        for name, column in (("MiB", 0), ("threads", 1), ("handles", 2)):
            first = statistics.median(row[column] for row in rows[:third])
            last = statistics.median(row[column] for row in rows[-third:])
            print(f"{name}: {first:.0f} in the first third, {last:.0f} in the last")


def many(folder: Path, n: int) -> None:
    """Give the first film n faces, each with a picture: those that are there, again and again."""
    file = next(folder.rglob("a_*.alignments"))
    with Alignments.open(file) as store:
        rows, name = list(store.by_frame()), store.source.name
        grid = [(at, face) for at, faces in rows for face in faces[:1]]
        step = rows[1][0].pts - rows[0][0].pts
        for begin in range(len(rows), n, 2000):
            put = []
            for index in range(begin, min(n, begin + 2000)):
                at, face = grid[index % len(grid)]
                at = replace(at, index=index, pts=index * step)
                put.append((at, [replace(face, id=f"{index}_0", at=at, masks={}, extras={})]))
            store.put(put)
    pictures = next(folder.glob("*.understudy")) / "sources" / file.stem / "faces"
    known = [pictures / face_file_name(name, at.index, 0) for at, _ in grid]
    for index in range(len(rows), n):
        os.link(known[index % len(known)], pictures / face_file_name(name, index, 0))


_SHOWN = (
    "[...document.querySelectorAll('.tile')]"
    ".filter(t => t.style.backgroundImage.startsWith('url')).length"
)
_ALL_SHOWN = f"{_SHOWN} > 0 && {_SHOWN} >= document.querySelectorAll('.tile').length"


def clocked(page: Any, script: str, until: str) -> float:
    """Milliseconds from a script in the page to when something holds there."""
    began = time.perf_counter()
    page.evaluate(script)
    page.wait_for_timeout(30)
    page.wait_for_function(until, polling=20)
    return 1000 * (time.perf_counter() - began)


def spread(took_ms: list[float]) -> str:
    """Median and slowest."""
    return f"median {statistics.median(took_ms):.0f} ms, slowest {max(took_ms):.0f} ms"


def faces(demo: Path, n: int) -> None:
    """A page with very many faces: first screen, scroll, filter; memory of server and page."""
    from playwright.sync_api import sync_playwright

    browsers = ("chromium", "chromium-browser", "google-chrome")
    there = next((p for name in browsers if (p := shutil.which(name))), None)
    with copied(demo) as folder:
        many(folder, n)
        with served(folder, "--no-browser") as server, sync_playwright() as driver:
            key, film = first_project(Client(server))
            process = psutil.Process(server.process.pid)
            rest = measured(process)[0]
            browser = driver.chromium.launch(executable_path=there, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.set_default_timeout(120_000)
            at = f"http://{server.host}:{server.port}"
            page.goto(f"{at}/?token={server.token}")
            page.wait_for_selector(".rail")
            there_all = f"document.querySelector('[data-count]').textContent.includes('{n} of {n}')"
            firsts = []
            for _ in range(3):
                page.goto(f"{at}/p/{key}")
                page.wait_for_selector(".stages")
                go = f"history.pushState(null, '', '/p/{key}/faces/{film}');"
                go += "dispatchEvent(new PopStateEvent('popstate'))"
                firsts.append(clocked(page, go, _ALL_SHOWN))
                page.wait_for_function(there_all, polling=20)
            rng = random.Random(1)  # noqa: S311 - no secret
            grid = "document.querySelector('.grid')"
            scrolls = [
                clocked(
                    page, f"{grid}.scrollTop = {rng.random()} * {grid}.scrollHeight", _ALL_SHOWN
                )
                for _ in range(20)
            ]
            sorts = []
            for value in ("size", "distance", "turn", "frame"):
                began = time.perf_counter()
                page.select_option("label:has-text('Sort') select", value)
                page.wait_for_function(_ALL_SHOWN, polling=20)
                sorts.append(1000 * (time.perf_counter() - began))
            page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
            heap = page.evaluate("performance.memory.usedJSHeapSize") / 2**20
            print(f"{n} faces: first screen {spread(firsts)}")
            print(f"scroll to anywhere: {spread(scrolls)}; sort: {spread(sorts)}")
            print(f"server {rest:.0f} MiB at rest, {measured(process)[0]:.0f} MiB after", end="")
            print(f"; page {heap:.0f} MiB of script memory")
            browser.close()


def tuning(demo: Path) -> None:
    """One frame with changed settings, of a 720p film, as the page asks for it."""
    with copied(demo) as folder, served(folder, "--headless") as server:
        client = Client(server)
        for project in client.plain("/projects"):
            whole = client.plain(f"/projects/{project['key']}")
            films = [f for f in whole["sources"] if f["faces"] and f["width"] >= 1280]
            for model, film in ((m, f) for m in whole["models"] for f in films):
                shown = (film["shows"] or {}).values()
                other = next(person for person in model["persons"] if person not in shown)
                plain = {"source": film["id"], "model_name": model["name"], "px": 1280}
                took = []
                for n in range(14):
                    options = {"convert.feather": 0.02 * n}
                    trial = {**plain, "index": n % 3, "cast": [f"0={other}"], "options": options}
                    status, told = client.ask(f"/projects/{project['key']}/try", trial)
                    if status != 200:
                        raise SystemExit(told.decode()[:400])
                    took.append(1000 * client.took_s[-1])
                print(f"{model['plugin']} on {film['name']}: first {took[0]:.0f} ms", end="")
                print(f", then {spread(took[4:])}")


def main() -> None:
    """Measure one of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("faces", "clients", "kills", "tuning", "soak"))
    parser.add_argument("demo", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--faces", type=int, default=50_000)
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores", flush=True)
    if asked.what == "faces":
        faces(asked.demo, asked.faces)
    elif asked.what == "clients":
        clients(asked.demo, asked.minutes)
    elif asked.what == "kills":
        kills(asked.demo, asked.kills)
    elif asked.what == "tuning":
        tuning(asked.demo)
    else:
        soak(asked.demo, asked.minutes)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
