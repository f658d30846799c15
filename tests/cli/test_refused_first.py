"""Whatever is refused is refused before anything is changed: every verb, by a table."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from understudy.cli.app import app

# P is the project, A and B its films, COPY one that it does not know, PICTURES face pictures,
# AGREED declarations, TEXT a file that is no film and no table, MISSING what is not there, NEW a
# project that is not there yet, FREE a name for an output. Below a verb, each line is wrong.
TABLE = """
swap
    MISSING B -o FREE.mp4 -p NEW --consent AGREED
    A MISSING -o FREE.mp4 -p NEW --consent AGREED
    A TEXT -o FREE.mp4 -p NEW --consent AGREED
    A B -o FREE.avi -p NEW --consent AGREED
    A B -o A --overwrite -p NEW --consent AGREED
    A B -o MISSING/x.mp4 -p NEW --consent AGREED
    A B -o FREE.mp4 -p NEW --consent MISSING
    A B -o FREE.mp4 -p NEW --consent TEXT
    A B -o FREE.mp4 -p NEW --consent AGREED --detector nosuch
    A B -o FREE.mp4 -p NEW --consent AGREED --aligner nosuch
    A B -o FREE.mp4 -p NEW --consent AGREED --model nosuch
    A B -o FREE.mp4 -p NEW --consent AGREED --mask nosuch
    A B -o FREE.mp4 -p NEW --consent AGREED --match-colour nosuch
    A B -o FREE.mp4 -p NEW --consent AGREED --model quick --knob nosuch=1
    A B -o FREE.mp4 -p NEW --consent AGREED --preset nosuch
    A B -o FREE.mp4 -p NEW --consent AGREED --config MISSING
    A B -o FREE.mp4 -p NEW --consent AGREED --config TEXT
    A B -o FREE.mp4 -p NEW --consent AGREED --wanted MISSING
    A B -o FREE.mp4 -p NEW --consent AGREED --minutes -1
    A B -o FREE.mp4 -p NEW --consent AGREED --person-a x --person-b x
    A B -o FREE.mp4 -p TEXT --consent AGREED
    A B -o P/sources -p P --consent AGREED
    A B -o FREE.mp4 -p P --consent AGREED --model nosuch
    A COPY -o FREE.mp4 -p P --consent AGREED --mask nosuch
    A B -o FREE.mp4 -p P --consent AGREED --instant --minutes 3
demo
    --out FREE --frames 5
    --out FREE --minutes -1
    --out TEXT
add
    P MISSING
    P TEXT
    P PICTURES MISSING
    P A --person ../x
    NEW MISSING
    NEW A MISSING
    TEXT A
remove
    P nosuch
    P a nosuch
    P --person nosuch
    P --person a
    P --render nosuch
    P --render out --person nosuch
    NEW a
extract
    P nosuch
    P MISSING
    P a TEXT
    P --detector nosuch
    P --aligner nosuch
    P --masks nosuch
    P --embedder nosuch
    P --size 3
    P --config MISSING
    P --new --detector nosuch
    P --new --masks nosuch
    P --new --wanted MISSING
    P --new --embedder nosuch --every-frame
    NEW
    NEW MISSING
    NEW A MISSING
cast show
    P nosuch
    NEW
cast name
    P nosuch:0=ann
    P a:99=ann
    P a:0=ann nosuch:0=bob
    P a
cast rename
    P nosuch ann
    P a b
cast merge
    P a:0
    P a:0,99
    P nosuch:0,1
cast split
    P a:0 --tracks 99
    P a:0 --tracks x
    P nosuch:0 --tracks 0
cast assign
    P a:0 --tracks 99
    P a:99 --tracks x
alignments info
    MISSING
    TEXT
    A --faces MISSING
alignments missing-frames
    MISSING
    A --media MISSING
    A --to MISSING/x.txt
alignments no-faces
    MISSING
    A --to MISSING/x.txt
    A --to A
alignments multi-faces
    MISSING
    A --copy FREE
    A --faces MISSING --copy FREE
    A --faces PICTURES --move TEXT
    A --faces PICTURES --copy FREE --move FREE
    A --to B
alignments review
    MISSING
    A --copy FREE
    A --to MISSING/x.txt
alignments misaligned
    MISSING
    A --threshold 2
    A --threshold 0 --faces MISSING --move FREE
    A --threshold 0 --faces PICTURES --move TEXT
    A --threshold 0 --faces PICTURES --move FREE --to MISSING/x.txt
