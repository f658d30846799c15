"""Whoever comes after extraction reads the film as extraction read it: 10-bit log footage."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.flow import Silent
from understudy.imaging.drawing import Drawing
from understudy.imaging.resample import crop_image
from understudy.media import FilmReader, probe
from understudy.stages.evaluate.stage import Donor, EvaluateInputs, evaluate
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.faces.masks import add_masks, mark_all_stale
from understudy.stages.faces.source import reader_of
from understudy.stages.faces.views import FilmFaces, PictureFaces
from understudy.stages.repair.looking.draw import draw
from understudy.stages.repair.redo import redo
from understudy.stages.repair.shape import with_landmarks
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset, read_face_png

OPTIONS = ExtractOptions(size=96, min_face_px=30, workers=1, assume_colour="rec709")


@pytest.fixture(scope="module")
def whole(people, extracted, tmp_path_factory):
    """Ten bits a sample, transfer "log 100:1"; not to be changed."""
    media = tmp_path_factory.mktemp("log") / "log.mp4"
    with av.open(str(media), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p10le"
        stream.codec_context.color_trc = 9
        for picture in people.a[:4]:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="--assume-colour"):
        FilmReader.open(media)
    return extracted(media, OPTIONS)


@pytest.fixture
def footage(whole, tmp_path):
    return whole.copy(tmp_path / "mine")


def test_the_alignments_remember_how_their_film_is_read(whole):
    with Alignments.open(whole.alignments, read_only=True) as store:
        film = reader_of(store)
        later = store.timestamps()[2]
    assert film == FilmReader(probe(whole.media), "native", "rec709")
    every = list(film.frames())
    assert [f.at for f in every] == list(film.timestamps())
    assert {f.pixels.dtype for f in every} == {np.dtype(np.uint16)}
    assert np.array_equal(next(film.frames(later)).pixels, every[2].pixels)
    assert next(film.at_depth("8").frames()).pixels.dtype == np.uint8


def test_a_picture_that_repair_cuts_again_is_as_deep_as_before(footage, registry):
    with Alignments.open(footage.alignments) as store:
        (face,) = store.faces(1)
        points = face.alignment.landmarks + np.linspace(0, 4, 68)[:, None]
        store.put_face(with_landmarks(face, points, store, "hand"))
        frame = next(f for f in reader_of(store).frames() if f.at.index == 1)
    assert redo(footage.alignments, registry, Silent(), faces=footage.faces).pictures_cut == 1
    pixels, record = read_face_png(list_faceset(footage.faces)[1])
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels, crop_image(frame.pixels, record.crop_from_frame))


def test_masks_are_made_from_the_eight_bits_that_networks_know(footage, registry):
    with Alignments.open(footage.alignments) as store:
        before = {f.id: f.masks["extended"].alpha for _, faces in store.by_frame() for f in faces}
        mark_all_stale(store, ["extended"])
        film = FilmFaces(store, reader_of(store))
        (views,) = film.batches(lambda _: True, Silent())
        assert {v.pixels.dtype for v in views} == {np.dtype(np.uint8)}
        assert add_masks(film, ["extended"], False, registry, Silent()).faces == 4
        for _, faces in store.by_frame():
            assert np.array_equal(faces[0].masks["extended"].alpha, before[faces[0].id])
    (views,) = PictureFaces(footage.faces, registry).batches(lambda _: True, Silent())
    assert {v.pixels.dtype for v in views} == {np.dtype(np.uint8)}


@pytest.mark.parametrize("name", ["drawn.mp4", "drawn", "drawn.png"])
def test_faces_are_drawn_on_it(whole, registry, tmp_path, name):
    assert draw(whole.alignments, tmp_path / name, Drawing(), registry, Silent()) == 4


def test_it_is_converted_and_evaluated(whole, converter, tmp_path):
    report = converter(whole, "out.mp4", faces="all")
    assert report.frames == 4
    inputs = EvaluateInputs(
        source=whole.media,
        output=report.output,
        alignments=whole.alignments,
        casting={"all": "b"},
        donors={"b": (Donor(whole.alignments),)},
        sheet=tmp_path / "sheet.png",
        rows=2,
    )
    assert evaluate(inputs, converter.registry, Silent()).frames_with_face == 4
