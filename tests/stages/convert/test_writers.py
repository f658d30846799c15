"""Every writer's output from conversion to verification."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from understudy.errors import Cancelled, StoreError
from understudy.flow import Silent
from understudy.media import FilmReader, frames, probe
from understudy.provenance.beside import beside
from understudy.provenance.verify import verify
from understudy.stages.convert import stage

FILMS = [
    ("h264", "out.mov"),
    ("h264", "out.mkv"),
    ("h265", "out.mp4"),
    ("av1", "out.mp4"),
    ("prores", "out.mov"),
    ("ffv1", "out.mkv"),
]
QUICK = {n: {"preset": "ultrafast"} for n in ("h264", "h265", "av1")}


@pytest.fixture(scope="module")
def footage(people, film, extracted, tmp_path_factory):
    """Nine frames of film A, with sound. Not to be changed."""
    return extracted(film(tmp_path_factory.mktemp("short") / "short.mp4", list(people.a[:9])))


class Warned(Silent):
    """Remembers warnings."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, str] = {}

    def warn(self, message: str, *, code: str, **data: object) -> None:
        self.told[code] = message


@pytest.mark.parametrize("name,output", FILMS)
def test_every_film_is_signed_and_any_change_is_seen(footage, converter, tmp_path, name, output):
    told = Warned()
    report = converter(footage, output, told, writer=name, write=QUICK)
    path = tmp_path / output
    assert (report.frames, report.swapped_faces) == (9, 9)
    assert len(list(frames(probe(path)))) == 9
    found = verify(path)
    assert found.state == "ours" and found.disclosure is not None
    assert "consent declared" in str(found)
    assert [i["title"] for i in found.ingredients][:1] == ["short.mp4"]
    assert beside(path).exists() == (path.suffix == ".mkv")
    assert ("not-kept" in told.told) == (path.suffix == ".mkv"), told.told
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert verify(path).state in ("altered", "unreadable")
    assert not verify(path).ok


@pytest.mark.parametrize("output", ["out.gif", "out.webp"])
def test_animations_are_signed_and_any_change_is_seen(footage, converter, tmp_path, output):
    told = Warned()
    converter(footage, output, told, frames="2-5")
    path = tmp_path / output
    assert "sound is left out" in told.told["not-kept"]
    found = verify(path)
    assert found.state == "ours" and "consent declared" in str(found)
    assert not beside(path).exists()
    done, shown = cv2.imreadanimation(str(path))
    assert done and len(shown.frames) == 4 and shown.durations.tolist() == [40] * 4
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    assert not verify(path).ok


def test_credentials_beside_a_film_belong_to_it_alone(footage, converter, tmp_path):
    converter(footage, "out.mkv", writer="ffv1")
    path, notice = tmp_path / "out.mkv", tmp_path / "out.mkv.credentials.svg"
    found = verify(path)
    assert found.state == "ours" and "keep the two together" in str(found)
    assert "footage" in str(found)
    other = tmp_path / "other.mkv"
    other.write_bytes(path.read_bytes()[:-1] + b"x")
    notice.rename(beside(other))
    assert verify(other).state == "altered"
    assert "not the file that other.mkv.credentials.svg was signed for" in str(verify(other))
    lost = verify(path)
    assert lost.state == "none" and "says of itself that faces in it were replaced" in str(lost)
    beside(other).rename(notice)
    assert verify(path).state == "ours"
    text = notice.read_text()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest in text
    notice.write_text(text.replace(digest, "0" * 64))
    assert verify(path).state == "altered"
    strange = tmp_path / "strange.mkv"
    with av.open(str(strange), "w") as film:
        video = film.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame(64, 48, "yuv420p")
        film.mux(video.encode(frame) + video.encode(None))
    assert verify(strange).state == "none" and "cannot carry" in str(verify(strange))


