"""`understudy preview`: settings side by side, and nothing made but a sheet."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from understudy.store.alignments import Alignments
from understudy.store.project import Project

SIDE = 96
STEP = SIDE + 4
TOP = 22


def cells(path, rows):
    """Rows of pictures of a sheet, without the borders where labels and marks lie."""
    sheet = cv2.imread(str(path))[..., ::-1]
    columns = (sheet.shape[1] - 4) // STEP
    inner = slice(16, SIDE - 16)
    return [
        [
            sheet[TOP + r * STEP :][:SIDE, 4 + c * STEP :][:, :SIDE][inner, inner].astype(int)
            for c in range(columns)
        ]
        for r in range(rows)
    ]


def test_settings_are_shown_side_by_side(done, understudy):
    sheet = done.folder / "look.png"
    words = ["preview", done.project, "-o", sheet, "--cell-px", SIDE, "--frames", "2,5-6"]
    before = {p for p in done.folder.rglob("*") if p.is_file()}
    times = {p: p.stat().st_mtime_ns for p in done.project.rglob("*")}
    understudy(*words).worked()
    assert {p: p.stat().st_mtime_ns for p in done.project.rglob("*")} == times, "only looked at"
    for source, now, matte, difference in cells(sheet, 3):
        apart = np.abs(now - source)
        assert apart.max() > 10 and matte.max() > 200, "somebody is replaced"
        assert np.abs(np.clip(4 * apart, 0, 255) - difference).max() <= 1
    plain = cells(sheet, 3)
    told = understudy(*words, "--knob", "shape=0", "--match-colour", "none", "--keep").worked()
    assert "these settings hold" in told.out + told.err
    for old, (source, before_, now, *_) in zip(plain, cells(sheet, 3), strict=True):
        assert np.array_equal(old[0], source) and np.array_equal(old[1], before_)
        assert np.abs(now - before_).max() > 5
    after = {p for p in done.folder.rglob("*") if p.is_file()}
    assert {p.name for p in after - before} <= {"look.png", "project.log", "log.txt"}
    with Project.open(done.project, read_only=True) as project:
        assert project.settings["options"]["convert"]["match_colour"] == "none"
    # kept settings are what is plain from now on
    understudy(*words).worked()
    assert len(cells(sheet, 3)[0]) == 4


def test_what_is_in_the_way_stays(done, understudy):
    mine = done.folder / "mine.png"
    cv2.imwrite(str(mine), np.zeros((8, 8, 3), np.uint8))
    kept = mine.read_bytes()
    understudy("preview", done.project, "-o", mine).refused("is no preview")
    assert mine.read_bytes() == kept
    outside = ["--frames", "900-"]
    free = done.folder / "free.png"
    understudy("preview", done.project, "-o", free, *outside).refused("names no frame", code=2)
    assert not free.exists()


def test_frames_to_review_are_shown_with_the_reason(done, understudy):
    with Project.open(done.project) as project:  # it is a copy, and would find the first films
        for source in project.sources:
            project.move_source(source.id, done.folder / source.path.name, source.fingerprint)
    with Alignments.open(done.a.with_suffix(".alignments")) as store:
        (face,) = store.faces(4)
        store.put_face(replace(face, quality={**face.quality, "presence": 0.1}))
    sheet = done.folder / "look.png"
    words = ["preview", done.project, "-o", sheet, "--cell-px", SIDE, "--review"]
    told = understudy(*words).worked()
    assert "1 frame to review in a.mp4" in told.out + told.err
    (row,) = cells(sheet, 1)
    shown = cells_of_frame(done, understudy, 4)
    assert np.abs(row[0] - shown).max() == 0
    understudy(*words, "--frames", 1).refused("--review and --frames", code=2)


def cells_of_frame(done, understudy, index):
    other = done.folder / "other.png"
    understudy("preview", done.project, "-o", other, "--cell-px", SIDE, "--frames", index).worked()
    return cells(other, 1)[0][0]
