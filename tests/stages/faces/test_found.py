"""Where a picture's masks come from, and which one counts where there are two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import StoreError
from understudy.stages.faces.found import Finder
from understudy.stages.faces.pictures import MARK, alignments_of_pictures
from understudy.store.alignments import Alignments
from understudy.store.faceset import FaceFolder, list_faceset, read_record


@pytest.fixture(scope="module")
def whole(extracted, films):
    return extracted(films.a)


@pytest.fixture
def footage(whole, tmp_path):
    return whole.copy(tmp_path / "mine")


def _look(footage, registry, kind: str = "extended", record=None):
    path = list_faceset(footage.faces)[0]
    record = record or read_record(path)
    with Finder([FaceFolder(footage.faces)], registry) as finder:
        return finder.mask(record, finder.face(record), kind, path)


def _edit(footage, **changes) -> None:
    with Alignments.open(footage.alignments) as store:
        store.put_face(replace(store.faces(0)[0], **changes))


def test_the_alignments_are_found_where_film_and_pictures_were_moved_together(footage):
    assert alignments_of_pictures(footage.faces).resolve() == footage.alignments.resolve()
    assert alignments_of_pictures(Path("/nowhere")) is None


def test_masks_lie_in_the_rows(footage, registry):
    with Alignments.open(footage.alignments, read_only=True) as store:
        row = store.faces(0)[0]
    found = _look(footage, registry)
    assert np.array_equal(found.mask.alpha, row.masks["extended"].alpha) and not found.stale
    _edit(footage, stale=frozenset({"mask:extended"}))
    assert _look(footage, registry).stale


def test_without_the_film_landmark_masks_are_drawn_as_they_were(footage, registry):
    kept = _look(footage, registry).mask
    footage.alignments.unlink()
    (footage.faces / MARK).unlink()
    drawn = _look(footage, registry).mask
    assert np.abs(drawn.alpha - kept.alpha).max() <= 1 / 500  # kept with 8 bits
    np.testing.assert_allclose(drawn.grid_from_frame.matrix, kept.grid_from_frame.matrix)
    for kind in ("custom", "hair"):
        with pytest.raises(StoreError, match=rf"no mask '{kind}'.*understudy mask .* --kind"):
            _look(footage, registry, kind)


def test_what_was_painted_counts_before_the_rows_and_older_pictures_after(footage, registry):
    record = read_record(list_faceset(footage.faces)[0])
    mask = _look(footage, registry).mask
    black = replace(mask, alpha=np.zeros_like(mask.alpha))
    older = replace(record, face=replace(record.face, masks={"extended": black}))
    assert _look(footage, registry, record=older).mask.alpha.any()
    painted = replace(older.face, made_by={"mask": "components@1 extended@hand"})
    assert not _look(footage, registry, record=replace(older, face=painted)).mask.alpha.any()
    _edit(footage, stale=frozenset({"mask:extended"}))
    assert not _look(footage, registry, record=older).mask.alpha.any()


def test_rows_of_other_landmarks_are_not_the_pictures(footage, registry):
    with Alignments.open(footage.alignments) as store:
        face = store.faces(0)[0]
        moved = face.realigned(
            type(face.alignment).fit(
                face.alignment.landmarks + 3.0, face.alignment.unit_from_frame.src
            ),
            "hand",
        )
        store.put_face(moved)
    assert not _look(footage, registry).stale


def test_marks_change_with_what_training_takes_from_a_row(footage):
    def marks():
        with Alignments.open(footage.alignments, read_only=True) as store:
            return store.marks(["extended"])

    first = marks()
    with Alignments.open(footage.alignments, read_only=True) as store:
        face = store.faces(0)[0]
    black = replace(face.masks["extended"], alpha=np.zeros_like(face.masks["extended"].alpha))
    for changes in (
        {"masks": {**face.masks, "extended": black}},
        {"stale": frozenset({"mask:extended"})},
        {"extras": {"blendshapes": np.ones(52, np.float32)}},
    ):
        _edit(footage, **changes)
        now = marks()
        assert {i for i in first if first[i] != now[i]} == {face.id}
        _edit(footage, masks=face.masks, stale=face.stale, extras=face.extras)
        assert marks() == first
    other = replace(black, kind="components")
    _edit(footage, masks={**face.masks, "components": other}, score=0.1)
    assert marks() == first
