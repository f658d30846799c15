"""What the options of extraction do to a film of two actors, and what is refused in words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from understudy.errors import (
    MediaError,
    NoFaces,
    OtherSettings,
    PluginError,
    StoreError,
    ValueRefused,
    WeightsError,
)
from understudy.flow import Silent
from understudy.plugin import Registry
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import ExtractInputs, extract
from understudy.stages.faces.colour import table as kept_table
from understudy.stages.faces.source import reader_of
from understudy.store.alignments import Alignments
from understudy.store.faceset import list_faceset, read_face_png
from understudy.types import Face

Run = Callable[..., tuple[list[list[Face]], Any]]


@pytest.fixture(scope="module")
def cast(people, film, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shots: A, then B, then A again, 12 frames each."""
    pictures = [*people.a[:12], *people.b[:12], *people.a[4:16]]
    return film(tmp_path_factory.mktemp("cast") / "cast.mp4", pictures, sound=False)


@pytest.fixture
def run(registry: Registry, tmp_path: Path) -> Run:
    def go(media: Path, progress: Silent | None = None, **chosen: Any) -> Any:
        options = ExtractOptions(**{"size": 64, "min_face_px": 30, "workers": 1} | chosen)
        mine = tmp_path / "mine"
        mine.mkdir(exist_ok=True)
        inputs = ExtractInputs(Path(shutil.copy2(media, mine)), tmp_path / "faces")
        report = extract(inputs, options, registry, progress or Silent())
        with Alignments.open(report.alignments, read_only=True) as store:
            return [faces for _, faces in store.by_frame()], report

    return go


def photo(path: Path, pixels: np.ndarray) -> str:
    cv2.imwrite(str(path), np.ascontiguousarray(pixels[..., ::-1]))
    return str(path)


def test_shots_tracks_and_persons(cast, run):
    rows, report = run(cast)
    assert (report.shots, report.tracks, report.persons) == (3, 3, 2)
    with Alignments.open(report.alignments, read_only=True) as store:
        assert store.shots() == [0, 12, 24]
        one, two, three = store.tracks()
    assert one.person == three.person != two.person
    assert [[f.track for f in faces] for faces in rows] == [[0]] * 12 + [[1]] * 12 + [[2]] * 12


def test_only_wanted_persons(cast, run, people, tmp_path):
    wanted = photo(tmp_path / "a.png", people.a[6])
    rows, _ = run(cast, wanted=wanted)
    assert [len(faces) for faces in rows] == [1] * 12 + [0] * 12 + [1] * 12


def test_unwanted_persons_are_left_out(cast, run, people, tmp_path):
    unwanted = photo(tmp_path / "a.png", people.a[6])
    rows, _ = run(cast, unwanted=unwanted, every_frame=True)
    assert [len(faces) for faces in rows] == [0] * 12 + [1] * 12 + [0] * 12


def test_a_photo_without_a_face_or_without_an_embedder_is_refused(cast, run, people, tmp_path):
    nobody = photo(tmp_path / "nobody.png", people.nobody)
    with pytest.raises(NoFaces, match=r"nobody\.png"):
        run(cast, wanted=nobody)
    with pytest.raises(ValueRefused, match="--embedder"):
        run(cast, wanted=nobody, embedder="none", new=True)


def test_filters_by_landmarks(cast, run):
    everything, _ = run(cast, every=4)
    distance = sorted(f.quality["average_distance"] for faces in everything for f in faces)
    between = (distance[2] + distance[3]) / 2
    strict, _ = run(cast, every=4, max_distance=between, new=True)
    assert sum(map(len, strict)) == 3
    large, _ = run(cast, every=4, max_scale=0.99, min_scale=0.1, filter_features=True, new=True)
    assert sum(map(len, large)) == len(distance)
    with pytest.raises(NoFaces):
        run(cast, every=4, max_scale=0.1, new=True)


def test_faces_on_their_head_are_found_where_frames_are_turned(people, film, run, tmp_path):
    media = film(tmp_path / "over.mp4", [np.rot90(p, 2) for p in people.a[:8]], sound=False)
    rows, _ = run(media, rotate="90,180,270", every_frame=True)
    assert all(faces for faces in rows)
    for face, *_ in rows:
        points = face.alignment.landmarks
        assert points[8, 1] < points[27, 1], "the chin lies above the eyes"
    with pytest.raises(ValueRefused, match=r"90,180,270, got '45'"):
        ExtractOptions(rotate="45")


def test_masks_and_fit_points_of_choice(cast, run):
    rows, _ = run(
        cast, every=12, masks="extended,custom", template="eyes", mask={"extended": {"mask_px": 64}}
    )
    face = rows[0][0]
    assert set(face.masks) == {"extended", "custom"}
    assert face.masks["extended"].alpha.shape == (64, 64)
    assert face.masks["custom"].alpha.shape == (128, 128)
    eyes = face.alignment.landmarks_unit[36:48].mean(0)
    assert np.allclose(eyes, (0.4635, 0.2245), atol=0.05)


