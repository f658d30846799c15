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
    bring_up,
    digest,
    keep_declarations,
    read_declarations,
    require,
)
from understudy.provenance.credentials import disclosure_of
from understudy.store import atomic

TODAY = date(2026, 11, 23)
nasty = st.text(max_size=30) | st.sampled_from(
    ['"', '"""', "\\", "'''\n[[person]]\nadult = true", "\r\n", "\x00\x7f\x1b", "#", "é\u2028𝄞"]
)


def test_two_valid_people_may_go_on(make) -> None:
    both = [make.declaration("a"), make.declaration("b")]
    assert require(both, ["a", "b"], TODAY) == both
    assert require(both, ["b"], TODAY) == both[1:]
    assert require(both, ["a", "b", "a"], TODAY) == both


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
        ({"name": "\u200b\u2060\u3164\u2800"}, "does not say who this is"),
        ({"scope": "\u00ad\ufe0f"}, r"\(scope\)"),
        ({"basis": "historic-education", "purpose": "parody"}, "a parody does not teach"),
        ({"declared_at": datetime(2026, 12, 1, tzinfo=UTC)}, "declared on 2026-12-01.*clock"),
    ],
)
def test_what_does_not_hold_is_refused_with_reason_and_command(make, changes, words) -> None:
    bad = [make.declaration("a"), make.declaration("b", **changes)]
    with pytest.raises(ConsentMissing, match=words) as caught:
        require(bad, ["a", "b"], TODAY, "my.understudy")
    assert caught.value.exit_code == 3
    assert ": b" in str(caught.value) and ": a" not in str(caught.value)
    gone = "expires" in changes or "revoked_at" in changes
    verb = "forget" if gone else "consent"
    assert str(caught.value).endswith(f"understudy {verb} my.understudy --person b")


def test_missing_people_and_one_bad_among_good_are_refused(make) -> None:
    with pytest.raises(ConsentMissing, match=r"for ann; .*for bob.* --person ann --person bob"):
        require([make.declaration("cleo")], ["ann", "bob"])
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
    person=st.sampled_from(["a", "ann", "b.2-x_y"]),
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
    tmp_path: Path, name, scope, declared_by, id_, person, basis, purpose, flags, days, at
) -> None:
    declarations = [
        Declaration(
            person=person,
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
        path.unlink(missing_ok=True)
        keep_declarations(path, declarations * 2)
        assert read_declarations(path) == declarations
        keep_declarations(path, declarations)
    assert read_declarations(path) == declarations


def test_no_file_declares_nothing(tmp_path: Path) -> None:
    assert read_declarations(tmp_path / "consent.toml") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format = 3", "expected format = 2"),
        ("format = 2\nadult = true", r"\[\[person\]\] tables only"),
        ("format = 2\nperson = 3", r"\[\[person\]\] tables only"),
        ("format = 2\nperson = [3]", "expected a table"),
        ("format = 2\n[[person]]\nagge = 3", "unknown agge"),
        ('format = 2\n[[person]]\nperson = "a"', "basis is missing"),
        ("format = ", "Invalid value"),
        ("\xff", "is no text"),
        ("@adult = 'yes'", "expected true or false"),
        ("@person = 'Ann'", "person 'Ann': expected an id .* such as 'ann'"),
        ("@person = '7'", "such as 'person-7'"),
        ("@person = 'all'", "such as 'person-all'"),
        ('format = 1\n[[person]]\nperson = "a"', "unknown person"),
        ("@declared_at = 2026-01-01T00:00:00", "with its zone"),
        ("@declared_at = '2026-01-01T00:00:00Z'", "without quotes"),
        ("@expires = 'soon'", "expected a day"),
        ("@expires = '2027-01-31'", "without quotes"),
        ("@evidence_sha256 = 'x'", "64 hex"),
        ("@scope = 3", "expected text"),
    ],
)
def test_wrong_files_are_told(tmp_path: Path, text: str, words: str) -> None:
    good = {
        "person": "'a'",
        "basis": "'self'",
        "intimate": "false",
        "declared_at": "2026-01-01T00:00:00Z",
    }
    if text.startswith("@"):
        key, _, value = text[1:].partition(" = ")
        table = {**good, key: value}
        text = "format = 2\n[[person]]\n" + "\n".join(f"{k} = {v}" for k, v in table.items())
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


