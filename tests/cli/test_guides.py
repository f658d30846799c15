"""What README and the guides tell people to type is there, and the cheap part of it is run.

Some pages are gone through from top to bottom as a newcomer would, in a folder with small films of
two actors who do not exist, with flags that make it quick.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from understudy.cli.app import app
from understudy.imaging.png import encode_png
from understudy.media.stills import read_image
from understudy.provenance.consent import (
    BASES,
    PURPOSES,
    Declaration,
    keep_declarations,
    now,
    read_declarations,
)

TOP = Path(__file__).parents[2]
PAGES = {
    path.relative_to(TOP).as_posix(): path.read_text("utf-8")
    for folder in (TOP, TOP / "docs", TOP / "docs" / "guides", TOP / "docs" / "decisions")
    for path in sorted(folder.glob("*.md"))
    if path.name != "CHANGELOG.md"
}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
EXTRACT = ("--size", 96, "--min-face-px", 30, "--workers", 1)
SMALL = ("--swap.mesh.texture", 128, "--swap.mesh.components", 8)
TRAIN = ("--iterations", 2, "--batch", 2, "--threads", 1, "--previews", 1, "--score-faces", 0)
CONVERT = ("--preset", "ultrafast", "--no-score")

TAUGHT = {"--detect.skin.min-share", "--swap.linear.code", "--detect.mine.steps"}
"""Flags of the plug-ins that guides teach to write; `tests/examples` runs those of the template."""


def fenced(page: str) -> Iterator[list[str]]:
    """The commands of ours in a page's fences, as words, without what a shell would take."""
    for language, text in FENCE.findall(PAGES[page]):
        if language in ("", "sh", "bash"):
            for line in text.replace("\\\n", " ").splitlines():
                if re.match(r"(\w+=\S+ )*understudy ", line):
                    yield from split(line)


def listed(page: str) -> Iterator[list[str]]:
    """Commands in the first column of a table, written without our name."""
    for code in re.findall(r"^\| `([a-z]+ [^`]+)` \|", FENCE.sub("", PAGES[page]), re.MULTILINE):
        words = shlex.split(code)
        if words[0] in everything().commands:
            yield words


