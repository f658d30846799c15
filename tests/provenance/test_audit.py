from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from understudy.errors import DiskFull, StoreError
from understudy.provenance.audit import GENESIS, AuditLog
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


def test_a_dropped_end_changes_the_head(log: AuditLog) -> None:
    head = log.head
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
