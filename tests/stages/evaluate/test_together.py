"""Of films in step only the frames that are looked at become pictures."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.imaging.png import encode_png
from understudy.media import ReadReport
from understudy.stages.evaluate.together import in_step, in_threes


@pytest.fixture
def pair(film, tmp_path):
    """Two films of 9 frames that get brighter and darker."""
    levels = np.linspace(20, 230, 9).astype(np.uint8)
    film(tmp_path / "a.mp4", [np.full((48, 64, 3), v, np.uint8) for v in levels])
    film(tmp_path / "b.mp4", [np.full((48, 64, 3), 250 - v, np.uint8) for v in levels])
    return tmp_path / "a.mp4", tmp_path / "b.mp4"


def test_frames_that_are_wanted_are_the_same_as_among_all(pair):
    every, report = list(in_step(*pair, None)), ReadReport()
    some = list(in_step(*pair, None, only={2, 3, 7}, report=report))
    assert [t[0].at.index for t in some] == [2, 3, 7] and report.decoded == 9
    for before, after, _ in some:
        assert before.at == every[before.at.index][0].at
        np.testing.assert_array_equal(after.pixels, every[before.at.index][1].pixels)


def test_a_frame_that_was_left_out_is_nobodys_neighbour(pair):
    threes = list(in_threes(in_step(*pair, None, only={0, 2, 3, 4, 8})))
    seen = [[None if t is None else t[0].at.index for t in three] for three in threes]
    assert seen == [[None, 0, None], [None, 2, 3], [2, 3, 4], [3, 4, None], [None, 8, None]]


@pytest.mark.parametrize("only", [None, {1, 2}])
def test_films_of_other_lengths_are_refused_whatever_is_looked_at(pair, film, tmp_path, only):
    film(tmp_path / "c.mp4", [np.zeros((48, 64, 3), np.uint8)] * 8)
    with pytest.raises(MediaError, match=r"same number of frames: c\.mp4 ends after 8 frames"):
        list(in_step(pair[0], tmp_path / "c.mp4", None, only=only))


def test_pictures_in_folders_go_by_their_order(tmp_path):
    """A damaged picture of the one folder leaves a gap that the other does not have."""
    for name, numbers in (("a", [0, 1, 2, 3]), ("b", [0, 2, 3])):
        (tmp_path / name).mkdir()
        for n in numbers:
            picture = encode_png(np.full((16, 16, 3), 50 * n, np.uint8))
            (tmp_path / name / f"{n}.png").write_bytes(picture)
    (tmp_path / "a" / "1.png").write_bytes(picture[:60])
    read = list(in_step(tmp_path / "a", tmp_path / "b", None, only={2}))
    assert all((a.pixels == b.pixels).all() for a, b, _ in read) and len(read) == 3
