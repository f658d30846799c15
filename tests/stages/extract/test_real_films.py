"""Real films, where they lie beside the checkout: every face, no other, and no track that jumps."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from understudy.errors import NoFaces
from understudy.flow import Silent
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.store.alignments import Alignments


@pytest.mark.parametrize(
    ("name", "faces"),
    [
        ("intel_headpose_female-and-male.gif", 2),
        ("intel_headpose_female.gif", 1),
        ("intel_signer1_yes.mkv", 1),  # a skull on the shirt
        ("intel_signer3_book.mkv", 1),  # hands before the face
    ],
)
def test_every_face_once_and_one_track_each(name, faces, shared, registry, tmp_path):
    inputs = ExtractInputs(Path(shutil.copy2(shared / "media/video" / name, tmp_path)), tmp_path)
    options = ExtractOptions(size=64, masks="components")
    report = extract(inputs, options, registry, Silent())
    with Alignments.open(report.alignments, read_only=True) as store:
        tracks = [[face.track for face in found] for _, found in store.by_frame()]
    assert tracks == [list(range(faces))] * report.frames
    assert (report.shots, report.tracks, report.persons) == (1, faces, faces)


def test_no_face_in_grass(shared, registry, tmp_path):
    picture = Path(shutil.copy2(shared / "media/stills/noface_grass.jpg", tmp_path))
    with pytest.raises(NoFaces):
        extract(ExtractInputs(picture, tmp_path / "faces"), ExtractOptions(), registry, Silent())
