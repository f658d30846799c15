from __future__ import annotations

import errno
import json
import random
import shutil
import socket
import threading
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from understudy.errors import DiskFull, ProvenanceError, ValueRefused
from understudy.provenance import credentials
from understudy.provenance.credentials import DISCLOSURE, OFFLINE, disclosure_of, sign
from understudy.provenance.keys import identity, known_identity, make_identity
from understudy.provenance.verify import _read, verify


def flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.png"])
def test_signed_files_are_ours_and_still_play(tmp_path: Path, signed, name: str) -> None:
    path = signed(name, source="clip")
    verdict = verify(path)
    assert verdict.state == "ours" and not verdict.codes
    assert verdict.sentences[0].startswith("Signed by you")
    assert any("parts made by a trained model" in s for s in verdict.sentences)
    assert any("scope 'film X'" in s for s in verdict.sentences)
    assert [(i["title"], i["relationship"]) for i in verdict.ingredients] == [
        ("source.mp4", "parentOf"),
        ("a face picture of the donor", "inputTo"),
    ]
    people = verdict.disclosure["people"]
    assert [p["roles"] for p in people] == [["plate"], ["donor"]]
    assert [p["role"] for p in verdict.disclosure["made_from"]] == ["plate", "donor"]
    assert json.loads(json.dumps(verdict.to_plain()))["state"] == "ours"
    if not name.endswith(".png"):
        with av.open(str(path)) as container:
            assert sum(1 for _ in container.decode(video=0)) == 8
    rendered = tmp_path / f"rendered_{name}"
    assert path.stat().st_size - rendered.stat().st_size < 12_000
    assert b"Ann" not in path.read_bytes()


def test_actions_are_opened_edited_transcoded(signed) -> None:
    told = _read(signed(), "video/mp4")
    manifest = told["manifests"][told["active_manifest"]]
    by_label = {a["label"]: a["data"] for a in manifest["assertions"]}
    actions = by_label["c2pa.actions.v2"]["actions"]
    names = [a["action"] for a in actions]
    assert names == ["c2pa.opened", "c2pa.edited", "c2pa.transcoded"]
    assert actions[1]["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert by_label[DISCLOSURE]["audit_head"] == "0" * 64


def test_without_ingredients_it_is_still_told(signed) -> None:
    verdict = verify(signed(source=None, donors=[]))
    assert verdict.state == "ours" and verdict.ingredients == ()


def test_several_people_of_each_kind_are_told(tmp_path: Path, make, signed) -> None:
    """Two swapped into each other's place, and a third who only gives a face."""
    people = [
        make.declaration(p, scope=f"scope {p}", name=f"Name {p}") for p in ("ann", "bob", "cy")
    ]
    told = disclosure_of(people, "0" * 64, ["ann", "bob"], ["ann", "bob", "cy"])
    donors = [make.picture(tmp_path / f"{n}.png", seed=n) for n in (5, 6, 7)]
    path = signed(disclosure=told, donors=donors)
    verdict = verify(path)
    assert verdict.state == "ours"
    assert [p["roles"] for p in verdict.disclosure["people"]] == [
        ["plate", "donor"],
        ["plate", "donor"],
        ["donor"],
    ]
    said = " ".join(verdict.sentences)
    assert said.count("A person in the footage whose face also went in: consent") == 2
    assert said.count("The person whose face went in: consent") == 1 and "scope 'scope cy'" in said
    assert [i["relationship"] for i in verdict.ingredients] == ["parentOf", *["inputTo"] * 3]
    assert len({p["sha256"] for p in verdict.disclosure["made_from"]}) == 4
    raw = path.read_bytes()
    assert not any(name in raw for name in (b"Name ann", b'"ann"', b"cy.png"))


def test_files_of_the_first_version_are_read(signed) -> None:
    """What Understudy wrote before a project had a cast."""
    person = {"basis": "estate", "purpose": "museum", "scope": "a hall"}
    told = {
        "version": 1,
        "people": [{**person, "role": "plate"}, {**person, "role": "donor"}],
        "made_from": {},
    }
    sentences = verify(signed(disclosure=told)).sentences
    assert any(s.startswith("The person in the footage: consent declared as") for s in sentences)
    assert any(s.startswith("The person whose face went in: consent") for s in sentences)


def test_sources_that_cannot_be_read_are_noted(tmp_path: Path, make, signed) -> None:
    whole = make.clip(tmp_path / "w.mp4").read_bytes()
    for name, content in [
        ("film.mkv", b"\x1a\x45\xdf\xa3" + bytes(500)),
        ("cut.mp4", whole[:600]),
        ("empty.mp4", b""),
        ("junk.gif", b"junk" * 99),
    ]:
        (tmp_path / name).write_bytes(content)
        verdict = verify(signed(source=tmp_path / name))
        assert verdict.state == "ours"
        assert verdict.ingredients[0]["title"] == name
        assert verdict.disclosure["made_from"][0]["name"] == name


@pytest.mark.parametrize("name", ["out.mp4", "out.png"])
def test_a_changed_medium_is_altered(signed, name: str) -> None:
    path = signed(name)
    spot = path.read_bytes().index(b"mdat" if name.endswith("mp4") else b"IDAT") + 40
    flip(path, spot)
    verdict = verify(path)
    assert verdict.state == "altered" and "Altered" in verdict.sentences[0]
    assert any("mismatch" in code for code in verdict.codes)


def test_a_changed_disclosure_is_altered(signed) -> None:
    path = signed()
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"consented", b"estateeee"))
    assert verify(path).state == "altered"


