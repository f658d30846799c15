"""Some frames of a film, one of them as a picture, and new faces without the film."""

from __future__ import annotations

import json
from fractions import Fraction

import av
import numpy as np
import pytest

from understudy.errors import Cancelled, ValueRefused
from understudy.flow import Silent
from understudy.media import frames, probe
from understudy.media.stills import read_image
from understudy.provenance.folder import verify_folder
from understudy.provenance.verify import verify
from understudy.stages.convert import stage
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.part import chosen_frames
from understudy.stages.convert.part.ranges import read_frames
from understudy.types import Timestamp


@pytest.fixture(scope="module")
def footage(films, extracted):
    """Film A; no face in frames 10 to 12. Not to be changed."""
    return extracted(films.a)


def made(folder, ending="png"):
    return {int(p.stem): read_image(p) for p in sorted(folder.glob(f"*.{ending}"))}


@pytest.mark.parametrize(
    ("words", "ranges"),
    [
        ("120", ((120, 120),)),
        ("100-200,350-", ((100, 200), (350, None))),
        (" 5-7 , 3-4,9", ((3, 7), (9, 9))),
        ("3-,1,100-200", ((1, 1), (3, None))),
        ("1-9,2-3", ((1, 9),)),
    ],
)
def test_words_are_ranges(words, ranges):
    assert read_frames(words) == ranges


@pytest.mark.parametrize("words", ["", ",", "-5", "9-3", "a", "1--2", "1.5", "9" * 40])
def test_other_words_are_refused(words):
    with pytest.raises(ValueRefused, match="100-200,350-"):
        read_frames(words)


def _times(pts):
    at = [Timestamp(i, p, Fraction(1, 600)) for i, p in enumerate(pts)]
    return at[-1], lambda i: at[i] if 0 <= i < len(at) else None


def test_runs_follow_each_other_in_a_film():
    uneven = [100, 124, 150, 174, 198, 230, 254]
    part = chosen_frames("1-2,4-", *_times(uneven), "a.mp4")
    chosen = [i for i in range(9) if i in part]
    assert chosen == [1, 2, 4, 5, 6] and part.count == 5 and part.last == 6
    assert [part.place_of(i) for i in chosen] == [0, 1, 2, 3, 4]
    assert [part.index_at(n) for n in range(6)] == [1, 2, 4, 5, 6, 7]
    moved = [part.moved(Timestamp(i, uneven[i], Fraction(1, 600))).pts for i in chosen]
    assert moved == [0, 26, 50, 82, 106], "the gap is as long as frame 2 was shown"
    with pytest.raises(ValueRefused, match=r"7-9.*has 7"):
        chosen_frames("7-9", *_times(uneven), "a.mp4")


def test_frames_are_the_same_as_in_the_whole_film(footage, converter, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "SEGMENT", 4)
    how = {"match_colour": "average"}
    converter(footage, "whole", **how)
    whole = made(tmp_path / "whole")
    for _ in range(2):
        progress = Silent()
        progress.cancelled = True
        with pytest.raises(Cancelled):
            converter(footage, "some", progress, frames="2-6,9-13", **how)
    report = converter(footage, "some", frames="2-6,9-13", **how)
    assert report.frames == 10
    some = made(tmp_path / "some")
    assert list(some) == [2, 3, 4, 5, 6, 9, 10, 11, 12, 13]
    assert all(np.array_equal(picture, whole[i]) for i, picture in some.items())
    assert verify_folder(tmp_path / "some").whole.state == "ours"


def test_a_film_of_some_frames_and_one_picture(footage, converter, tmp_path):
    report = converter(footage, "some.mp4", frames="2-6,20-")
    assert report.frames == 9
    found = list(frames(probe(tmp_path / "some.mp4")))
    assert len(found) == 9
    assert not probe(tmp_path / "some.mp4").audio
    steps = np.diff([float(f.at.seconds) for f in found])
    assert steps == pytest.approx(np.full(8, 0.04), abs=1e-6)
    assert verify(tmp_path / "some.mp4").state == "ours"
    converter(footage, "still.png", frames="5")
    converter(footage, "all", frames="5")
    still, folder = read_image(tmp_path / "still.png"), made(tmp_path / "all")
    assert np.array_equal(still, folder[5])
    assert verify(tmp_path / "still.png").state == "ours"
    for several in ("5-6", ""):
        with pytest.raises(ValueRefused, match=r"out\.png: is one picture.*--frames 120"):
            converter(footage, "out.png", frames=several)
    assert not (tmp_path / "out.png").exists()


