"""A face that fails stays as it was filmed, and the film is finished."""

from __future__ import annotations

import av
import numpy as np
import pytest

from understudy.errors import StoreError, ValueRefused
from understudy.flow import Silent
from understudy.media import frames, probe
from understudy.media.stills import read_image
from understudy.stages.convert.compose import Composer
from understudy.stages.convert.stream.spared import Spared
from understudy.store.alignments import Alignments


class Warned(Silent):
    """Remembers warnings."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []

    def warn(self, message: str, *, code: str, **data: object) -> None:
        self.told.append((code, message))


@pytest.fixture(scope="module")
def footage(people, film, extracted, tmp_path_factory):
    """Nine frames, with a face in each. Not to be changed."""
    path = tmp_path_factory.mktemp("nine") / "nine.mp4"
    return extracted(film(path, list(people.a[:9]), sound=False))


def changed(footage, folder) -> list[int]:
    """Frames that differ from the plate's."""
    plates = [f.pixels for f in frames(probe(footage.media))]
    made = [read_image(p) for p in sorted(folder.glob("*.png"))]
    assert len(made) == len(plates), "every frame is there"
    return [n for n, (a, b) in enumerate(zip(plates, made, strict=True)) if (a != b).any()]


SINGULAR = np.linalg.LinAlgError("Singular matrix")
NO_NUMBERS = StoreError("model x: makes pixels that are no numbers")


def failing(monkeypatch, name, wrong, error):
    """Has a method of `Composer` fail for faces of some frames."""
    usual = getattr(Composer, name)

    def fails(self, *given):
        for one in given[-1]:
            face = one[1] if isinstance(one, tuple) else one.face
            if face.at.index in wrong:
                raise error
        return usual(self, *given)

    monkeypatch.setattr(Composer, name, fails)


@pytest.mark.parametrize(
    ("name", "error"),
    [("made", SINGULAR), ("made", NO_NUMBERS), ("placed", SINGULAR), ("joined", SINGULAR)],
)
def test_what_fails_is_left_and_said(footage, converter, tmp_path, monkeypatch, name, error):
    failing(monkeypatch, name, {3, 7}, error)
    told = Warned()
    converter(footage, "out", told, faces_at_once=4)
    assert changed(footage, tmp_path / "out") == [0, 1, 2, 4, 5, 6, 8]
    left = [words for code, words in told.told if code == "face-left"]
    assert len(left) == 2 and "frame 3: face 3_0 stays" in left[0] and str(error) in left[0]
    (last,) = [words for code, words in told.told if code == "faces-left"]
    assert "2 faces failed and stayed as filmed, in frames 3, 7" in last


def test_a_run_that_goes_on_tells_of_faces_that_were_left_before(footage, tmp_path):
    with Alignments.open(footage.alignments, read_only=True) as store:
        faces = [face for _, found in store.by_frame() for face in found]
    kept = tmp_path / "left.json"
    first = Spared(Warned(), kept)
    first.worked(5)
    first.failed(faces[3], SINGULAR)
    first.keep()
    told = Warned()
    second = Spared(told, kept)
    second.failed(faces[3], SINGULAR)  # in the segment that the first one did not finish
    second.failed(faces[7], SINGULAR)
    second.settle()
    assert "2 faces failed and stayed as filmed, in frames 3, 7" in dict(told.told)["faces-left"]
    kept.write_text("[")
    assert Spared(told, kept).count == 0


@pytest.mark.parametrize("frames", ["", "2"])
def test_what_fails_for_all_is_an_error(footage, converter, tmp_path, monkeypatch, frames):
    with monkeypatch.context() as patch:
        failing(patch, "placed", set(range(9)), SINGULAR)
        for _ in range(2):  # and no finished segment is found by the next run
            with pytest.raises(np.linalg.LinAlgError):
                converter(footage, "out", frames=frames)
            assert not (tmp_path / "out").exists()
    with pytest.raises(ValueRefused, match="knows of no edge"):
        converter(footage, "learned", mask="learned", frames=frames)


def test_a_broken_frame_in_the_middle_is_passed_over_and_said(
    people, film, extracted, converter, tmp_path
):
    path = film(tmp_path / "broken.mp4", list(people.a[:12]), sound=False)
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size, p.pts) for p in container.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    at, size, _ = packets[5]
    data[at : at + size] = bytes(size)
    path.write_bytes(data)
    footage = extracted(path)
    plates = list(frames(probe(footage.media)))
    assert 6 <= len(plates) < 12, "what the decoder cannot show is missing"
    told = Warned()
    report = converter(footage, "out.mkv", told, writer="ffv1")
    made = list(frames(probe(tmp_path / "out.mkv")))
    assert report.frames == len(made) == len(plates)
    apart = [abs(m.at.seconds - p.at.seconds) for m, p in zip(made, plates, strict=True)]
    assert max(apart) <= 0.001, "frames behind it keep their times"
    assert "film-damaged" in dict(told.told) and report.swapped_faces >= 6
