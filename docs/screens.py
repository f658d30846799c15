"""Pictures of every page of the studio, in both sizes and both themes, to be looked at.

    python docs/screens.py FOLDER [--only PAGE] [--out shots] [--docs]

--docs puts those of the guide into docs/pictures.

FOLDER holds a project made by `understudy demo`, so that nobody real is shown. Chromium is driven
by Playwright; both are for those who work on the studio, not for those who use it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIZES = {"wide": (1280, 720), "tablet": (820, 1180)}
SETTLES_MS = 2000
"""Pictures in a page come after its words."""
THEMES = ("dark", "light")
PAGES = {
    "projects": "/",
    "welcome": "/welcome",
    "new": "/new",
    "overview": "/p/{key}",
    "faces": "/p/{key}/faces",
    "frames": "/p/{key}/frames",
    "cast": "/p/{key}/cast",
    "consent": "/p/{key}/consent",
    "train": "/p/{key}/train",
    "convert": "/p/{key}/convert",
    "jobs": "/jobs",
    "verify": "/verify",
}
IN_DOCS = ("faces", "frames")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def studio(folder: Path) -> Iterator[tuple[str, str]]:
    """A studio on a folder: its address, and its token."""
    command = [sys.executable, "-m", "understudy", "studio", str(folder), "--port", "0"]
    served = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert served.stdout is not None  # noqa: S101 - a pipe was asked for
        found = re.search(r"(http://\S+/)\?token=(\S+)", served.stdout.readline())
        if found is None:
            raise SystemExit("the studio did not begin")
        yield found[1], found[2]
    finally:
        served.terminate()
        served.wait(30)


def first_key(address: str, token: str) -> str:
    """Key of the first project that can be opened."""
    asked = urllib.request.Request(  # noqa: S310 - of this machine
        f"{address}api/v1/projects", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked, timeout=120) as answer:  # noqa: S310
        projects: list[dict[str, Any]] = json.load(answer)
    return next((str(p["key"]) for p in projects if not p["trouble"]), "")


def main() -> None:
    """Take the pictures."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", action="append", default=[], help="a page's name")
    parser.add_argument("--size", choices=SIZES, action="append", default=[])
    parser.add_argument("--theme", choices=THEMES, action="append", default=[])
    parser.add_argument("--out", type=Path, default=Path("shots"))
    parser.add_argument("--docs", action="store_true", help="keep those of the guide")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    browser_path = next((p for name in BROWSERS if (p := shutil.which(name))), None)
    with studio(asked.folder) as (address, token), sync_playwright() as playwright:
        key = first_key(address, token)
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for size in asked.size or SIZES:
            width, height = SIZES[size]
            for theme in asked.theme or THEMES:
                context = browser.new_context(viewport={"width": width, "height": height})
                page = context.new_page()
                page.on("console", lambda m: m.type == "error" and print("console:", m.text))
                page.on("pageerror", lambda e: print("error:", e))
                page.add_init_script(f"localStorage.setItem('understudy-colours', '{theme}')")
                page.goto(f"{address}?token={token}")
                page.wait_for_selector(".rail")
                for name, path in PAGES.items():
                    if asked.only and name not in asked.only:
                        continue
                    page.goto(address.rstrip("/") + path.format(key=key))
                    page.wait_for_selector(".main h1", timeout=60_000)
                    page.wait_for_function(
                        "!document.querySelector('.main [aria-live=polite]')", timeout=120_000
                    )
                    page.wait_for_timeout(SETTLES_MS)
                    shown = page.evaluate(
                        "document.querySelector('.main').scrollWidth - "
                        "document.querySelector('.main').clientWidth"
                    )
                    if shown > 0:
                        print(f"{name} {size}: {shown} px too wide")
                    page.screenshot(path=asked.out / f"{name}-{size}-{theme}.png")
                context.close()
        browser.close()
    if asked.docs:
        from PIL import Image

        for name in IN_DOCS:
            with Image.open(asked.out / f"{name}-wide-dark.png") as picture:
                picture.convert("RGB").save(
                    Path(__file__).parent / "pictures" / f"studio-{name}.webp", quality=80, method=6
                )


if __name__ == "__main__":
    main()
