"""The guide's recipe for painted masks, its commands as they stand in docs/guides/repair.md."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.imaging.composite import feathered
from understudy.media import FilmReader, probe
from understudy.store.alignments import Alignments
from understudy.store.project import Project

GUIDE = Path(__file__).parents[2] / "docs/guides/repair.md"
EXTRACT = ("--size", 96, "--min-face-px", 30, "--workers", 1)


def commands(title: str = "Masks") -> list[list[list[str]]]:
    """Blocks of commands in a section of the guide."""
    section = GUIDE.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```\n(.*?)```", section, re.DOTALL)
    return [[shlex.split(line) for line in block.splitlines()] for block in blocks]


@pytest.fixture
def project(done_place, tmp_path, understudy, monkeypatch) -> Path:
    """A film `clip.mp4` in `project`, and the model of another project that knows its person."""
    shutil.copy(done_place.a, tmp_path / "clip.mp4")
    shutil.copy(done_place.b, tmp_path / "b.mp4")
    monkeypatch.chdir(tmp_path)
    understudy("add", "project", "clip.mp4", "--person", "a").worked()
    understudy("add", "project", "b.mp4", "--person", "b").worked()
    understudy("extract", "project", "clip", *EXTRACT).worked()
    understudy("consent", "project", "--file", done_place.consent).worked()
    shutil.copytree(done_place.project / "models" / "model", "project/models/model")
    return tmp_path / "project"


def test_masks_are_painted_as_the_guide_says(project, understudy):
    making, painting = commands()
    for _, *words in making:
        understudy(*words).worked()
    assert [words[1] for words in painting] == ["mask", "mask", "convert"]
    write_out, read_in, convert = (words[1:] for words in painting)
    too_early = understudy(*convert)
    too_early.refused("no face of clip has a mask 'custom'", "--kind custom", code=2)
    typed = understudy("preview", "project", "--source", "clip", "--mask", "mesh*nosuch")
    typed.refused("mask 'mesh'", "or make it: understudy mask", "--kind mesh", code=2)
    assert not list((project / "renders").iterdir()), "a render is told of that was not made"
    understudy(*write_out).worked()
    painted = sorted(Path("painted").glob("*.png"))
    assert len(painted) == 8
    for path in painted:
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert mask.max() == 255
        mask[:, mask.shape[1] // 2 :] = 0  # the right half of the picture stays as filmed
        cv2.imwrite(str(path), mask)
    understudy(*read_in).worked()
    understudy(*convert).worked()
    apart = {True: [], False: []}
    with Alignments.open(Path("clip.alignments"), read_only=True) as store:
        films = zip(
            FilmReader(probe(Path("clip.mp4"))).frames(),
            FilmReader(probe(Path("painted.mp4"))).frames(),
            strict=True,
        )
        for before, after in films:
            for face in store.faces(before.at.index):
                inside = {}
                for kind in ("custom", "extended"):
                    mask = face.masks[kind]
                    alpha = np.zeros(before.pixels.shape[:2], np.float32)
                    patch = feathered(mask, mask.grid_from_frame, before.space, 0.0, 0.0)
                    patch.window(alpha)[:] = patch.alpha
                    inside[kind] = alpha > 0.9
                differs = np.abs(before.pixels.astype(int) - after.pixels).mean(2)
                apart[True].append(differs[inside["custom"]].mean())
                apart[False].append(differs[inside["extended"] & ~inside["custom"]].mean())
    assert np.mean(apart[True]) > 2 * np.mean(apart[False])  # H.264 touches all of the frame


def test_the_rest_of_the_guide_from_top_to_bottom(project, understudy):
    said = {}
    titles = ("Look", "Remove and number", "Landmarks that slip")
    for title in (*titles, "The mesh of older and imported faces"):
        for _, *words in commands(title)[0]:
            # it has one track, whose faces would all be gone, and fewer than twelve of them
            if "--track" not in words and "spatial" not in words:
                said[" ".join(words)] = understudy(*words).worked().out
    assert Path("look.png").exists() and Path("look.mp4").exists()
    assert len(said) == 9 and "stale: nothing" in understudy("alignments", "info", "clip.mp4").out
    assert (
        "8 faces" in understudy("alignments", "remove", "clip.mp4", "--track", 0, "--dry-run").out
    )


def test_swap_makes_a_mask_that_it_was_asked_for(done, understudy):
    """It extracted and trained for minutes, and then refused a mask that was merely not made."""
    with Project.open(done.project) as project:  # it is a copy, and would find the first films
        for source in project.sources:
            project.move_source(source.id, done.folder / source.path.name, source.fingerprint)
    film = done.a.with_suffix(".alignments")
    with Alignments.open(film, read_only=True) as store:
        assert "mesh" not in store.summary().masks
    told = understudy(*done.swap("--mask", "mesh")).worked()
    assert "making the mask mesh" in told.out + told.err and done.out.exists()
    with Alignments.open(film, read_only=True) as store:
        assert store.summary().masks["mesh"] == 8
