"""Sources of one stem in one folder, as `x.mp4` with `x.mov`, or DeepFaceLab's film and frames."""

from __future__ import annotations

import shutil

from understudy.flow import Silent
from understudy.imaging.png import encode_png
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.store.alignments import Alignments, alignments_path

OPTIONS = ExtractOptions(size=96, min_face_px=30, workers=1)


def test_each_of_one_stem_is_extracted_and_the_first_still_converts(
    films, people, registry, extracted, converter, tmp_path
):
    footage = extracted(films.a, OPTIONS).copy(tmp_path / "place")
    take = footage.media
    before = footage.alignments.read_bytes()
    mov, folder = take.with_suffix(".mov"), take.with_suffix("")
    shutil.copy2(films.b, mov)
    folder.mkdir()
    for number, pixels in enumerate(people.b[:3]):
        (folder / f"{number}.png").write_bytes(encode_png(pixels))
    for media in (mov, folder, mov):  # the last one is done already
        faces = tmp_path / f"faces of {media.name}"
        report = extract(ExtractInputs(media, faces), OPTIONS, registry, Silent())
        assert report.alignments == alignments_path(media) != footage.alignments
        with Alignments.open(report.alignments, read_only=True) as store:
            assert store.source.name == media.name and store.finished
    assert footage.alignments.read_bytes() == before
    assert not list(take.parent.glob("*.bak*"))
    assert converter(footage, "out.mp4").frames == 24