def test_every_kind_of_damage_has_a_verdict(signed) -> None:
    path = signed("out.png")
    good = path.read_bytes()
    rng = random.Random(6)  # noqa: S311
    pixels = cv2.imread(str(path))
    seen = set()
    for _ in range(80):
        path.write_bytes(good)
        flip(path, rng.randrange(len(good)))
        state = verify(path).state
        seen.add(state)
        # Padding inside the credential itself is not signed; the picture always is.
        assert state != "ours" or np.array_equal(cv2.imread(str(path)), pixels)
    assert seen <= {"altered", "unreadable", "ours"} and "altered" in seen
    for n in (0, 1, 20, 100, 1000, len(good) - 20):
        path.write_bytes(good[:n])
        assert verify(path).state in ("altered", "none", "unreadable")
    path.write_bytes(good[:20])
    assert verify(path).state == "unreadable"


def test_a_truncated_film_and_a_transplanted_credential(tmp_path: Path, make, signed) -> None:
    path = signed()
    raw = path.read_bytes()
    start = raw.index(b"uuid") - 4
    box = raw[start : start + int.from_bytes(raw[start : start + 4])]
    path.write_bytes(raw[:-50])
    verdict = verify(path)
    assert verdict.state == "unreadable" and "cut short" in verdict.sentences[0]
    other = make.clip(tmp_path / "other.mp4", seed=9)
    whole = other.read_bytes()
    end_of_ftyp = int.from_bytes(whole[:4])
    other.write_bytes(whole[:end_of_ftyp] + box + whole[end_of_ftyp:])
    assert verify(other).state == "altered"


