"""A notice beside a film is believed for what was signed in it, and for nothing else."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from pathlib import Path

import pytest

from understudy.provenance.beside import SUFFIX, list_of_film
from understudy.provenance.credentials import sign
from understudy.provenance.folder import LIST, verify_folder
from understudy.provenance.verify import verify


def forged(path: Path, name: str, digest: str) -> bytes:
    """A signed file whose padding, which nobody signed, says a list."""
    data = bytearray(path.read_bytes())
    plain = {"format": 1, "pictures": 0, "files": [[name, digest]]}
    text = b'<desc id="understudy-files">' + json.dumps(plain).encode() + b"</desc>"
    at = data.index(bytes(len(text) + 32)) + 16
    data[at : at + len(text)] = text
    at = 8
    while path.suffix == ".png" and at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"caBX":  # so that the chunk's own check sum fits
            check = struct.pack(">I", zlib.crc32(data[at + 4 : at + 8 + size]))
            data[at + 8 + size : at + 12 + size] = check
        at += 12 + size
    return bytes(data)


@pytest.mark.parametrize("name", ["out.png", "out.mp4"])
def test_a_signed_file_of_another_kind_is_no_notice(tmp_path: Path, signed, name: str) -> None:
    film = tmp_path / "film.mkv"
    film.write_bytes(b"\x1a\x45\xdf\xa3" + b"not what was signed" * 9)
    data = forged(signed(name), film.name, hashlib.sha256(film.read_bytes()).hexdigest())
    notice = film.with_name(film.name + SUFFIX)
    notice.write_bytes(data)
    assert verify(notice).state == "ours"  # as which it is true
    verdict = verify(film)
    assert not verdict.ok and "no notice" in verdict.sentences[0]


def test_nor_is_it_a_list_of_a_folder(tmp_path: Path, signed) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    picture = signed("out.png")
    whole = picture.read_bytes()
    (folder / "out.png").write_bytes(whole)
    (folder / LIST).write_bytes(forged(picture, "out.png", hashlib.sha256(whole).hexdigest()))
    verdict = verify_folder(folder).whole
    assert not verdict.ok and verdict.differs[0]["name"] == LIST


def test_a_notice_with_two_lists_is_none(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    film.write_bytes(b"\x1a\x45\xdf\xa3" + b"what was signed" * 9)
    plain = list_of_film(film.name, film)
    facts = {"source": None, "donors": [], "disclosure": {}, "title": film.name}
    one = plain[plain.index(b"<desc ") : plain.index(b"</desc>") + 8]
    for data, state in ((plain, "ours"), (plain.replace(one, one + one), "unreadable")):
        (tmp_path / "plain.svg").write_bytes(data)
        notice = film.with_name(film.name + SUFFIX)
        sign(tmp_path / "plain.svg", notice, mime="image/svg+xml", **facts)
        assert verify(film).state == state
        notice.unlink()
