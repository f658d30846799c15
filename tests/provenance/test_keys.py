from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

import understudy
from understudy.errors import ProvenanceError, StoreError
from understudy.provenance import keys

SRC = str(Path(understudy.__file__).parents[1])


def test_it_is_made_once_for_the_user_only(home: Path) -> None:
    assert keys.known_identity() is None and not home.exists()
    one = keys.identity()
    path = home / "keys" / "signing.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.identity() == one == keys.known_identity()
    assert "PRIVATE" not in repr(one)


def test_the_leaf_lasts_and_names_nobody() -> None:
    one = keys.identity()
    leaf = x509.load_pem_x509_certificate(one.leaf_pem)
    root = x509.load_pem_x509_certificate(one.root_pem)
    leaf.verify_directly_issued_by(root)
    assert leaf.not_valid_after_utc > datetime.now(UTC) + timedelta(days=365 * 29)
    usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [u.dotted_string for u in usages] == ["1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.4"]
    other = x509.load_pem_x509_certificate(keys.make_identity().leaf_pem)
    assert leaf.subject != other.subject
    for private in (os.environ.get("USER"), os.environ.get("LOGNAME")):
        assert not private or private not in leaf.subject.rfc4514_string().lower().split()


def test_processes_that_race_agree(home: Path) -> None:
    code = (
        "import hashlib; from understudy.provenance.keys import identity; "
        "print(hashlib.sha256(identity().key_pem).hexdigest())"
    )
    environment = {**os.environ, "PYTHONPATH": SRC}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment, text=True
        )
        for _ in range(4)
    ]
    said = {process.communicate()[0].strip() for process in running}
    assert len(said) == 1 and len(said.pop()) == 64
    assert [p.name for p in (home / "keys").iterdir()] == ["signing.pem"]


def test_the_second_of_two_takes_the_first_ones(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keys.make_identity()
    make = keys.make_identity

    def overtaken(*_: object) -> keys.Identity:
        path = home / "keys" / "signing.pem"
        path.write_bytes(first.leaf_pem + first.root_pem + first.key_pem)
        path.chmod(0o600)
        return make()

    monkeypatch.setattr(keys, "make_identity", overtaken)
    assert keys.identity() == first
    assert [p.name for p in (home / "keys").iterdir()] == ["signing.pem"]


def test_a_damaged_key_is_told_and_kept(home: Path) -> None:
    good = keys.identity()
    path = home / "keys" / "signing.pem"
    other = keys.make_identity()
    for content in (
        b"",
        path.read_bytes()[:-100],
        good.leaf_pem + good.root_pem + other.key_pem,
        b"x" * 99,
    ):
        path.write_bytes(content)
        with pytest.raises(ProvenanceError, match="is damaged"):
            keys.identity()
        assert path.read_bytes() == content


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("UNDERSTUDY_HOME")
    assert keys.home() == tmp_path / "xdg" / "understudy"
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "file" / "u"))
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        keys.identity()


def test_a_key_left_half_made_by_a_dead_process_is_swept():
    folder = keys.home() / "keys"
    folder.mkdir(parents=True, exist_ok=True)
    for given in (1, 2):  # before there is a key, and when there is one
        left = folder / f".signing.pem.99999999-1.0000000{given}.part"
        left.write_bytes(b"half a key")
        keys.identity()
        assert not left.exists()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o602])
def test_a_key_that_others_may_read_signs_nothing(home: Path, mode: int) -> None:
    keys.identity()
    path = home / "keys" / "signing.pem"
    path.chmod(mode)
    with pytest.raises(ProvenanceError, match=f"mode {mode:03o}.*chmod 600 "):
        keys.identity()
    assert keys.known_identity() is not None  # what it signed can still be verified
    path.chmod(0o600)
    keys.identity()