def test_a_remux_strips_it_and_proves_nothing(tmp_path: Path, signed) -> None:
    path = signed()
    with av.open(str(path)) as source, av.open(str(tmp_path / "remux.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    verdict = verify(tmp_path / "remux.mp4")
    assert verdict.state == "none" and "proves nothing" in verdict.sentences[0]


def test_a_stranger_is_never_believed_by_name(signed) -> None:
    identity()
    path = signed(signer=make_identity("Adobe\x1b[31m Photoshop", "Adobe Inc."))
    verdict = verify(path)
    assert verdict.state == "stranger"
    assert "who calls himself" in verdict.sentences[0] and "\x1b" not in verdict.sentences[0]
    assert not any("consent declared" in s for s in verdict.sentences)


def test_verifying_makes_no_key(signed, home: Path) -> None:
    path = signed()
    assert verify(path).state == "ours"
    shutil.rmtree(home)
    assert verify(path).state == "stranger"
    assert known_identity() is None and not home.exists()


def test_a_tampered_source_is_told_though_the_output_is_ours(tmp_path: Path, make, signed) -> None:
    path = signed("first.png")
    flip(path, path.read_bytes().index(b"IDAT") + 40)
    verdict = verify(signed("second.png", source=path))
    assert verdict.state == "ours" and verdict.ingredients[0]["signed"]
    assert any("had itself been altered" in s for s in verdict.sentences)


def test_a_signed_source_keeps_its_credentials(signed) -> None:
    first = signed("first.png")
    verdict = verify(signed("second.png", source=first))
    assert verdict.state == "ours" and verdict.ingredients[0]["signed"]
    assert not any("altered" in s for s in verdict.sentences)


def test_no_network(tmp_path: Path, make) -> None:
    """A credential that lies on a server is not fetched, by verify or as an ingredient."""
    from c2pa import Builder, C2paSignerInfo, C2paSigningAlg, Context, Settings, Signer

    listener = socket.create_server(("127.0.0.1", 0))
    calls: list[object] = []

    def accept() -> None:
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            calls.append(address)
            connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/m.c2pa"
    who = make_identity()
    info = C2paSignerInfo(
        alg=C2paSigningAlg.ES256, sign_cert=who.chain_pem, private_key=who.key_pem, ta_url=None
    )
    context = Context(Settings.from_dict({"verify": {**OFFLINE, "verify_after_sign": False}}))
    action = {"action": "c2pa.created", "digitalSourceType": "http://x/y"}
    manifest = {
        "title": "t",
        "claim_generator_info": [{"name": "t", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }
    remote = tmp_path / "remote.png"
    with Signer.from_info(info) as signer, Builder(json.dumps(manifest), context) as builder:
        builder.set_remote_url(url)
        builder.set_no_embed()
        rendered = make.picture(tmp_path / "r.png")
        with rendered.open("rb") as source, remote.open("w+b") as target:
            builder.sign(signer, "image/png", source, target)
    assert url.encode() in remote.read_bytes()
    verdict = verify(remote)
    assert verdict.state == "none" and "nothing was fetched" in verdict.sentences[0]
    out = tmp_path / "out.png"
    options = {"donors": [], "disclosure": {}, "title": "o", "mime": "image/png"}
    sign(rendered, out, source=remote, **options)
    assert verify(out).state == "ours"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(1)
    assert calls == []


def test_refusals_leave_nothing_and_touch_nothing(
    tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = make.clip(tmp_path / "r.mp4")
    before = rendered.read_bytes()
    options = {"source": None, "donors": [], "disclosure": {}, "title": "o", "mime": "video/mp4"}
    target = tmp_path / "o.part"
    with pytest.raises(ValueRefused, match="in place"):
        sign(rendered, rendered, **options)
    with pytest.raises(ValueRefused, match="expected one of"):
        sign(rendered, target, **{**options, "mime": "video/webm"})
    with pytest.raises(ProvenanceError, match="could not be signed"):
        sign(rendered, target, **{**options, "mime": "image/png"})
    with pytest.raises(ProvenanceError, match="could not be signed"):
        sign(rendered, target, **{**options, "source": tmp_path / "absent.mp4"})
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskFull, match="are needed"):
        sign(rendered, target, **options)
    assert rendered.read_bytes() == before and not target.exists()


def test_a_disk_that_fills_while_it_is_signed_is_named(tmp_path: Path, make, monkeypatch) -> None:
    rendered, target = make.clip(tmp_path / "r.mp4"), tmp_path / "o.part"

    def full(*_: object) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(credentials, "_sign_stream", full)
    options = {"source": None, "donors": [], "disclosure": {}, "title": "o", "mime": "video/mp4"}
    with pytest.raises(DiskFull, match=r"no room to sign o on the disk at .*kept; free some space"):
        sign(rendered, target, **options)
    assert not target.exists()


def test_missing_files_are_an_error_and_other_files_have_no_credential(tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="check the name"):
        verify(tmp_path / "absent.mp4")
    (tmp_path / "x.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(99))
    (tmp_path / "x.txt").write_text("hello")
    (tmp_path / "x.mp4").write_text("#EXTM3U hello hello")
    (tmp_path / "x.png").write_bytes(b"")
    states = [verify(tmp_path / n).state for n in ("x.mkv", "x.txt", "x.mp4", "x.png")]
    assert states == ["none", "none", "unreadable", "unreadable"]
