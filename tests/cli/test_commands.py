from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib

import pytest
from rich.console import Console
from typer.testing import CliRunner

from understudy.cli.app import app, app_for
from understudy.cli.show import Terminal, session
from understudy.plugin import registry
from understudy.provenance.audit import AuditLog
from understudy.provenance.verify import verify
from understudy.store.project import Project

HEAVY = ("torch", "cv2", "av", "dlib", "c2pa", "numpy.linalg", "cryptography", "rich.progress")


def test_a_verb_makes_its_own_flags_alone():
    """A short command took a sixth of its time for the flags of all the others."""
    one, group = app_for(["swap", "--help"]), app_for(["cast", "show"])
    assert [c.name for c in one.registered_commands] == ["swap"] and not one.registered_groups
    assert [g.name for g in group.registered_groups] == ["cast"] and not group.registered_commands
    for words in ([], ["--help"], ["swp"], ["-h", "swap"]):
        assert app_for(words) is app


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--help"], ["--version"], ["config", "--help"]),
        *([verb, "--help"] for verb in ("swap", "extract", "train", "convert", "mask", "score")),
        ["extract", "--help-all"],
    ],
)
def test_help_needs_nothing_heavy(arguments):
    script = (
        "import sys\n"
        f"sys.argv = ['understudy', *{arguments!r}]\n"
        "from understudy.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as left:\n    assert not left.code, left.code\n"
        f"print('loaded', sorted(set({HEAVY[:6]!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "loaded []" in done.stdout, done.stdout[-300:]


def test_the_module_runs_and_leaves_with_a_code(tmp_path):
    command = [sys.executable, "-m", "understudy", "verify", os.fspath(tmp_path / "nothing.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_the_whole_job_says_what_it_made(done_place):
    """One command, and everything that it promises to leave behind."""
    project = done_place.project
    assert verify(done_place.out).state == "ours"
    render = project / "renders" / "out"
    report = (render / "report.md").read_text()
    assert "8 faces in 8 of 8 frames" in report
    assert "identity:" in report
    sheet = (render / "contact_sheet.png").read_bytes()
    assert b"out.mp4: film a, model model at step 2: all -> b\nsettings: faces faceset, " in sheet
    assert b", mask extended, " in sheet and b"border none" in sheet and b"layer off" in sheet
    assert b", h264.preset ultrafast" in sheet and b"av1" not in sheet[:600]
    for name in ("log.txt", "consent.toml", "audit.jsonl"):
        assert (project / name).stat().st_size > 0
    events = [e.event for e in AuditLog(project / "audit.jsonl").entries()]
    assert events == ["declared", "declared", "shows", "shows", "converting", "converted"]


def test_the_whole_job_again_does_nothing_again(done_place, understudy):
    render = done_place.project / "renders" / "out"
    made = [done_place.out, *(render / n for n in ("report.md", "report.json", "curves.png"))]
    before = [path.stat().st_mtime_ns for path in made]
    told = understudy(*done_place.swap(scored=True)).worked()
    for said in ("has had its 2 iterations already", "is complete", "was scored", "identity:"):
        assert said in " ".join((told.out + told.err).split())
    assert [path.stat().st_mtime_ns for path in made] == before
    report = (done_place.project / "renders" / "out" / "report.md").read_text()
    assert re.search(r"training mesh: step 2, .*, score \d+ \(best \d+ at \d\);", report)


def test_the_whole_job_again_with_more_training_makes_the_film_anew(
    done_place, understudy, tmp_path
):
    """Its own output is not in the way; one that somebody changed is, before anything is done."""
    shutil.copytree(done_place.folder, tmp_path / "place", copy_function=shutil.copy2)
    place = type(done_place)(tmp_path / "place")
    moved = tmp_path / "place" / "out.understudy" / "work"
    for receipt in moved.glob("*.json"):
        receipt.write_text(receipt.read_text().replace(str(done_place.folder), str(place.folder)))
    before = place.out.read_bytes()
    told = understudy(*place.swap("--iterations", 3)).worked()
    assert "step 3" in told.out + told.err and "once more" in told.out + told.err
    assert place.out.read_bytes() != before and verify(place.out).state == "ours"
    place.out.write_bytes(before + b"changed")
    refused = understudy(*place.swap("--iterations", 4))
    refused.refused("there already", "--overwrite")
    assert "training" not in refused.out + refused.err
    assert place.out.read_bytes() == before + b"changed"


def test_swap_takes_several_films_of_the_donor_and_names(done_place, understudy, tmp_path):
    """The donor's faceset grows; another person's film is not taken for one of theirs."""
    folder = tmp_path / "place"
    shutil.copytree(done_place.folder, folder)
    shutil.rmtree(folder / "out.understudy")
    place = type(done_place)(folder)
    shutil.copy(place.b, folder / "b2.mkv")
    with (folder / "b2.mkv").open("ab") as file:
        file.write(b"\0")  # another fingerprint
    place.consent.write_text(
        place.consent.read_text().replace('"a"', '"ann"').replace('"b"', '"bob"')
    )
    out = folder / "named.mp4"
    named = ("--person-a", "Ann", "--person-b", "bob")
    first, *rest = place.swap("-o", out, *named, "--model", "quick")
    films = [rest.pop(0), rest.pop(0), folder / "b2.mkv"]
    understudy(first, *films, *rest).worked()
    assert verify(out).state == "ours"
    with Project.open(folder / "named.understudy", read_only=True) as store:
        assert [s.id for s in store.sources_of("bob")] == ["b", "b2"]
        assert len(store.faceset("bob")) == 2 and len(store.faceset("ann")) == 1
        assert store.render("named").casting == {"all": "bob"}
    other = ["-p", folder / "named.understudy", "--person-a", "ann", "--person-b", "bob"]
    understudy(*place.swap("-o", folder / "x.mp4", *other, a=place.b, b=place.a)).refused(
        "person ann is seen in", "understudy add", "--person ann"
    )


def test_one_film_is_not_taken_for_two_persons(place, understudy):
    understudy(*place.swap(b=place.a)).refused("a.mp4: shows a in this project, not b", code=2)
    swap = place.swap("--person-a", "ann", "--person-b", "ann", "-p", place.folder / "p", b=place.a)
    understudy(*swap).refused("expected two persons", code=2)
    assert not place.out.exists()


def test_another_take_converts_with_the_same_model(done, people, film, understudy):
    """It needs no word about who becomes whom, and no training."""
    take = film(done.folder / "take2.mp4", list(people.a[9:14]))
    out = done.folder / "take2-swapped.mp4"
    convert = [
        "convert",
        done.project,
        "--source",
        take,
        "-o",
        out,
        "--preset",
        "ultrafast",
        "--no-score",
    ]
    understudy(*convert).refused("no source", "there are: a, b")
    understudy("add", done.project, take, "--person", "a").worked()
    understudy(*convert).refused("extract")
    told = (
        understudy("extract", done.project, "--size", 96, "--min-face-px", 30, "--workers", 1)
        .worked()
        .out
    )
    assert "take2: 5 faces" in told and told.count("extracted earlier") == 2
    understudy(*convert).worked()
    assert verify(out).state == "ours"
    understudy("convert", done.project, "-o", done.folder / "x.mp4").refused(
        "say which film with --source", "a, b, take2"
    )
    assert [p.name for p in (done.project / "models").iterdir()] == ["model"]


def test_plugins_say_what_may_not_be_used_commercially(understudy, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    lines = understudy("plugins").worked().out.splitlines()
    (row,) = [line for line in lines if "dlib68" in line and line.startswith("│")]
    assert row.rstrip(" │").endswith("no")
    assert any("300-W" in line for line in lines)
    assert any("non-commercial" in line.lower() for line in lines)
    names = " ".join(lines)
    for name in ("mtcnn", "quick", "original", "lightweight", "reinhard", "h264", "png"):
        assert name in names


def test_a_broken_plugin_ends_neither_plugins_nor_doctor(understudy, tmp_path, monkeypatch):
    (tmp_path / "half_done.py").write_text(
        "from understudy.plugin import Plugin\n"
        "ONE = Plugin('mask', 'half', 'half_done_parts:Half', 'is not finished')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("UNDERSTUDY_PLUGINS", "half_done:ONE,not_there:ANY")
    monkeypatch.setattr(registry, "_installed", None)
    monkeypatch.setenv("COLUMNS", "300")
    told = understudy("plugins").worked().out
    assert "is not finished" in told and "mediapipe" in told
    assert "passed over UNDERSTUDY_PLUGINS=not_there:ANY: No module named 'not_there'" in told
    told = understudy("doctor").worked().out
    assert "not usable UNDERSTUDY_PLUGINS=not_there:ANY" in told
    assert "not usable mask half: mask plug-in 'half': No module named 'half_done_parts'" in told
    assert "mediapipe@" in told


def test_doctor_tells_the_device_and_why(understudy):
    said = understudy("doctor").worked().out
    for word in ("Python", "torch", "device", "H.264 encoder", "free disk", "checked:"):
        assert word in said


def declare(project, person, *more):
    return [
        *("consent", project, "--person", person, "--name", "Ann", "--basis", "consented"),
        *("--scope", "film X", "--purpose", "film-vfx", "--declared-by", "Bob", *more),
    ]


def test_consent_by_flags(tmp_path, understudy):
    form = tmp_path / "form.pdf"
    form.write_bytes(b"signed")
    project = tmp_path / "p"
    understudy(*declare(project, "a", "--adult", "--evidence", form)).worked()
    understudy(*declare(project, "b")).worked()
    people = tomllib.loads((project / "consent.toml").read_text())["person"]
    assert [(p["person"], p["adult"]) for p in people] == [("a", True), ("b", False)]
    assert len(people[0]["evidence_sha256"]) == 64
    assert "film X" in understudy("consent", project, "--show").worked().out
    understudy(*declare(project, "b", "--evidence", tmp_path / "none.pdf")).refused("none.pdf")
    understudy("consent", project, "--name", "Ann").refused("--basis", code=2)
    understudy("consent", project, "--person", "a", "--basis", "borrowed").refused(
        "borrowed", code=2
    )
    understudy("consent", project, "--file", tmp_path / "none.toml").refused("none.toml")
    again = tomllib.loads((project / "consent.toml").read_text())["person"]
    assert [p["person"] for p in again] == ["a", "b"]


def test_consent_by_answering(tmp_path):
    """A word that is not offered is asked again, it does not end the conversation."""
    answers = [
        *("Ann", "bribed", "consented", "y", "n", "film X", "fun", "film-vfx", "Bob"),
        *("", "Cleo", "self", "y", "n", "film X", "film-vfx", "Cleo"),
    ]
    done = CliRunner().invoke(
        app,
        ["consent", str(tmp_path / "p"), "--person", "ann", "--person", "Cleo"],
        input="\n".join(answers) + "\n",
    )
    assert done.exit_code == 0, done.output
    assert "'bribed' is not one of self, consented" in done.output
    assert "'fun' is not one of" in done.output
    people = tomllib.loads((tmp_path / "p" / "consent.toml").read_text())["person"]
    assert [(p["name"], p["basis"], p["adult"], p["purpose"]) for p in people] == [
        ("Ann", "consented", True, "film-vfx"),
        ("Cleo", "self", True, "film-vfx"),
    ]


def test_consent_that_does_not_hold_stops_the_job(place, understudy):
    understudy(*declare(place.project, "a", "--adult", "--intimate")).worked()
    understudy(*declare(place.project, "b", "--adult")).worked()
    swap = [x for x in place.swap() if x not in ("--consent", place.consent)]
    understudy(*swap).refused("intimate", code=3)
    understudy(*declare(place.project, "a")).worked()
    understudy(*swap).refused("under age", code=3)
    assert not place.out.exists()


def test_verify_says_ours_altered_or_none_and_leaves_with_a_code(done_place, understudy, tmp_path):
    told = understudy("verify", done_place.out).worked()
    assert "Signed by you" in told.out
    assert "parts made by a trained model" in told.out
    assert "consent declared as 'synthetic'" in told.out
    data = bytearray(done_place.out.read_bytes())
    at = data.index(b"mdat") + 200
    data[at] ^= 0xFF
    (tmp_path / "altered.mp4").write_bytes(data)
    told = understudy("verify", tmp_path / "altered.mp4")
    assert told.code == 1
    assert "Altered" in told.out
    told = understudy("verify", done_place.a)
    assert told.code == 1
    assert "proves nothing" in told.out
    told = understudy("verify", done_place.out, "--json").worked()
    assert json.loads(told.out)[str(done_place.out)]["state"] == "ours"
    understudy("verify", tmp_path / "nothing.mp4").refused("no such file")
    understudy("verify", tmp_path / "nothing").refused("no such file")


def test_a_folder_of_pictures_is_verified_as_one(done, understudy):
    out = done.folder / "pictures"
    understudy("convert", done.project, "-o", out, "--no-score").worked()
    assert "8 of 8 pictures: ours" in understudy("verify", out).worked().out
    with (out / "000003.png").open("r+b") as file:
        file.seek(-200, 2)
        file.write(b"xxxx")
    told = understudy("verify", out)
    assert told.code == 1
    assert "7 of 8 pictures: ours" in told.out
    (done.folder / "empty").mkdir()
    understudy("verify", done.folder / "empty").refused("no PNG files")


def test_names_with_brackets_are_shown_as_they_are(tmp_path, capsys):
    """Rich reads [x] as a style; a film may well be called so."""
    terminal = Terminal(tmp_path / "log.txt")
    with terminal.task("faces of film [x264] [/red].mkv", 2) as bar:
        bar.advance(2)
    terminal.say("film [bold] [/x].mkv")
    err = capsys.readouterr().err
    assert "faces of film [x264] [/red].mkv: done" in err
    assert "film [bold] [/x].mkv" in err
    assert "film [bold] [/x].mkv" in (tmp_path / "log.txt").read_text()
    terminal.drawn.console = Console(file=(tmp_path / "tty.txt").open("w"), force_terminal=True)
    with terminal.task("faces of film [x264] [/red].mkv", 2) as bar:
        bar.advance(1, "[/] note")


def test_a_log_that_cannot_be_written_does_not_stop_the_work(tmp_path, capsys):
    Terminal(tmp_path / "nowhere" / "log.txt").say("still here")
    assert "still here" in capsys.readouterr().err


def test_the_first_interrupt_asks_and_the_second_stops(capsys):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), session() as terminal:
        assert not terminal.cancelled
        signal.raise_signal(signal.SIGINT)
        assert terminal.cancelled
        signal.raise_signal(signal.SIGINT)
    err = capsys.readouterr().err
    assert "saving first" in err
    assert "stopped at once" in err
    assert signal.getsignal(signal.SIGINT) is before
