"""What of a film C2PA's hash leaves out is told by its disclosure, and compared."""

from __future__ import annotations

import json

import pytest

from understudy.provenance import credentials
from understudy.provenance.verify import verify


def top(data: bytes) -> dict[str, int]:
    """Where each kind of box at the top of an MP4 file begins."""
    found, at = {}, 0
    while at < len(data):
        found[data[at + 4 : at + 8].decode("latin-1")] = at
        at += int.from_bytes(data[at : at + 4])
    return found


@pytest.mark.parametrize("name", ["out.mp4", "out.mov"])
def test_a_changed_brand_is_named(signed, name: str) -> None:
    path = signed(name)
    good = path.read_bytes()
    for at in range(8, int.from_bytes(good[:4])):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        verdict = verify(path)
        assert verdict.state in ("altered", "unreadable"), at
        if verdict.codes == ("understudy.boxes.mismatch",):
            assert "'ftyp'" in verdict.sentences[0]
    path.write_bytes(good)
    assert verify(path).state == "ours"


@pytest.mark.parametrize("kind", ["free", "skip", "ftyp", "mfra", "uuid"])
def test_a_box_put_in_is_named(signed, kind: str) -> None:
    path = signed()
    with path.open("ab") as file:
        file.write(b"\0\0\0\x18" + kind.encode() + b"sixteen bytes ..")
    verdict = verify(path)
    assert verdict.state in ("altered", "unreadable")
    if kind in ("free", "skip", "ftyp"):
        assert f"'{kind}'" in verdict.sentences[0]


def test_a_box_of_nothing_that_holds_something_is_named(signed) -> None:
    path = signed()
    data = bytearray(path.read_bytes())
    at = top(bytes(data))["free"]
    data[at + 4 : at + 8] = b"skip"
    path.write_bytes(data)
    assert "'free'" in verify(path).sentences[0]


def test_a_second_credential_holds_nothing_else(signed) -> None:
    """Boxes with the credential's own number are left out of the hash, however many there are."""
    path = signed()
    data = path.read_bytes()
    at = top(data)["uuid"]
    path.write_bytes(data + b"\0\0\0\x28uuid" + data[at + 8 : at + 24] + b"hidden in a film")
    assert not verify(path).ok


@pytest.mark.parametrize("boxes", [5, [["ftyp"]], [["ftyp", {}]], {"a": 1}, None])
def test_boxes_of_another_shape_are_no_crash(signed, monkeypatch, boxes: object) -> None:
    monkeypatch.setattr(credentials, "FILMS", ())  # what a stranger may sign
    verdict = verify(signed(disclosure={"boxes": boxes}))
    assert verdict.state in ("ours", "altered") and json.dumps(verdict.to_plain())


def test_films_from_before_are_taken_as_they_are(signed, monkeypatch) -> None:
    monkeypatch.setattr(credentials, "FILMS", ())
    verdict = verify(signed())
    assert verdict.state == "ours" and "boxes" not in verdict.disclosure