def split(line: str) -> Iterator[list[str]]:
    """Each command of ours in a line of a shell."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="|;&<>")
    reader.whitespace_split = True
    words: list[str] = []
    for word in [*reader, ";"]:
        if word and set(word) <= set("|;&<>"):
            while words and "=" in words[0]:
                words = words[1:]
            if words and words[0] == "understudy":
                yield words[1:]
            words = []
        else:
            words.append(word)


def read(words: list[str]) -> Any:
    """The verb that a command names, having read its flags and arguments.

    Raises:
        Exception: the command line does not take it, and says why.
    """
    command = everything()
    while taught := TAUGHT & set(words):
        at = words.index(taught.pop())
        words = [*words[:at], *words[at + 2 :]]
    context = command.make_context("understudy", list(words))
    rest = list(words)
    while hasattr(command, "commands"):
        _, command, rest = command.resolve_command(context, rest)
        above = context
        context = command.make_context(command.name, list(rest), parent=above)
    return command


@cache
def everything() -> Any:
    """The command line."""
    return typer.main.get_command(app)


@cache
def known_flags() -> frozenset[str]:
    """Every flag of every verb, those of plug-ins included."""
    found: set[str] = set()

    def walk(command: Any) -> None:
        context = command.context_class(command, info_name="x")
        for parameter in command.get_params(context):
            found.update([*parameter.opts, *parameter.secondary_opts])
        for inner in getattr(command, "commands", {}).values():
            walk(inner)

    walk(everything())
    return frozenset(found)


COMMANDS = [(page, words) for page in PAGES for words in (*fenced(page), *listed(page))]


@pytest.mark.parametrize(
    ("page", "words"), COMMANDS, ids=[f"{p}: {' '.join(w)[:60]}" for p, w in COMMANDS]
)
def test_the_command_line_takes_the_command(page: str, words: list[str]) -> None:
    assert read(words).callback is not None


def test_most_commands_are_seen_and_a_wrong_one_is_refused() -> None:
    assert len(COMMANDS) > 90
    assert list(
        split("A=1 understudy train p --minutes 3 > x && understudy verify 'a b.mp4' # c")
    ) == [
        ["train", "p", "--minutes", "3"],
        ["verify", "a b.mp4"],
    ]
    for wrong in (["train", "p", "--minuets", "3"], ["trian", "p"], ["swap", "a.mp4"]):
        with pytest.raises(Exception, match=r"No such|Missing"):
            read(wrong)


@pytest.mark.parametrize("page", PAGES)
def test_verbs_and_flags_in_the_text_are_there(page: str) -> None:
    text = FENCE.sub("", PAGES[page])
    unknown = []
    for code in CODE.findall(text):
        verb = re.match(r"understudy ([a-z]+)", code)
        if verb and verb[1] not in everything().commands:
            unknown.append(code)
        if verb or (code.startswith("--") and page.startswith(("README", "docs/guides"))):
            flags = re.findall(r"(?<![\w-])--[a-z][\w.-]*", code)
            unknown += [f for f in flags if f.replace("_", "-") not in known_flags() | TAUGHT]
    assert unknown == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    here = (TOP / page).parent
    text = FENCE.sub("", PAGES[page])
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    broken = [link for link in links if not (here / link.partition("#")[0]).exists()]
    broken += [link for link in links if "#" in link and not anchored(here, link)]
    assert broken == []


def anchored(here: Path, link: str) -> bool:
    """Whether the page that a link names has the heading that it names."""
    name, _, anchor = link.partition("#")
    target = (here / name).resolve() if name else None
    if target is not None and target.suffix != ".md":
        return True
    text = target.read_text("utf-8") if target else ""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES)
def test_python_in_the_text_is_python(page: str) -> None:
    for language, text in FENCE.findall(PAGES[page]):
        if language == "python":
            ast.parse(text)


def test_a_declaration_written_by_hand_as_the_guide_shows_holds(tmp_path: Path) -> None:
    texts = [
        t for language, t in FENCE.findall(PAGES["docs/guides/consent.md"]) if language == "toml"
    ]
    for text in texts:
        (tmp_path / "consent.toml").write_text(text, "utf-8")
        (found,) = read_declarations(tmp_path / "consent.toml")
        assert found.person == "ann" and not found.forbids(date(2027, 1, 1))
    for words in (*BASES, *PURPOSES):
        assert words in texts[0]


def test_targets_of_make_are_there() -> None:
    made = set(re.findall(r"^(\w+):", (TOP / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page, text in PAGES.items():
        asked = set(re.findall(r"`make (\w+)`", text))
        for _, block in FENCE.findall(text):
            asked |= set(re.findall(r"^make (\w+)", block, re.MULTILINE))
        assert asked <= made, page


NAMES = {"footage.mp4": "a.mp4", "donor.mp4": "b.mp4", "100,250": "2,5"}
"""What films of the guides are called in the folders of these tests, and frames that they have."""
QUICK: dict[str, tuple[object, ...]] = {
    "extract": EXTRACT,
    "train": ("--iterations", 3, *TRAIN[2:], *SMALL),
    "convert": CONVERT,
    "swap": (*EXTRACT, *TRAIN, *SMALL, *CONVERT, "--consent", "agreed.toml"),
    "consent": ("--file", "agreed.toml"),
}
"""What makes each verb quick, and answers what it would ask."""
ELSEWHERE = {
    "swap footage.mp4 donor.mp4 -o out.mp4 --instant": "tests/cli/test_instant.py",
    "convert out.understudy -o other-way.mp4 --swap": "tests/cli/test_cast.py",
    "score out.understudy": "tests/cli/test_score.py",
    "add project take1.mp4": "tests/cli/test_cast.py",
    "add project bob.mov": "tests/cli/test_cast.py",
    "add project dinner.mp4": "tests/cli/test_cast.py",
    "cast": "tests/cli/test_cast.py",
    "train project --persons ann,bob --model-name": "tests/cli/test_cast.py",
    "convert project --source dinner.mp4": "tests/cli/test_cast.py",
    "swap a.mp4 b.mp4": "tests/cli/test_jobs.py",
    "jobs": "tests/cli/test_jobs.py",
    "convert hdr.understudy": "tests/stages/convert/test_convert.py",
    "convert project --keys": "tests/stages/convert/test_keys.py",
    "convert project --all": "tests/cli/test_batch.py",
    "convert project --renders": "tests/cli/test_batch.py",
    "extract project a --plate-lut": "tests/stages/extract/test_options.py",
    "convert project -o a_log.mov": "tests/stages/convert/test_convert.py",
    "import workspace/data_src/aligned": "tests/interchange, where such folders are made",
}
"""Commands that other tests run, by how they begin."""


def follow(
    understudy: Any,
    page: str,
    *,
    but: Sequence[str] = (),
    elsewhere: Iterable[str] = ELSEWHERE,
    folders: bool = False,
) -> dict[str, str]:
    """Type a page's commands one after another; what each said, by the command.

    With `folders` it converts to folders of pictures, whose writers know no encoder's preset.
    """
    said = {}
    for words in fenced(page):
        command = " ".join(words)
        if not any(command.startswith(each) for each in (*elsewhere, *but)):
            words = [NAMES.get(word, word) for word in words]
            quick = QUICK.get(words[0], ())
            if folders and quick == CONVERT:
                quick = CONVERT[2:]
            told = understudy(*words, *quick).worked()
            said[command] = " ".join((told.out + told.err).split())
    return said


def test_what_is_tested_elsewhere_is_still_in_a_guide() -> None:
    typed = [" ".join(words) for _, words in COMMANDS]
    assert [c for c in ELSEWHERE if not any(each.startswith(c) for each in typed)] == []


def test_readme_from_a_first_swap_to_another_take(
    done: Any, people: Any, film: Any, understudy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(done.folder)
    film(done.folder / "take2.mp4", list(people.a[9:14]))
    elsewhere = ("extract project", "consent project", "train project")
    said = follow(understudy, "README.md", but=elsewhere)
    assert "take2-swapped.mp4" in " ".join(said)
    assert "Signed by you" in said["verify better.mp4"]
    assert Path("take2-swapped.mp4").exists() and Path("out.mp4").exists()


def test_the_guide_of_conversion(
    done: Any, understudy: Any, tiny_onnx: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that somebody who softens an edge that no mask bounds is told."""
    monkeypatch.chdir(done.folder)
    weights = Path(os.environ["UNDERSTUDY_WEIGHTS"]) / "palm_detection_full.tflite"
    but = () if weights.exists() else ("mask footage.mp4", "convert out.understudy -o hands.mp4")
    but = (*but, "convert out.understudy -o finer.mp4")  # its weights are not here
    Path("GFPGANv1.4.onnx").write_bytes(tiny_onnx("Identity", side=64))
    said = follow(understudy, "docs/guides/conversion.md", but=but)
    assert len(said) >= 4 and "changes nothing" not in " ".join(said.values())
    told = understudy("convert", done.project, "-o", "x.mp4", "--feather", 0.2, "--defaults")
    assert "--feather changes nothing: mesh" in " ".join(told.worked().err.split())