def test_layer_and_matte_make_the_composite(footage, converter, tmp_path):
    for name, how in {"whole": {}, "layer": {"layer": True}, "matte": {"matte": True}}.items():
        converter(footage, name, frames="4,11", writer="tiff" if name == "layer" else "png", **how)
    source = {f.at.index: f.pixels for f in frames(probe(footage.media)) if f.at.index in (4, 11)}
    whole, matte = made(tmp_path / "whole"), made(tmp_path / "matte")
    for index, plate in source.items():
        path = tmp_path / "layer" / f"{index:06d}.tif"
        with av.open(str(path)) as file:
            rgba = next(file.decode(video=0)).to_ndarray(format="rgba")
        alpha = rgba[..., 3:] / 255
        over = rgba[..., :3] * alpha + plate * (1 - alpha)
        assert np.abs(over - whole[index]).max() <= 1.5
        assert np.array_equal(matte[index], np.repeat(rgba[..., 3:], 3, 2))
        assert (alpha.max() == 1) == (index == 4), "frame 11 shows nobody"
        assert verify(path).state == "ours"
    assert verify_folder(tmp_path / "layer").whole.state == "ours"
    with pytest.raises(ValueRefused, match=r"--layer: h264 stores no transparency.*4444"):
        converter(footage, "layer.mp4", layer=True)
    with pytest.raises(ValueRefused, match="--layer and --matte"):
        ConvertOptions(layer=True, matte=True)


def test_patches_make_the_composite(footage, converter, tmp_path):
    converter(footage, "whole", frames="4,11")
    converter(footage, "apart", frames="4,11", writer="patch")
    names = sorted(p.name for p in (tmp_path / "apart").iterdir())
    assert names == [
        *("000004-0.png", "000004.json", "000011.json", "credentials.svg", "times.csv")
    ]
    whole = made(tmp_path / "whole")
    for frame in (f for f in frames(probe(footage.media)) if f.at.index in (4, 11)):
        plain = json.loads((tmp_path / "apart" / f"{frame.at.index:06d}.json").read_text())
        pixels = frame.pixels.astype(float)
        for face in plain["faces"]:
            with av.open(str(tmp_path / "apart" / face["picture"])) as file:
                rgba = next(file.decode(video=0)).to_ndarray(format="rgba64le") / 65535
            left, top = (int(row[2]) for row in face["frame_from_patch"][:2])
            below = pixels[top : top + len(rgba), left : left + rgba.shape[1]]
            below += rgba[..., 3:] * (255 * rgba[..., :3] - below)
            assert face["shows"] == "b" and face["face"] == "4_0"
        assert np.abs(pixels.round() - whole[frame.at.index]).max() <= 1
        assert len(plain["faces"]) == (frame.at.index == 4), "frame 11 shows nobody"
    assert verify(tmp_path / "apart" / "000004-0.png").state == "ours"
    assert verify_folder(tmp_path / "apart").whole.state == "ours"
    (tmp_path / "apart" / "000011.json").write_text("{}")
    assert verify_folder(tmp_path / "apart").whole.state == "altered"
    with pytest.raises(ValueRefused, match="--matte: patch stores each face with its matte"):
        converter(footage, "m", writer="patch", matte=True)


def test_a_folder_of_exr_is_known_by_its_list(footage, converter, tmp_path):
    converter(footage, "light", frames="3-4", writer="exr")
    assert verify_folder(tmp_path / "light").whole.state == "ours"
    picture = tmp_path / "light" / "000003.exr"
    data = bytearray(picture.read_bytes())
    data[-20] ^= 1
    picture.write_bytes(data)
    assert verify_folder(tmp_path / "light").whole.state == "altered"
