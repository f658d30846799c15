"""Projects of format 1: what they hold is found again, and a death on the way costs nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from understudy.errors import StoreError, UnderstudyError
from understudy.store.project import Project, Render


def tree(folder: Path) -> dict[str, bytes]:
    """All files but the lock and the copies, by their place."""
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != ".lock")
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder as format 1 left it after two conversions, the second the other way round."""
    folder = tmp_path / "out.understudy"
    for name in ("a/faces", "b/faces", "model/step_00000002", "work/key"):
        (folder / name).mkdir(parents=True)
    sources = {}
    for side, film in (("a", "Footage.mp4"), ("b", "donor.mov")):
        (tmp_path / film).write_text(film)
        (folder / side / "faces" / f"{side}_000000_0.png").write_text(side)
        sources[side] = {
            "path": str(tmp_path / film),
            "relative": f"../{film}",
            "fingerprint": f"finger of {side}",
        }
    (folder / "a" / "Footage.alignments").write_text("rows")
    (folder / "model" / "step_00000002" / "state.json").write_text("{}")
    for name in ("report.md", "contact_sheet.png", "consent.toml", "log.txt", "work/key/0.ts"):
        (folder / name).write_text(name)
    lines = []
    for number, (name, side) in enumerate([("out.mp4", "a"), ("back.mp4", "b")], 1):
        facts = {"output": name, "source": f"finger of {side}"}
        lines.append(json.dumps({"number": number, "event": "converted", "facts": facts}))
        receipt = {"output": str(tmp_path / name), "files": [], "frames": 3, "read": "3 of 3"}
        (folder / "work" / f"{number}.json").write_text(json.dumps(receipt))
    (folder / "audit.jsonl").write_text("\n".join(lines))
    plain = {
        "format": "understudy-project",
        "version": 1,
        "created": "2026-01-02T03:04:05+00:00",
        "sources": sources,
        "settings": {"n": 1},
    }
    (folder / "project.json").write_text(json.dumps(plain))
    return folder


def test_everything_is_found_again(old: Path, tmp_path: Path) -> None:
    before = tree(old)
    with Project.open(old) as project:
        (said,) = project.brought_up
        assert "person a is seen in sources/footage" in said and "project.json.v1" in said
        assert [s.id for s in project.sources] == ["footage", "donor"]
        assert [s.persons for s in project.sources] == [{"all": "a"}, {"all": "b"}]
        assert [p.id for p in project.persons] == ["a", "b"]
        assert project.place("footage") == tmp_path / "Footage.mp4"
        assert project.alignments("footage").read_text() == "rows"
        assert [f.path for f in project.faceset("b")] == [old / "sources" / "donor" / "faces"]
        assert project.models == ("model",)
        assert project.settings == {"n": 1} and project.created == "2026-01-02T03:04:05+00:00"
        assert project.renders == (
            Render("out", "footage", "model", {"all": "b"}, tmp_path / "out.mp4", {}, 1),
            Render("back", "donor", "model", {"all": "a"}, tmp_path / "back.mp4", {}, 1),
        )
        assert project.report("back").read_text() == "report.md"
        assert project.contact_sheet("back").read_text() == "contact_sheet.png"
    after = tree(old)
    assert after.pop("project.json.v1") == before["project.json"]
    assert sorted(after.values()) == sorted(
        {**before, "project.json": after["project.json"]}.values()
    )
    assert not (old / "a").exists() and not (old / "model").exists()
    with Project.open(old) as project:
        assert project.brought_up == ()
    assert tree(old) == {**after, "project.json.v1": before["project.json"]}


def test_a_death_at_any_step_costs_nothing(old: Path, tmp_path: Path, faults) -> None:
    """Every write, sync and rename fails once; the next opening ends as the first would have."""
    shutil.copytree(old, tmp_path / "whole" / old.name)
    Project.open(tmp_path / "whole" / old.name).close()
    want = {k: v for k, v in tree(tmp_path / "whole" / old.name).items() if k != "project.json"}
    deaths = 0
    for k in range(1, 60):
        life = tmp_path / f"life{k}" / old.name
        shutil.copytree(old, life)
        faults.arm(k)
        try:
            Project.open(life).close()
        except UnderstudyError:
            deaths += 1
            faults.arm(0)
            if deaths % 2:  # an earlier Understudy opened it in between
                for name in ("a/faces", "b/faces", "model"):
                    (life / name).mkdir(parents=True, exist_ok=True)
            with Project.open(life) as project:
                assert [s.id for s in project.sources] == ["footage", "donor"]
            got = {name: data for name, data in tree(life).items() if name != "project.json"}
            assert got == want
            assert not (life / "a").exists() and not (life / "model").exists()
        else:
            break
        finally:
            faults.arm(0)
    assert deaths > 12


def test_what_is_in_the_way_is_told_and_kept(old: Path) -> None:
    (old / "models" / "model").mkdir(parents=True)
    (old / "models" / "model" / "mine.txt").write_text("mine")
    with pytest.raises(StoreError, match=r"model: cannot be moved to models/model"):
        Project.open(old)
    (old / "models" / "model" / "mine.txt").unlink()
    with Project.open(old) as project:
        assert project.models == ("model",)
        assert (project.model("model") / "step_00000002").is_dir()


def test_pictures_without_a_film_are_a_source(old: Path) -> None:
    """A donor's faceset that was copied into the folder by hand."""
    plain = json.loads((old / "project.json").read_text())
    del plain["sources"]["b"]
    (old / "project.json").write_text(json.dumps(plain))
    with Project.open(old) as project:
        assert [s.id for s in project.sources] == ["footage", "b"]
        assert project.source("b").kind == "faces"
        (folder,) = project.faceset("b")
        assert (
            folder.path == old / "sources" / "b" / "faces" and len(list(folder.path.iterdir())) == 1
        )


def test_it_is_not_brought_up_by_reading(old: Path) -> None:
    before = tree(old)
    with pytest.raises(StoreError, match="brought up when it is first opened for writing"):
        Project.open(old, read_only=True)
    assert tree(old) == before


@pytest.mark.parametrize("bad", [b'"sources": 3', b'"sources": {"a": {"path": 3}}'])
def test_a_damaged_one_is_told_and_kept(old: Path, bad: bytes) -> None:
    path = old / "project.json"
    plain = json.loads(path.read_text())
    del plain["sources"]
    path.write_bytes(json.dumps(plain).encode()[:-1] + b", " + bad + b"}")
    before = tree(old)
    with pytest.raises(StoreError, match="is damaged"):
        Project.open(old)
    assert tree(old) == before