def test_an_output_whose_credentials_are_gone_is_made_again(footage, converter, tmp_path):
    converter(footage, "out.mkv", writer="ffv1")
    notice = tmp_path / "out.mkv.credentials.svg"
    first = (tmp_path / "out.mkv").read_bytes()
    converter(footage, "out.mkv", writer="ffv1")  # complete: nothing to do
    notice.unlink()
    with pytest.raises(StoreError, match="is there already"):
        converter(footage, "out.mkv", writer="ffv1")
    (tmp_path / "out.mkv").unlink()
    notice.write_text("somebody's own")
    with pytest.raises(StoreError, match=r"credentials\.svg is there already"):
        converter(footage, "out.mkv", writer="ffv1")
    assert notice.read_text() == "somebody's own"
    notice.unlink()
    converter(footage, "out.mkv", writer="ffv1")
    assert (tmp_path / "out.mkv").read_bytes() == first and verify(tmp_path / "out.mkv").ok


@pytest.mark.parametrize("name,output", [("h265", "out.mp4"), ("ffv1", "out.mkv")])
def test_a_broken_off_conversion_ends_as_one_that_was_not(
    footage, converter, tmp_path, monkeypatch, name, output
):
    monkeypatch.setattr(stage, "SEGMENT", 4)

    class Stops(Silent):
        """Cancels when the first segment is done."""

        cancelled = False

    chosen = {"writer": name, "write": QUICK}
    converter(footage, f"whole.{output}", **chosen)
    stopped = Stops()
    stopped.cancelled = True
    with pytest.raises(Cancelled, match="1 segment is"):
        converter(footage, output, stopped, **chosen)
    (kept,) = [p for p in (tmp_path / "work").iterdir() if p.is_dir()]
    before = {p.name: p.read_bytes() for p in kept.iterdir()}
    assert list(before) == [f"seg_00000.unsigned.{'mp4' if name == 'h265' else 'nut'}"]
    converter(footage, output, **chosen)
    ends = [tmp_path / f"whole.{output}", tmp_path / output]
    if output.endswith("mkv"):
        assert ends[0].read_bytes() == ends[1].read_bytes()
    heard = []
    for path in ends:
        with av.open(str(path)) as film:
            heard.append([(p.stream_index, p.pts, p.dts, bytes(p)) for p in film.demux() if p.size])
    assert heard[0] == heard[1] and len(heard[0]) > 9


def test_ten_bits_stay_untouched_outside_of_the_face(people, extracted, converter, tmp_path):
    media = tmp_path / "deep.mkv"
    with av.open(str(media), "w") as container:
        video = container.add_stream("ffv1", rate=25, options={"slices": "4"})
        video.width, video.height, video.pix_fmt = 160, 120, "gbrp10le"
        for pixels in people.a[:4]:
            rgb = pixels.astype(np.uint16) * 257
            rgb[:, :8] = np.arange(120)[:, None, None] * 64  # levels that 8 bits do not have
            container.mux(video.encode(av.VideoFrame.from_ndarray(rgb, "rgb48le").reformat(
                format="gbrp10le")))  # fmt: skip
        container.mux(video.encode(None))
    footage = extracted(media)
    assert footage.report.faces == 4
    converter(footage, "out.mkv", writer="ffv1")
    plates = list(FilmReader(probe(media), "native").frames())
    made = list(FilmReader(probe(tmp_path / "out.mkv"), "native").frames())
    for plate, frame in zip(plates, made, strict=True):
        changed = (plate.pixels != frame.pixels).any(-1)
        assert frame.pixels.dtype == np.uint16
        assert 500 < changed.sum() < 6000 and not changed[:, :8].any()
        assert len(np.unique(frame.pixels[:, 4, 0])) == 120
    shallow = Warned()
    converter(footage, "out.mp4", shallow, write=QUICK)
    assert "10 bits a sample become 8" in shallow.told["not-kept"]
    assert probe(tmp_path / "out.mp4").bits == 8


def test_a_folder_of_pictures_still_says_nothing_is_lost(footage, converter, tmp_path: Path):
    told = Warned()
    converter(footage, "out", told)
    assert "not-kept" not in told.told