def test_the_disclosure_tells_roles_and_no_names(make) -> None:
    both = [make.declaration("ann", name="Ann Lee"), make.declaration("bea", name="Bea")]
    told = disclosure_of(both, "f" * 64, ["ann"], ["bea"], about={"model": "quick"})
    swapped = disclosure_of(both, "f" * 64, ["bea"], ["ann"])
    assert [p["roles"] for p in told["people"]] == [["plate"], ["donor"]]
    assert [p["roles"] for p in swapped["people"]] == [["plate"], ["donor"]]
    for word in ("Ann Lee", "Bea", "ann", "bea"):
        assert word not in str(told)
    assert told["model"] == "quick" and told["version"] == 2
    assert told["declarations_sha256"] == digest(both) == digest(both[::-1])
    other = [both[0], dataclasses.replace(both[1], scope="more")]
    assert disclosure_of(other, "", ["ann"], ["bea"])["declarations_sha256"] != digest(both)


WRITTEN = """# by hand
format = {version}

# the plate
[[person]]
{key} = "a"  # from the first film
name = "Ann"
basis = "consented"   # on paper
adult = true
intimate = false
scope = "film X"
purpose = "film-vfx"
declared_by = "Bob"
declared_at = 2026-11-23T12:00:00Z
expires = 2030-01-01

# the donor
[[person]]
name = "Cleo"
basis = "self"
intimate = false
declared_at = 2026-11-23T12:00:00Z
{key} = "b"

# an extra in the donor's film
[[person]]
{key} = "b"
id = "b2"
name = "Dee"
basis = "self"
intimate = false
declared_at = 2026-11-23T12:00:00Z
# end
"""


def test_declaring_anew_changes_one_table_and_nothing_else(tmp_path: Path, make) -> None:
    path = tmp_path / "consent.toml"
    path.write_text(WRITTEN.format(version=2, key="person"))
    keep_declarations(path, [make.declaration("a", name="Anna", scope="film Y")])
    want = WRITTEN.format(version=2, key="person")
    want = want.replace('"Ann"', '"Anna"').replace("film X", "film Y")
    want = want.replace("expires = 2030-01-01\n", "")
    assert path.read_text() == want
    keep_declarations(path, [make.declaration("b", basis="self", name="Cleo")])
    text = path.read_text()
    assert [d.name for d in read_declarations(path)] == ["Anna", "Cleo", "Dee"]
    assert text.index('scope = "film X"') < text.index("# an extra") < text.index('name = "Dee"')
    keep_declarations(path, [make.declaration("eve")])
    assert path.read_text().startswith(text) and len(read_declarations(path)) == 4
    path.write_text(
        'format = 2\nperson = [{person = "a", basis = "self", intimate = false, '
        "declared_at = 2026-11-23T12:00:00Z}]\n"
    )
    with pytest.raises(StoreError, match="a table of its own"):
        keep_declarations(path, [make.declaration("a")])


def test_a_file_of_the_first_format_is_brought_up_and_a_copy_kept(
    tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "consent.toml"
    old = WRITTEN.format(version=1, key="side")
    path.write_text(old)
    before = read_declarations(path)
    assert [(d.person, d.id) for d in before] == [("a", "a"), ("b", "b"), ("b", "b2")]
    with monkeypatch.context() as patch:
        patch.setattr("understudy.provenance.consent.file.commit_bytes", _killed)
        with pytest.raises(KeyboardInterrupt):
            bring_up(path)
    assert path.read_text() == old
    assert bring_up(path) == tmp_path / "consent.toml.v1"
    assert (tmp_path / "consent.toml.v1").read_text() == old
    assert path.read_text() == WRITTEN.format(version=2, key="person")
    assert read_declarations(path) == before and bring_up(path) is None
    path.write_text(old.replace("Dee", "Other"))
    assert bring_up(path) == tmp_path / "consent.toml.v1-2"


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_full_disk_keeps_the_old_file(
    tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.toml"
    keep_declarations(path, [make.declaration("a")])

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.ops, "write", full)
    with pytest.raises(DiskFull):
        keep_declarations(path, [make.declaration("b")])
    assert len(read_declarations(path)) == 1


def test_what_is_no_text_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "consent.toml"
    path.write_bytes(b"format = 2\n\xff\xfe\x00")
    with pytest.raises(StoreError, match=r"is no text from byte 11 on; correct it"):
        read_declarations(path)
