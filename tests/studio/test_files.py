"""Looking into the allowed folders, and sending films there."""

from __future__ import annotations

import pytest

FILES = "/api/v1/files"


def test_a_folder_shows_what_can_be_chosen(studio) -> None:
    (studio.folder / "notes.txt").write_text("no film")
    (studio.folder / ".hidden.mp4").write_bytes(b"x")
    (studio.folder / "sub").mkdir()
    told = studio.client.get(FILES).json()
    assert told["above"] is None
    assert [(e["name"], e["kind"]) for e in told["entries"]] == [
        ("p", "project"),
        ("sub", "folder"),
        ("a.mp4", "film"),
        ("b.mp4", "film"),
    ]
    below = studio.client.get(FILES, params={"path": "sub"}).json()
    assert below["above"] == told["path"]
    assert not below["entries"]


def test_links_out_of_the_folders_are_not_shown(studio, tmp_path) -> None:
    (tmp_path / "secret.mp4").write_bytes(b"x")
    (studio.folder / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    (studio.folder / "away").symlink_to(tmp_path)
    names = [e["name"] for e in studio.client.get(FILES).json()["entries"]]
    assert "link.mp4" not in names
    assert "away" not in names
    for path in ("..", "away", "/etc", "a\0b"):
        assert studio.client.get(FILES, params={"path": path}).status_code == 422


def test_a_film_is_sent_and_then_added(studio) -> None:
    data = (studio.folder / "a.mp4").read_bytes()
    sent = studio.client.put(FILES, params={"name": "new film.mp4", "folder": "in"}, content=data)
    assert sent.status_code == 201, sent.text
    assert (studio.folder / "in" / "new film.mp4").read_bytes() == data
    assert sent.json()["path"] == str(studio.folder / "in" / "new film.mp4")
    assert [p.name for p in (studio.folder / "in").iterdir()] == ["new film.mp4"]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("../x.mp4", "."),
        ("/etc/x.mp4", "."),
        ("..", "."),
        ("a\\..\\x.mp4", "."),
        (".x.mp4", "."),
        ("x\n.mp4", "."),
        ("x" * 300 + ".mp4", "."),
        ("x.exe", "."),
        ("x", "."),
        ("x.mp4", ".."),
        ("x.mp4", "/etc"),
        ("x.mp4", "p"),
        ("x.mp4", "p/sources"),
        ("a.mp4", "."),
    ],
)
def test_what_must_not_be_sent_is_refused(studio, name, folder) -> None:
    before = sorted(p for p in studio.folder.parent.rglob("*"))
    sent = studio.client.put(FILES, params={"name": name, "folder": folder}, content=b"x")
    assert sent.status_code in (400, 422), sent.text
    assert sorted(p for p in studio.folder.parent.rglob("*")) == before


def test_a_link_is_not_written_through(studio, tmp_path) -> None:
    (studio.folder / "x.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    sent = studio.client.put(FILES, params={"name": "x.mp4"}, content=b"x")
    assert sent.status_code == 422
    assert not (tmp_path / "elsewhere.mp4").exists()


def test_a_disk_is_not_filled(studio, monkeypatch) -> None:
    from understudy.studio.api import files

    monkeypatch.setattr(files, "free_bytes", lambda _: files.SPARE_BYTES + 3)
    assert studio.client.get(FILES).json()["free"] == 3
    sent = studio.client.put(FILES, params={"name": "x.mp4"}, content=b"four")
    assert sent.status_code == 507
    assert not (studio.folder / "x.mp4").exists()
    assert studio.client.put(FILES, params={"name": "x.mp4"}, content=b"two").status_code == 201