alignments blurred
    MISSING
    A --below 11
    A --faces MISSING --move FREE
    A --below 9 --faces PICTURES --move TEXT
alignments remove
    MISSING
    A
    A --track 99
    A --person 99
    A --list MISSING
    A --list TEXT
    A 0_0 nosuch
    A 0_0 999_9
    A 0_0 --faces MISSING
    A --deleted
alignments rekey
    MISSING
    A --order nosuch
    A --order left --faces MISSING
alignments spatial
    MISSING
    A --track 99
    A --share 3
alignments smooth
    MISSING
    A --track 99
alignments interpolate
    MISSING --track 0
    A --track 99
    A --track 0
    A --track 0 --first 2 --last 900
alignments redo
    MISSING
    A --media MISSING
    A --media B
    A --faces MISSING
    A --signals --device nosuch
alignments draw
    MISSING -o FREE.png
    A -o FREE.avi
    A -o A --overwrite
    A -o TEXT
    A -o FREE.png --mask nosuch
    A -o FREE --first 5 --last 2
    A -o MISSING/x.png
    A -o FREE.mp4 --media MISSING
alignments export
    A -o FREE.nosuch
alignments own
    P nosuch
    NEW a
export
    MISSING -o FREE.json
    A -o FREE.nosuch
    A -o AGREED --layout json
    A -o A --layout json --overwrite
    A -o MISSING/x.json
    A -o FREE.json --layout nosuch
import
    MISSING
    TEXT
    TEXT --media A
    TEXT --media MISSING
    A --media A -o FREE.alignments
    PICTURES/nosuch --media A
mask
    MISSING
    A --kind nosuch
    A --process all --kind extended --kind nosuch
    A --process all --kind extended --media MISSING
    A --process all --kind extended --faces MISSING
    A --process output
    A --process output --kind nosuch --folder FREE
    A --process output --folder TEXT
    A --process import --folder MISSING
    PICTURES --kind nosuch
train
    P --persons nosuch
    P --persons a
    P --model nosuch
    P --new --model nosuch
    P --new --batch 0
    P --new --mask nosuch
    P --new --persons a,nosuch
    P --new --precision nosuch
    P --new --config MISSING
    P --model-name ../x
    P --model-name FREE/x
    NEW
convert
    P -o FREE.avi
    P -o MISSING/x.mp4
    P -o A --overwrite
    P -o B --overwrite
    P -o P --overwrite
    P -o TEXT
    P -o FREE.mp4 --source nosuch
    P -o FREE.mp4 --source a --cast nosuch
    P -o FREE.mp4 --source a --cast 99=b
    P -o FREE.mp4 --source a --swap
    P -o FREE.mp4 --model-name nosuch
    P --render-name nosuch
    P -o FREE.mp4 --mask nosuch
    P -o FREE.mp4 --match-colour nosuch
    P -o FREE.mp4 --knob nosuch=1
    P -o FREE.mp4 --preset nosuch
    P -o FREE.mp4 --checkpoint nosuch
    P -o FREE.mp4 --config TEXT
    P -o FREE.mp4 --feather 9
    P --all -o FREE.mp4
    P --all --source a
    P --renders MISSING
    P --renders TEXT
    P --renders TEXT -o FREE.mp4
    NEW -o FREE.mp4
preview
    P -o FREE.avi
    P -o MISSING/x.png
    P -o TEXT
    P -o PICTURES
    P -o FREE.png --source nosuch
    P -o FREE.png --source a --cast nosuch
    P -o FREE.png --source a --cast 99=b
    P -o FREE.png --model-name nosuch
    P -o FREE.png --mask nosuch
    P -o FREE.png --match-colour nosuch
    P -o FREE.png --knob nosuch=1
    P -o FREE.png --frames 9-3
    P -o FREE.png --frames 99999
    P -o FREE.png --matte
    P -o FREE.png --cell-px 3
    NEW -o FREE.png
    TEXT -o FREE.png
score
    P --render nosuch
    MISSING
    A
    A MISSING
    A B --donor MISSING
    A B --donor B -o TEXT
    A B --donor B --embedder nosuch -o FREE
    NEW
models show
    NEW
    TEXT
models sheet
    NEW
    TEXT
    P
    P --model-name ../nosuch
models change
    NEW --no-warp
    P
    P --no-warp
    P --learning-rate 5
