from __future__ import annotations

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from understudy.errors import DiskFull, StoreError
from understudy.provenance import audit
from understudy.provenance.audit import GENESIS, AuditLog, _hash
from understudy.store import atomic


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    log = AuditLog(tmp_path / "audit.jsonl")
    assert log.head == GENESIS
    log.append("declared", side="a", basis="self")
    log.append("refused", reason='nobody said "yes" é\n')
    log.append("converted", output="out.mp4", numbers=[1.5, None])
    return log


def test_lines_follow_each_other(log: AuditLog) -> None:
    entries = AuditLog(log.path).entries()
    assert [e.event for e in entries] == ["declared", "refused", "converted"]
    assert [e.number for e in entries] == [1, 2, 3]
    assert entries[1].facts == {"reason": 'nobody said "yes" é\n'}
    assert log.head == entries[-1].hash and entries[0].previous == GENESIS
    assert len({e.hash for e in entries}) == 3


@pytest.mark.parametrize("change", ["fact", "drop", "swap", "add", "cut", "garbage", "renumber"])
def test_a_break_is_noticed_and_nothing_is_added_after_it(log: AuditLog, change: str) -> None:
    lines = log.path.read_bytes().splitlines(keepends=True)
    if change == "fact":
        lines[1] = lines[1].replace(b"nobody", b"someone")
    elif change == "drop":
        del lines[1]
    elif change == "swap":
        lines[0], lines[1] = lines[1], lines[0]
    elif change == "add":
        lines.insert(1, lines[0])
    elif change == "cut":
        lines[2] = lines[2][:40]
    elif change == "garbage":
        lines[1] = b"\xff[[[\n"
    else:
        plain = json.loads(lines[2])
        lines[2] = json.dumps({**plain, "number": 9}).encode()
    log.path.write_bytes(b"".join(lines))
    before = log.path.read_bytes()
    for use in (lambda: log.head, lambda: log.append("refused")):
        with pytest.raises(StoreError, match=r"line \d is not what was written"):
            use()
    assert log.path.read_bytes() == before


@pytest.mark.parametrize(
    ("place", "value"),
    [(1, 5), (1, None), (2, []), (2, {"a": 1}), (3, []), (3, None), (3, "x"), (0, True), (0, 1.0)],
)
def test_a_stranger_s_line_of_other_types_is_refused(tmp_path, place: int, value: object) -> None:
    """Its hash fits, since anybody can make one."""
    body: list[object] = [1, "2026-11-27T12:00:00+00:00", "shows", {"person": "a"}, GENESIS]
    body[place] = value
    keys = ("number", "at", "event", "facts", "previous", "hash")
    path = tmp_path / "stranger.jsonl"
    path.write_text(json.dumps(dict(zip(keys, [*body, _hash(body)], strict=True))) + "\n")
    for use in (AuditLog(path).entries, AuditLog(path).today):
        with pytest.raises(StoreError, match="line 1 is not what was written"):
            use()


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "x"])
def test_a_time_at_the_end_of_the_calendar_is_none(tmp_path, monkeypatch, at: str) -> None:
    monkeypatch.setenv("TZ", "Etc/GMT-14")
    time.tzset()
    body: list[object] = [1, at, "shows", {}, GENESIS]
    keys = ("number", "at", "event", "facts", "previous", "hash")
    path = tmp_path / "stranger.jsonl"
    path.write_text(json.dumps(dict(zip(keys, [*body, _hash(body)], strict=True))) + "\n")
    try:
        assert AuditLog(path).today() == datetime.now(UTC).astimezone().date()
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


@pytest.mark.parametrize("kept", [1, 2])
def test_a_dropped_end_is_noticed(log: AuditLog, kept: int) -> None:
    whole = log.path.read_bytes()
    log.path.write_bytes(b"".join(whole.splitlines(keepends=True)[:kept]))
    before = log.path.read_bytes()
    for use in (lambda: log.head, lambda: log.append("refused"), log.check):
        with pytest.raises(StoreError, match=f"has {kept} of the 3 lines"):
            use()
    assert log.path.read_bytes() == before
    log.path.write_bytes(whole)
    log.append("refused")
    assert len(log.entries()) == 4


