"""`Film`: any frame is the very frame that going through the film gives."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import understudy as us
from understudy.errors import MediaError, ValueRefused


@pytest.fixture
def odd(film, people, tmp_path: Path) -> Path:
    """Frames at uneven times."""
    pts = [0, 3, 4, 9, 12, 13, 20, 22, 30, 31, 32, 40, 50, 51, 60, 70]
    base = Fraction(1, 90)
    return film(tmp_path / "odd.mp4", list(people.a), time_base=base, pts=pts, sound=False)


def test_frames_by_number_are_those_in_order_however_they_are_asked_for(odd) -> None:
    all_ = list(us.Film(odd))
    assert [f.at.index for f in all_] == list(range(16))
    film = us.Film(odd)
    for index in (7, 3, 15, 0, 14, 1, 8, 9, 2, 12, 4, 6, 5, 13, 11, 10):
        frame = film[index]
        assert frame.at == all_[index].at
        assert np.array_equal(frame.pixels, all_[index].pixels)
    assert film[-1].at == all_[-1].at
    assert len(film) == 16


@pytest.mark.parametrize(
    "part", [slice(3, 9), slice(None, None, 5), slice(-4, None), slice(9, 3), slice(2, 99, 3)]
)
def test_slices_are_those_of_a_list(odd, part) -> None:
    assert [f.at.index for f in us.Film(odd)[part]] == list(range(16))[part]


def test_what_is_not_there_is_an_index_error(odd) -> None:
    film = us.Film(odd)
    for index in (16, 99, -17):
        with pytest.raises(IndexError, match=f"odd.mp4: there is no frame {index}; it has 16"):
            film[index]
    with pytest.raises(ValueRefused, match="forward only, got the step -1"):
        film[::-1]
    with pytest.raises(ValueRefused, match="start >= 0 and every >= 1, got -1, 1"):
        film.frames(-1)


def test_a_time_of_another_reading_begins_there(odd) -> None:
    at = us.Film(odd)[7].at
    assert [f.at.index for f in us.Film(odd).frames(at, every=4)] == [7, 11, 15]


def test_a_folder_of_images_is_a_film(people, tmp_path: Path) -> None:
    from understudy.imaging.png import encode_png

    for number in (1, 2, 10):
        (tmp_path / f"p{number}.png").write_bytes(encode_png(people.a[number]))
    film = us.Film(tmp_path)
    assert len(film) == 3
    assert np.array_equal(film[2].pixels, people.a[10])
    assert [f.at.index for f in film] == [0, 1, 2]


def test_it_says_what_it_is(films) -> None:
    film = us.Film(films.a)
    assert film.size == (160, 120)
    assert film.fps == 25
    assert repr(film) == f"Film('{films.a}', 160x120, 24 frames, 25 fps)"
    with pytest.raises(MediaError, match="there is no such file"):
        us.Film(films.folder / "none.mp4")