config show
    NEW
    --config MISSING
    --config TEXT
config template
    nosuch
jobs add
    nosuch
    verify A
jobs list
    --state nosuch
jobs show
    99
jobs log
    99
jobs run
    --most-deaths 0
jobs stop
    nosuch
jobs cancel
    99
    1 --grace -1
jobs retry
    99
jobs clear
    --state nosuch
consent
    P --revoke
    P --revoke --person nosuch
    P --file MISSING
    P --file TEXT
    P --person nosuch
    P --person c --name C --basis nosuch
    P --person c --name C --basis self --purpose nosuch
    P --person c --name C --basis self --evidence MISSING
    P --person c --person d --name C --basis self
    P --person a --name C --basis self --scope x --purpose research --adult
    NEW
    NEW --file MISSING
    NEW --file TEXT
    NEW --person c --name C --basis nosuch
    NEW --person c --name C --basis self --evidence MISSING
    NEW --person c --basis self --person d
    NEW --show
forget
    P --person nosuch --yes
    P --person b
    NEW --person b --yes
verify
    MISSING
    MISSING --json
plugins
    nosuch
weights list
    nosuch
weights fetch
    nosuch
    --all nosuch
    nosuch --dir FREE
weights verify
    --dir MISSING
doctor
    nosuch
completion
    nosuch
studio
    MISSING
    TEXT
    P --port 70000
    P --host 0.0.0.0
    P --certificate TEXT
    P --certificate MISSING --key TEXT
    P --allow MISSING
"""


def rows() -> Iterator[tuple[str, list[str]]]:
    """(verb, what is wrong with it)."""
    verb = ""
    for line in TABLE.strip().splitlines():
        if line.startswith(" "):
            yield verb, shlex.split(line)
        else:
            verb = line


def verbs(command: Any, named: str = "") -> Iterator[str]:
    """All that can be typed."""
    below = getattr(command, "commands", None)
    if below is None:
        yield named
    for name, each in (below or {}).items():
        if not each.hidden:
            yield from verbs(each, f"{named} {name}".strip())


def test_no_verb_is_left_out() -> None:
    assert {verb for verb, _ in rows()} == set(verbs(typer.main.get_command(app)))


@pytest.mark.parametrize("group", sorted({verb.split()[0] for verb, _ in rows()}))
def test_what_is_refused_changes_nothing(done, understudy, monkeypatch, group) -> None:
    monkeypatch.chdir(done.folder)
    (done.folder / "text").write_text("neither film nor table\n")
    (done.folder / "copy.mp4").write_bytes(done.a.read_bytes() + b"\0\0\0\x08free")
    words = {
        "P": done.project,
        "A": done.a,
        "B": done.b,
        "PICTURES": done.project / "sources" / "a" / "faces",
        "AGREED": done.consent,
        "TEXT": done.folder / "text",
        "MISSING": done.folder / "missing",
        "NEW": done.folder / "new.understudy",
        "FREE": done.folder / "free",
        "COPY": done.folder / "copy.mp4",
    }
    before, wrong = _all_of(done.folder), []
    for verb, asked in rows():
        if verb.split()[0] != group:
            continue
        typed = [*verb.split(), *(_filled(word, words) for word in asked)]
        said = understudy(*typed)
        after = _all_of(done.folder)
        changed = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
        if said.code == 0 or changed or "Traceback" in said.err:
            wrong.append(f"{verb} {' '.join(asked)}: {said.code}, {changed}, {said.err[-300:]}")
        before = after
    assert not wrong, "\n".join(wrong)


def _filled(word: str, words: dict[str, Path]) -> str:
    for name, path in words.items():
        if word == name or word.startswith((f"{name}/", f"{name}.")):
            return f"{path}{word.removeprefix(name)}"
    return word


def _all_of(folder: Path) -> dict[str, str]:
    """Every name below a folder with a digest of what it holds; of large files, who they are.

    What a project's log tells of refusals is wanted, and left out.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name == "log.txt" and path.parent.name == "out.understudy":
            continue
        state = path.lstat()
        if not path.is_file() or state.st_size > 1 << 20:
            held = f"{state.st_mode} {state.st_ino} {state.st_mtime_ns if path.is_file() else ''}"
        else:
            held = hashlib.sha256(path.read_bytes()).hexdigest()
        found[os.fspath(path.relative_to(folder))] = held
    return found