def test_another_end_is_noticed(log: AuditLog, home: Path) -> None:
    whole = log.path.read_bytes()
    log.append("converted", output="x.mp4")
    kept = {path: path.read_bytes() for path in (home / "logs").iterdir()}
    log.path.write_bytes(whole)
    for path in kept:
        path.unlink()
    log.append("converted", output="y.mp4")
    for path, data in kept.items():
        path.write_bytes(data)
    with pytest.raises(StoreError, match="ends otherwise than it was written"):
        log.append("refused")


def test_a_log_that_was_moved_or_begun_anew_is_none_that_was_cut(log: AuditLog) -> None:
    lines = log.path.read_bytes().splitlines(keepends=True)
    elsewhere = AuditLog(log.path.with_name("moved.jsonl"))
    elsewhere.path.write_bytes(b"".join(lines[:2]))  # a copy of a project from another day
    assert len(elsewhere.entries()) == 2
    log.path.unlink()
    assert log.entries() == []
    log.append("declared", side="b", basis="self")
    assert len(log.entries()) == 1


def test_a_shorter_copy_elsewhere_goes_on_with_a_line_that_says_so(log: AuditLog) -> None:
    whole, elsewhere = (AuditLog(log.path.with_name(name)) for name in ("whole", "moved"))
    whole.path.write_bytes(log.path.read_bytes())
    whole.append("refused")
    assert [e.event for e in whole.entries()][3:] == ["refused"]
    lines = log.path.read_bytes().splitlines(keepends=True)
    elsewhere.path.write_bytes(b"".join(lines[:2]))
    elsewhere.append("refused")
    elsewhere.append("refused")
    events = [(e.event, e.facts) for e in elsewhere.entries()[2:]]
    assert events[0] == ("continued", {"lines": 2, "known_elsewhere": 4})
    assert events[1:] == [("refused", {}), ("refused", {})]
    log.append("refused")  # the one that was copied goes on as before
    assert [e.event for e in log.entries()][3:] == ["refused"]


def test_lines_that_were_cut_off_elsewhere_still_count_for_the_day(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consent that has ended does not come back by a copy of an earlier day and a clock."""
    later, early = datetime(2099, 5, 1, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)
    clock = type("Clock", (datetime,), {"now": classmethod(lambda cls, zone: cls.is_now)})
    monkeypatch.setattr(audit, "datetime", clock)
    clock.is_now = later  # type: ignore[attr-defined]
    log.append("refused")
    clock.is_now = early  # type: ignore[attr-defined]
    elsewhere = AuditLog(log.path.with_name("moved.jsonl"))
    elsewhere.path.write_bytes(log.path.read_bytes().splitlines(keepends=True)[0])
    assert elsewhere.today() == later.astimezone().date()
    elsewhere.append("refused")
    log.path.unlink()
    assert elsewhere.today() == later.astimezone().date()


@pytest.mark.parametrize("text", ["", "[", "{}", '{"first": 1}', '{"lines": 1e999}', "[" * 9999])
def test_a_damaged_note_of_the_end_stops_nothing(log: AuditLog, home: Path, text: str) -> None:
    (note,) = (home / "logs").iterdir()
    note.write_text(text)
    (other,) = (home / "chains").iterdir()
    other.write_text(text)
    assert len(log.entries()) == 3 and log.today() == datetime.now(UTC).astimezone().date()
    log.append("refused")
    assert json.loads(note.read_text())["lines"] == 4


def test_a_home_that_cannot_be_written_loses_no_line(log: AuditLog, home: Path) -> None:
    shutil.rmtree(home / "logs")
    (home / "logs").write_text("no folder")
    log.append("refused")
    assert len(log.entries()) == 4


def test_a_dropped_end_changes_the_head(log: AuditLog, home: Path) -> None:
    head = log.head
    shutil.rmtree(home / "logs")  # as on another machine
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[:-1]))
    assert log.head != head


def test_a_full_disk_keeps_the_log(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    head = log.head

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(atomic.ops, "write", full)
        with pytest.raises(DiskFull):
            log.append("refused")
    assert log.head == head


def test_lines_of_many_at_once_follow_each_other(tmp_path: Path) -> None:
    def add(n: int) -> None:
        AuditLog(tmp_path / "audit.jsonl").append("declared", n=n)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(24)))
    entries = AuditLog(tmp_path / "audit.jsonl").entries()
    assert sorted(e.facts["n"] for e in entries) == list(range(24))