def test_the_guide_of_training(done: Any, understudy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(done.folder)
    said = follow(understudy, "docs/guides/training.md")
    assert "step: 3;" in said["models out.understudy"]
    for flag in (["--model", "quick"], ["--swap.mesh.texture", 512]):
        told = understudy("train", done.project, *QUICK["train"], *flag)
        told.refused("models/model: ", "--model-name", "--new")


def test_the_round_trip_of_a_shot(
    people: Any, film: Any, understudy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names stay, and what no new face covers stays to the bit, so that a difference is a matte."""
    monkeypatch.chdir(tmp_path)
    Path("shot010").mkdir()
    for number, pixels in enumerate(people.a[:6], 1001):
        Path(f"shot010/shot010.{number}.png").write_bytes(encode_png(pixels))
    film(Path("bob1.mov"), list(people.b[:8]))
    film(Path("bob2.mov"), list(people.b[8:14]))
    declare("ann", "bob")
    said = follow(understudy, "docs/guides/vfx.md", folders=True)
    assert "6 of 6 pictures: ours" in said["verify shot010-swapped"]
    names = sorted(p.name for p in Path("shot010-swapped").glob("*.png"))
    assert names == [f"shot010.{n}.png" for n in range(1001, 1007)]
    for name in names:
        before, after = (read_image(Path(where, name)) for where in ("shot010", "shot010-swapped"))
        changed = (before != after).any(2)
        assert 0.02 < changed.mean() < 0.5 and not changed[:, [0, -1]].any()
    assert Path("shot010-v2").is_dir()


def test_coming_from_faceswap(
    done: Any, understudy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alignments of the one, a faceset of the other, and the model that both can have."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(done.a, "clip.mp4")
    understudy("export", done.a, "-o", "clip_alignments.fsa").worked()
    shutil.copytree(done.project / "sources" / "b" / "faces", "workspace/data_src/aligned_faces")
    declare("ann", "bob")
    said = follow(understudy, "docs/guides/coming-from.md")
    assert "quick is used" in said["train project"]
    assert Path("out.mp4").exists()


def test_the_guide_of_jobs(done: Any, understudy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the run itself, which `test_jobs.py` has: nothing is carried out here."""
    monkeypatch.chdir(done.folder)
    shutil.copy(done.a, "clip.mp4")
    shutil.copytree(done.project, "other.understudy")
    runs = ("jobs run", "jobs log 1 --follow")
    said = follow(understudy, "docs/guides/jobs.md", but=runs, elsewhere=())
    waiting = said["jobs list --json"]
    assert '"verb": "swap"' in waiting and '"train.minutes": 240.0' in waiting
    assert waiting.count('"state": "waiting"') == 3
    assert "job 2 is cancelled" in said["jobs cancel 2"] and len(said) == 11


def test_the_guide_of_weights(
    understudy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the network, what is here is checked, and collected for another machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(NAMES, "NAME", "face_landmark.tflite")
    said = follow(understudy, "docs/guides/weights.md", but=("weights fetch --all",))
    assert "face_landmark.tflite" in said["weights list"] and len(said) == 5
    assert "all of them are here" in said["weights fetch"]
    understudy("weights", "fetch", "face_landmark.tflite", "--dir", "weights").worked()
    assert "face_landmark.tflite" in " ".join(map(str, Path("weights").iterdir()))
    understudy("weights", "verify", "--dir", "weights").worked()


def test_the_guide_of_other_tools(
    done_place: Any, understudy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders of face pictures are made, and read, in tests/interchange."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(done_place.a, "clip.mp4")
    understudy("export", done_place.a, "-o", "clip_alignments.fsa").worked()
    page = "docs/guides/interchange.md"
    said = follow(understudy, page, but=("import aligned/", "export"))
    assert "8 faces" in said["import clip_alignments.fsa --media clip.mp4"]
    Path("clip_alignments.fsa").rename("first.fsa")
    follow(understudy, page, but=("import",))
    coco = json.loads(Path("clip.json").read_text("utf-8"))
    assert len(coco["annotations"]) == 8 and Path("clip_alignments.fsa").exists()


def declare(*persons: str) -> None:
    """A file of declarations, `agreed.toml`."""
    made = [
        Declaration(p, "Nobody", "synthetic", True, False, "tests", "education", "us", now())
        for p in persons
    ]
    keep_declarations(Path("agreed.toml"), made)
