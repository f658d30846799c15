"""The screen an HDR film was graded on, read and said again."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from understudy.media.colour.mastering import Mastering, mastering_of, say_mastering

P3 = (34000, 16000, 13250, 34500, 7500, 3000, 15635, 16450)
SAID = Mastering(P3, (10_000_000, 50), (1000, 400))


@dataclass
class Data:
    name: str
    data: bytes

    @property
    def type(self) -> SimpleNamespace:
        return SimpleNamespace(name=self.name)

    def __bytes__(self) -> bytes:
        return self.data


def frame(numbers: list[int], levels: tuple[int, int] | None = None) -> SimpleNamespace:
    found = [Data("MASTERING_DISPLAY_METADATA", struct.pack("=22i", *numbers))] if numbers else []
    if levels:
        found.append(Data("CONTENT_LIGHT_LEVEL", struct.pack("=2I", *levels)))
    return SimpleNamespace(side_data=found)


def test_what_a_frame_says():
    ratios = [n for xy in P3 for n in (xy, 50000)] + [50, 10000, 1000, 1]
    assert mastering_of(frame([*ratios, 1, 1], (1000, 400))) == SAID
    assert mastering_of(frame([*ratios, 0, 1])) == Mastering(luminance=(10_000_000, 50))
    assert mastering_of(frame([], (0, 0))) is None
    ratios[1] = 0
    assert mastering_of(frame([*ratios, 1, 1])) is None


def test_as_encoders_take_it():
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    assert SAID.x265 == f":master-display={display}:max-cll=1000,400"
    assert Mastering(levels=(1, 2)).x265 == ":max-cll=1,2"
    assert "G(0.26500,0.69000)" in SAID.svt_av1
    assert SAID.svt_av1.endswith("L(1000.0000,0.0050):content-light=1000,400")
    assert Mastering().boxes == b""
    assert SAID.boxes[4:12] == b"mdcv" + struct.pack(">2H", 13250, 34500)


@pytest.mark.parametrize("damage", [b"", b"\0\0\0\x10moov\0\0\0\x08trak", b"\0\0\0\x08free"])
def test_a_file_without_an_index_is_left_as_it_was(tmp_path, damage):
    path = tmp_path / "a.mp4"
    path.write_bytes(damage)
    with pytest.raises(ValueError, match="index"):
        say_mastering(path, SAID)
    assert path.read_bytes() == damage
