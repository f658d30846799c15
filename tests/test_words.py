"""What is counted is named in the singular where it is one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import understudy
from understudy.words import are, counted

ROOT = Path(understudy.__file__).parent
COUNTED = re.compile(
    r" (shots|persons|frames|faces|files|films|tracks|pictures|jobs|images|masks|iterations|ids)\b"
)
SEVERAL = {
    "actors/performance.py": "of clips, twenty frames and more",
    "api/who.py": "said where there are several",
    "interchange/carry/film.py": "of all faces, some",
    "interchange/values.py": "said where there are several",
    "media/encode.py": "of films",
    "media/info.py": "of films",
    "media/joining/check.py": "of films",
    "runs/consent/origins.py": "said where there are several",
    "runs/verbs/alignments.py": "tracks or persons",
    "stages/faces/masks.py": "mask kinds",
    "stages/repair/signals.py": "of a film",
    "stages/train/feeding/faces.py": "of a person, who has many",
    "stages/train/moments/even.py": "of a person, who has many",
    "swap/loading.py": "an array's shape",
    "testing": "of tests",
}
"""Where a number is never one, or is part of a whole that is many."""


def test_one_and_several() -> None:
    assert [counted(n, "shot") for n in (0, 1, 2)] == ["0 shots", "1 shot", "2 shots"]
    assert counted(1, "face is", "faces are") == "1 face is"
    assert counted(3, "face is", "faces are") == "3 faces are"
    assert [are(n) for n in (0, 1, 2)] == ["are", "is", "are"]


def test_no_message_says_one_persons() -> None:
    """`{n} persons` is right for all numbers but the commonest."""
    wrong = set()
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        if any(name == known or name.startswith(f"{known}/") for known in SEVERAL):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.JoinedStr):
                continue
            for value, words in zip(node.values, node.values[1:], strict=False):
                if not (isinstance(value, ast.FormattedValue) and isinstance(words, ast.Constant)):
                    continue
                number = ast.unparse(value.value)
                known = number.rpartition(".")[2].isupper() or number.startswith("counted(")
                if COUNTED.match(str(words.value)) and not known:
                    wrong.add(f"{name}: {{{number}}}{words.value}")
    assert sorted(wrong) == []
