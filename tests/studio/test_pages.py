"""The pages as people see them: one studio and one Chromium for all of this file."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="the extra `studio` is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = next(
    (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to look at the pages with"),
    pytest.mark.timeout(600),
]
EVIL = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"


@dataclass(frozen=True)
class Served:
    """A studio that listens: its folder, its address with the token, and a browser."""

    folder: Path
    address: str
    token: str
    browser: Any


@pytest.fixture(scope="module")
def served(
    extracted_folder: Path, tmp_path_factory: pytest.TempPathFactory, surround
) -> Iterator[Served]:
    from understudy.runs.queue import behind
    from understudy.runs.queue.store import Queue
    from understudy.store.project import Project

    folder = Path(shutil.copytree(extracted_folder, tmp_path_factory.mktemp("pages") / "films"))
    evil = folder / f"{EVIL.replace('/', '_')}.mp4"
    shutil.copy(folder / "a.mp4", evil)
    with Project.open(folder / "p") as project:
        for source in project.sources:
            project.move_source(source.id, folder / source.path.name, source.fingerprint)
    with Project.open(folder / "evil", create=True) as project:
        from understudy.runs.project import add

        add(project, evil, EVIL)
    with pytest.MonkeyPatch.context() as patch:
        surround(patch)
        command = [sys.executable, "-m", "understudy", "studio", str(folder), "--port", "0"]
        process = subprocess.Popen(
            [*command, "--no-browser"], stdout=subprocess.PIPE, text=True, env={**os.environ}
        )
        try:
            assert process.stdout is not None
            found = re.search(r"(http://\S+/)\?token=(\S+)", process.stdout.readline())
            assert found
            with playwright.sync_playwright() as driver:
                browser = driver.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
                )
                yield Served(folder, found[1].rstrip("/"), found[2], browser)
                browser.close()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            with Queue() as queue:
                for job in queue.jobs("waiting", "running"):
                    queue.cancel(job.id)
                behind.stop(queue)


@pytest.fixture
def page(served: Served) -> Iterator[Any]:
    """A page that has come in by the token, and that no script may have complained in."""
    context = served.browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(45_000)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: message.type == "error" and said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{served.address}/?token={served.token}")
    page.wait_for_selector(".main h1")
    page.said = said
    yield page
    context.close()
    # What is refused (4xx) is told by the browser as an error of the page, and meant.
    assert [words for words in said if "Failed to load resource" not in words] == []


def _key(served: Served, name: str) -> str:
    from understudy.studio.projects import key_of

    return key_of(Path(os.path.realpath(served.folder)) / name)


def test_the_way_around(served, page) -> None:
    assert "token" not in page.url
    page.click("text=How it works")
    page.wait_for_selector("text=Say who they are")
    page.wait_for_function(
        "[...document.querySelectorAll('.main img')].every(i => i.naturalWidth > 0)"
    )
    page.keyboard.press("?")
    page.wait_for_selector(".us-dialog >> text=this sheet")
    page.keyboard.press("Escape")
    page.click("button:has-text('Colours')")
    page.click("button:has-text('Colours')")
    assert page.evaluate("document.body.classList.contains('body--dark')")
    page.goto(f"{served.address}/p/0123456789abcdef")
    page.wait_for_selector("text=there is no such project")
    page.go_back()
    page.wait_for_selector("text=How it works")


def test_nobodys_name_is_a_script(served, page) -> None:
    from understudy.store.project import Project

    with Project.open(served.folder / "evil", read_only=True) as project:
        assert project.persons[0].name == EVIL
    for path in ("", f"/p/{_key(served, 'evil')}", f"/p/{_key(served, 'evil')}/consent"):
        page.goto(f"{served.address}{path or '/'}")
        page.wait_for_selector(f"text={EVIL[:20]}" if path else "text=evil")
        assert page.evaluate("window.hit") is None
        assert not page.locator(".main script, .main img[onerror]").count()


def test_a_project_is_made_and_consent_is_asked_for(served, page) -> None:
    page.click("text=New project")
    page.click("[role=listitem] >> text=b.mp4")
    page.fill("input[list=persons]", "Bea")
    page.fill("input[placeholder=the-short-film]", "mine")
    page.click("text=Make it")
    page.wait_for_url("**/consent")
    page.get_by_label("Who is it?").fill("Bea Bloom")
    page.check("input[value=consented]")
    page.get_by_label("What does the consent cover?").fill("a lesson")
    page.get_by_label("For what purpose?").select_option("education")
    page.get_by_label("Who declares this?").fill("the teacher")
    page.click("button:text-is('Declare')")
    page.wait_for_selector(".trouble >> text=nothing was declared")
    assert not (served.folder / "mine" / "consent.toml").exists()
    page.check("text=This person is of age")
    page.click("button:text-is('Declare')")
    page.wait_for_selector("[data-person] .badge.good")
    assert "a lesson" in (served.folder / "mine" / "consent.toml").read_text()


def test_a_job_goes_on_when_the_page_is_closed(served, page) -> None:
    page.goto(f"{served.address}/p/{_key(served, 'p')}")
    page.wait_for_selector(".stages")
    page.click("button:text-is('Find the faces')")
    page.wait_for_url("**/jobs")
    page.wait_for_selector("[data-job]")
    page.goto("about:blank")
    page.goto(f"{served.address}/jobs")
    page.wait_for_selector("[data-job] .badge.good >> text=done", timeout=120_000)
    page.click("[data-job] button:has-text('Log')")
    page.wait_for_selector("[role=log] >> text=faces")


def test_faces_are_chosen_by_lasso_left_out_and_taken_back(served, page) -> None:
    from understudy.store.project import Project

    removed = served.folder / "p" / "sources" / "b" / "faces" / "removed"
    page.goto(f"{served.address}/p/{_key(served, 'p')}/faces/b")
    page.wait_for_selector(".tile[style*='blob:']")
    tiles = page.locator(".tile")
    assert tiles.count() == 8
    box = tiles.nth(0).bounding_box()
    end = tiles.nth(2).bounding_box()
    left, top = box["x"] + 20, box["y"] + 20
    right, bottom = end["x"] + end["width"] - 20, end["y"] + end["height"] - 10
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(x, y, steps=3)
    page.mouse.up()
    page.wait_for_function("document.querySelectorAll('.tile.chosen').length === 3")
    page.keyboard.press("x")
    page.wait_for_selector("[data-count] >> text=3 left out")
    assert len(list(removed.glob("*.png"))) == 3
    page.keyboard.press("Control+z")
    page.wait_for_selector("[data-count] >> text=3 left out", state="detached")
    assert not list(removed.glob("*.png"))

    tiles.nth(5).click()
    tiles.nth(7).click(modifiers=["Shift"])
    tiles.nth(6).click(modifiers=["Control"])
    page.wait_for_function("document.querySelectorAll('.tile.chosen').length === 2")
    chosen = page.locator(".tile.chosen").evaluate_all("all => all.map(t => t.dataset.face)")
    assert chosen == ["5_0", "7_0"]
    # Somebody else leaves one out meanwhile: this edit is refused, and what was chosen stays.
    from understudy.runs.correcting import choosing

    with Project.open(served.folder / "p", read_only=True) as project:
        source = project.source("b")
        seen = choosing.pictures_of(project, source).version
        choosing.leave_out(project, source, ["0_0"], seen)
    page.keyboard.press("Delete")
    page.wait_for_selector("text=was changed by somebody else")
    page.wait_for_selector("[data-count] >> text=1 left out")
    assert page.locator(".tile.chosen").count() == 2
    page.keyboard.press("Delete")
    page.wait_for_selector("[data-count] >> text=3 left out")
    page.keyboard.press("Enter")
    page.wait_for_selector(".look img")


def test_a_face_is_moved_and_its_mask_painted(served, page) -> None:
    from understudy.store.alignments import Alignments

    def stored():
        with Alignments.open(served.folder / "b.alignments", read_only=True) as store:
            return store.faces(2)[0]

    before = stored()
    page.goto(f"{served.address}/p/{_key(served, 'p')}/frames/b?frame=2")
    page.wait_for_selector(".corner >> text=1 face")
    canvas = page.locator(".stage canvas")
    box = canvas.bounding_box()
    scale = min(box["width"] / 160, box["height"] / 120)
    x, y = before.alignment.landmarks.mean(0)
    x = box["x"] + (box["width"] - 160 * scale) / 2 + x * scale
    y = box["y"] + (box["height"] - 120 * scale) / 2 + y * scale
    with page.expect_response(lambda r: r.request.method == "PUT"):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 5 * scale, y + 3 * scale, steps=4)
        page.mouse.up()
    moved = stored().alignment.landmarks - before.alignment.landmarks
    assert abs(moved - (5, 3)).max() < 0.6
    assert stored().stale
    with page.expect_response(lambda r: r.request.method == "PUT"):
        page.click("[data-undo]")
    assert (stored().alignment.landmarks == before.alignment.landmarks).all()

    page.click("button:has-text('Mask')")
    page.wait_for_selector("[data-save]:enabled")
    painted = page.locator(".us-dialog canvas").bounding_box()
    page.mouse.move(painted["x"] + 20, painted["y"] + 20)
    page.mouse.down()
    page.mouse.move(painted["x"] + 90, painted["y"] + 20, steps=4)
    page.mouse.up()
    with page.expect_response(lambda r: r.request.method == "PUT"):
        page.click("[data-save]")
    mask = stored().masks["painted"].alpha
    side = painted["width"] / mask.shape[1]
    assert mask[int(20 / side), int(24 / side) : int(86 / side)].min() > 0.9
    assert "painted@hand" in stored().made_by["mask"]


def test_edits_are_carried_between_key_frames(served, page) -> None:
    from understudy.store.alignments import Alignments

    def stored(frame: int):
        with Alignments.open(served.folder / "a.alignments", read_only=True) as store:
            return store.faces(frame)[0]

    page.goto(f"{served.address}/p/{_key(served, 'p')}/frames/a?frame=1")
    page.wait_for_selector(".corner >> text=1, 1 face")
    box = page.locator(".stage canvas").bounding_box()
    scale = min(box["width"] / 160, box["height"] / 120)
    edge = (
        box["x"] + (box["width"] - 160 * scale) / 2,
        box["y"] + (box["height"] - 120 * scale) / 2,
    )
    before = {frame: stored(frame).alignment.landmarks for frame in (1, 3, 5)}
    for frame in (1, 5):
        page.fill("[aria-label='Number of the frame']", str(frame))
        page.keyboard.press("Tab")
        page.wait_for_selector(f".corner >> text={frame}, 1 face")
        x, y = edge + before[frame].mean(0) * scale
        with page.expect_response(lambda r: r.request.method == "PUT"):
            page.mouse.move(x, y)
            page.mouse.down()
            page.mouse.move(x + 4 * scale, y, steps=4)
            page.mouse.up()
        page.wait_for_selector(".corner >> text=a key frame")
    page.keyboard.press("i")
    page.wait_for_selector("text=3 faces between frames 1 and 5 follow")
    assert abs(stored(3).alignment.landmarks - before[3] - (4, 0)).max() < 0.6
    for keys, moved in (("Control+z", 0), ("Control+y", 4)):
        with page.expect_response(lambda r: r.request.method == "PUT"):
            page.keyboard.press(keys)
        page.wait_for_selector(".corner >> text=5, 1 face")
        assert abs(stored(3).alignment.landmarks - before[3] - (moved, 0)).max() < 0.6


def test_a_name_is_given_and_taken_back(served, page) -> None:
    page.goto(f"{served.address}/p/{_key(served, 'p')}/cast")
    name = page.locator("[data-film=b] input[list=cast]")
    name.fill("carol")
    with page.expect_response(lambda r: r.request.method == "POST"):
        name.press("Enter")
    for button, shown in (("[data-undo]", "b"), ("[data-redo]", "carol"), ("[data-undo]", "b")):
        page.wait_for_selector(f"{button}:enabled")
        with page.expect_response(lambda r: r.request.method == "POST"):
            page.click(button)
        page.wait_for_function(
            "name => document.querySelector('[data-film=b] input[list=cast]').value === name",
            arg=shown,
        )


def test_anybody_reads_what_a_file_says(served, page) -> None:
    page.goto(f"{served.address}/verify")
    page.wait_for_selector(".drop")
    film = (served.folder / "a.mp4").read_bytes()
    page.set_input_files(
        ".drop input",
        [
            {"name": EVIL.replace("/", "_"), "mimeType": "video/mp4", "buffer": b"no film"},
            {
                "name": "a.mp4",
                "mimeType": "video/mp4",
                "buffer": film,
            },
        ],
    )
    page.wait_for_selector("[data-state=none] >> text=It carries no credentials")
    page.wait_for_function("document.querySelectorAll('[data-state]').length === 2")
    assert page.evaluate("window.hit") is None