def test_last_resorts_are_announced_and_licences_can_be_insisted_on(
    cast, run, monkeypatch, tmp_path
):
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.setenv("UNDERSTUDY_OFFLINE", "1")
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    progress = Silent()
    rows, _ = run(cast, progress, every=6)
    assert rows[0][0].made_by["align"].startswith("dlib68")
    assert any("mtcnn is used as the last resort" in line for line in progress.said)
    assert any("no commercial use" in line for line in progress.said)
    assert {"last-resort", "no-commercial-use"} <= set(progress.warned)
    with pytest.raises(PluginError, match="shape_predictor_68"):
        run(cast, every=6, new=True, commercial_safe=True)
    with pytest.raises(WeightsError, match="understudy weights fetch"):
        run(cast, every=6, new=True, detector="mediapipe")


def test_debug_images_show_each_frame_with_a_face(cast, run, tmp_path):
    run(cast, every=6, debug_images=True)
    written = sorted(p.name for p in (tmp_path / "faces-debug").iterdir())
    assert written == [f"{i:06d}.jpg" for i in range(0, 36, 6)]
    assert cv2.imread(str(tmp_path / "faces-debug" / written[0])).shape == (120, 160, 3)


def test_boxes_from_a_file(cast, run, tmp_path):
    boxes = tmp_path / "boxes.json"
    first, _ = run(cast, every_frame=True, every=6)
    entries = (
        f'"{faces[0].at.index}": [{[round(float(v), 2) for v in faces[0].box_xyxy]}]'
        for faces in first
    )
    boxes.write_text("{" + ", ".join(entries) + "}")
    again, _ = run(
        cast,
        detector="file",
        detect={"file": {"boxes_path": str(boxes)}},
        every_frame=True,
        every=6,
        new=True,
    )
    for one, two in zip(first, again, strict=True):
        near = np.abs(one[0].alignment.landmarks - two[0].alignment.landmarks).mean()
        assert near < 1.5


def test_deep_sources_keep_their_depth_and_hdr_is_brought_to_rec709(people, run, tmp_path):
    import av

    media = tmp_path / "deep" / "deep.mkv"
    media.parent.mkdir()
    with av.open(str(media), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p10le"
        for picture in people.a[:4]:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    rows, report = run(media)
    assert [len(faces) for faces in rows] == [1] * 4
    picture, _ = read_face_png(list_faceset(report.faces_folder)[0])
    assert picture.dtype == np.uint16


def test_log_footage_is_refused_with_the_reason(people, run, tmp_path):
    import av

    media = tmp_path / "log" / "log.mp4"
    media.parent.mkdir()
    with av.open(str(media), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.codec_context.color_trc = 9
        for picture in people.a[:4]:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="--assume-colour"):
        run(media)
    rows, _ = run(media, assume_colour="rec709")
    assert all(faces for faces in rows)


def test_log_footage_is_seen_through_its_table(people, run, tmp_path):
    import av

    media = tmp_path / "log" / "log.mp4"
    media.parent.mkdir()
    with av.open(str(media), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.codec_context.color_trc = 9
        for picture in people.a[:4]:
            flat = (76 + picture * 0.4).astype(np.uint8)  # 0 to 1 become 0.3 to 0.7
            container.mux(stream.encode(av.VideoFrame.from_ndarray(flat, "rgb24")))
        container.mux(stream.encode(None))
    table = tmp_path / "camera.cube"
    ends = "DOMAIN_MIN 0.3 0.3 0.3\nDOMAIN_MAX 0.7 0.7 0.7\n0 0 0\n1 1 1\n"
    table.write_text(f"LUT_1D_SIZE 2\n{ends}")
    rows, report = run(media, plate_lut=str(table))
    assert [len(faces) for faces in rows] == [1] * 4
    picture, _ = read_face_png(list_faceset(report.faces_folder)[0])
    assert np.ptp(picture) > 180  # of 102 levels that are stored
    (copy,) = report.alignments.parent.glob("*.cube")
    again, _ = run(media)  # remembers
    assert len(again) == 4
    with Alignments.open(report.alignments, read_only=True) as store:
        first = next(reader_of(store, depth="8").frames())
    assert abs(first.pixels.astype(int) - people.a[0]).mean() < 4
    other = tmp_path / "other.cube"
    other.write_text("LUT_1D_SIZE 2\n0 0 0\n1 1 1\n")
    with pytest.raises(OtherSettings, match="plate_lut"):
        run(media, plate_lut=str(other))
    copy.write_text(other.read_text())
    kept_table._read.cache_clear()
    with pytest.raises(StoreError, match="another look-up table"):
        run(media)
    copy.unlink()
    kept_table._read.cache_clear()
    with pytest.raises(StoreError, match=r"is not there, the look-up table.*--plate-lut"):
        run(media)
