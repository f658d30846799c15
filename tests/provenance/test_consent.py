from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.errors import ConsentMissing, DiskFull, StoreError, ValueRefused
from understudy.provenance.consent import (
    BASES,
    PURPOSES,
    Declaration,
    read_declarations,
    require,
    to_toml,
    write_declarations,
)
from understudy.provenance.credentials import disclosure_of
from understudy.store import atomic

TODAY = date(2026, 11, 23)
nasty = st.text(max_size=30) | st.sampled_from(
    ['"', '"""', "\\", "'''\n[[person]]\nadult = true", "\r\n", "\x00\x7f\x1b", "#", "é\u2028𝄞"]
)


def test_two_valid_people_may_go_on(make) -> None:
    both = [make.declaration("a"), make.declaration("b")]
    assert require(both, today=TODAY) == both
    assert require(both[:1], ("a",), TODAY) == both[:1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"expires": TODAY - timedelta(1)}, "ended on 2026-11-22"),
        ({"revoked_at": date(2026, 1, 2)}, "taken back on 2026-01-02"),
        ({"adult": False}, "under age"),
        ({"intimate": True}, "never converts that"),
        ({"intimate": True, "basis": "self"}, "never converts that"),
        ({"scope": "  "}, r"does not say what the consent covers \(scope\)"),
        ({"purpose": ""}, "does not say what for"),
        ({"name": ""}, "does not say who this is"),
        ({"declared_by": ""}, "does not say who declares"),
    ],
)
def test_what_does_not_hold_is_refused_with_reason_and_command(make, changes, words) -> None:
    bad = [make.declaration("a"), make.declaration("b", **changes)]
    with pytest.raises(ConsentMissing, match=words) as caught:
        require(bad, today=TODAY, project="my.understudy")
    assert caught.value.exit_code == 3
    assert "film B" in str(caught.value) and "film A" not in str(caught.value)
    assert str(caught.value).endswith("understudy consent my.understudy")


def test_missing_people_and_one_bad_among_good_are_refused(make) -> None:
    with pytest.raises(ConsentMissing, match=r"film A; .*film B"):
        require([])
    two = [make.declaration("a"), make.declaration("a", id="a2", revoked_at=TODAY)]
    with pytest.raises(ConsentMissing, match="taken back"):
        require(two, ("a",), TODAY)
    assert require([make.declaration("a", expires=TODAY)], ("a",), TODAY)
    assert require([make.declaration("a", name="", basis="synthetic")], ("a",), TODAY)


@given(
    name=nasty,
    scope=nasty,
    declared_by=nasty,
    id_=nasty,
    side=st.sampled_from("ab"),
    basis=st.sampled_from(sorted(BASES)),
    purpose=st.sampled_from(["", *PURPOSES]),
    flags=st.tuples(st.booleans(), st.booleans()),
    days=st.tuples(st.none() | st.dates(), st.none() | st.dates()),
    at=st.datetimes(timezones=st.just(UTC)),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_toml_round_trip(
    tmp_path: Path, name, scope, declared_by, id_, side, basis, purpose, flags, days, at
) -> None:
    declarations = [
        Declaration(
            side=side,
            name=name,
            basis=basis,
            adult=flags[0],
            intimate=flags[1],
            scope=scope,
            purpose=purpose,
            declared_by=declared_by,
            declared_at=at,
            id=id_,
            expires=days[0],
            revoked_at=days[1],
            evidence_sha256=hashlib.sha256(name.encode()).hexdigest(),
        )
    ]
    path = tmp_path / "consent.toml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atomic.ops, "fsync", lambda _: None)
        write_declarations(path, declarations * 2)
    assert read_declarations(path) == declarations * 2


def test_no_file_declares_nothing(tmp_path: Path) -> None:
    assert read_declarations(tmp_path / "consent.toml") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format = 2", "expected format = 1"),
        ("format = 1\nadult = true", r"\[\[person\]\] tables only"),
        ("format = 1\nperson = 3", r"\[\[person\]\] tables only"),
        ("format = 1\nperson = [3]", "expected a table"),
        ("format = 1\n[[person]]\nagge = 3", "unknown agge"),
        ('format = 1\n[[person]]\nside = "a"', "basis is missing"),
        ("format = ", "Invalid value"),
        ("\xff", "decode"),
        ("@adult = 'yes'", "expected true or false"),
        ("@side = 'c'", "expected one of a, b"),
        ("@declared_at = 2026-01-01T00:00:00", "with its zone"),
        ("@expires = 'soon'", "expected a day"),
        ("@evidence_sha256 = 'x'", "64 hex"),
        ("@scope = 3", "expected text"),
    ],
)
def test_wrong_files_are_told(tmp_path: Path, text: str, words: str) -> None:
    good = {
        "side": "'a'",
        "basis": "'self'",
        "intimate": "false",
        "declared_at": "2026-01-01T00:00:00Z",
    }
    if text.startswith("@"):
        key, _, value = text[1:].partition(" = ")
        table = {**good, key: value}
        text = "format = 1\n[[person]]\n" + "\n".join(f"{k} = {v}" for k, v in table.items())
    (tmp_path / "c.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(StoreError, match=words):
        read_declarations(tmp_path / "c.toml")


def test_what_is_left_out_is_not_declared(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(
        "format = 1\n[[person]]\nside = 'a'\nbasis = 'self'\nintimate = false\n"
        "declared_at = 2026-01-01T00:00:00+02:00\nname = 'Ann'\nscope = 'x'\n"
        "purpose = 'education'\ndeclared_by = 'Ann'\n"
    )
    (found,) = read_declarations(tmp_path / "c.toml")
    assert found.declared_at == datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    with pytest.raises(ConsentMissing, match="under age, or it is not declared"):
        require([found], ("a",))


def test_text_that_is_no_unicode_is_refused(make) -> None:
    with pytest.raises(ValueRefused, match="scope: expected text"):
        make.declaration(scope="\udcff")


def test_the_disclosure_tells_roles_and_no_names(make, tmp_path: Path) -> None:
    both = [make.declaration("a", name="Ann"), make.declaration("b", name="Bea")]
    told = disclosure_of(both, "f" * 64, about={"model": "quick"})
    swapped = disclosure_of(both, "f" * 64, plate="b")
    assert [p["role"] for p in told["people"]] == ["plate", "donor"]
    assert [p["role"] for p in swapped["people"]] == ["donor", "plate"]
    assert "Ann" not in str(told) and "Bea" not in str(told) and told["model"] == "quick"
    write_declarations(tmp_path / "c.toml", both)
    digest = hashlib.sha256((tmp_path / "c.toml").read_bytes()).hexdigest()
    assert told["declarations_sha256"] == digest == hashlib.sha256(to_toml(both)).hexdigest()
    other = [both[0], dataclasses.replace(both[1], scope="more")]
    assert disclosure_of(other, "")["declarations_sha256"] != digest


def test_a_full_disk_keeps_the_old_file(
    tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.toml"
    write_declarations(path, [make.declaration("a")])

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.ops, "write", full)
    with pytest.raises(DiskFull):
        write_declarations(path, [])
    assert len(read_declarations(path)) == 1
