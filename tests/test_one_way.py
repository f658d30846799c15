"""What there is one way for is done that way everywhere; exceptions are named with a reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import understudy

ROOT = Path(understudy.__file__).parent

RESAMPLING = {"resize", "warpAffine", "warpPerspective", "remap", "pyrDown", "pyrUp"}
RESAMPLERS = {
    "imaging/resample.py": "the one resampler",
    "imaging/rasterise.py": "looks up a texture along a drawn surface",
    "imaging/unwrap.py": "a surface laid flat is no affine warp; it shrinks by means all the same",
    "actors/look/skin.py": "looks up a texture along a curved surface",
    "actors/render/raster.py": "looks up a texture along a curved surface",
    "embed/dlib128/chip.py": "dlib's own pyramid, as its network learnt faces",
    "actors/swap.py": "spreads values of a mesh's corners, which are no pixels",
}

LEVELS = {255, 257, 65535}
CONVERTERS = {
    "imaging/depth.py": "the one conversion",
    "imaging/drawing.py": "a colour from its hue",
    "embed/onnx.py": "a network's mean and spread, in levels",
    "mask/occlusion.py": "shares of pixels that were drawn with 255",
    "media/colour/plate.py": "tables over all code values of 16 bits",
    "media/colour/tonemap.py": "tables over all code values of 16 bits",
    "imaging/nearness.py": "the range that PSNR and SSIM are defined with",
    "stages/train/learning/loop.py": "tensors",
    "stages/train/learning/previews.py": "tensors",
    "swap/loading.py": "tensors",
}

WRITING = {"write_bytes", "write_text", "imwrite", "savez", "touch", "copyfile", "copy2", "copy"}
WRITERS = {
    "files.py": "the door: follows no link out of a project",
    "store/atomic.py": "the one write path",
    "store/lock.py": "who holds a lock, which only people read",
    "events/reference.py": "writes a page of this repository's docs",
    "media/encode.py": "fills a file of commit_path",
    "media/colour/mastering.py": "adds to a file of commit_path",
    "media/joining/__init__.py": "fills a file of commit_path",
    "nn/checkpoint.py": "fills a folder of commit_dir",
    "provenance/credentials.py": "fills a file of commit_path",
    "stages/release/stage.py": "fills a folder of commit_dir",
    "studio/api/files.py": "fills a file of commit_path",
    "studio/api/verify.py": "fills a scratch folder",
    "testing/clips.py": "films for tests",
    "testing/contracts/write.py": "pictures that a contract is checked with",
    "weights/wheels.py": "fills a scratch folder",
    "write/animation.py": "opens a file of commit_path",
    "write/gif.py": "fills a file of commit_path",
    "write/images.py": "fills a folder of commit_dir",
    "write/webp.py": "fills a file of commit_path",
}

READING = {"read_bytes", "read_text"}
READERS = {
    "geometry/facemesh/__init__.py": "a file of this package",
    "geometry/facemesh/surface.py": "a file of this package",
    "events/reference.py": "a page of this repository's docs",
    "provenance/credentials.py": "what it wrote itself a moment ago",
    "weights/wheels.py": "what pip said, in a scratch folder",
}
PARSERS = {
    "files.py": "the door: bounded, and no deeper than can be walked",
    "geometry/facemesh/__init__.py": "a file of this package",
    "geometry/facemesh/surface.py": "a file of this package",
    "runs/queue/devices.py": "what our own process said",
    "interchange/json_file.py": "other tools' files, with limits of their own",
    "options/toml_file.py": "TOML, read through the door",
    "provenance/consent/file.py": "TOML, read through the door",
}

CHANGING = {"mkdir", "makedirs", "unlink", "rmdir", "rmtree", "rename", "renames", "symlink_to"}
CHANGING |= {"hardlink_to", "symlink", "link", "chmod", "removedirs"}
CHANGERS = {
    "files.py": "the door: follows no link out of a project",
    "store/atomic.py": "the one write path, which asks the door",
    "store/lock.py": "removes locks of its own, having asked the door",
    "store/project/migrate.py": "must say why a folder cannot be removed, having asked the door",
    "provenance/credentials.py": "removes a file of commit_path",
    "testing/contracts/write.py": "pictures that a contract is checked with",
    "weights/wheels.py": "fills a scratch folder",
    "write/images.py": "fills a folder of commit_dir",
}
DATABASES = {
    "store/sqlite/database.py": "the one way to a database, side files looked at first",
    "store/sqlite/guard.py": "in memory, to see what ours defines",
    "store/alignments/__init__.py": "fills a file of commit_path",
}
LOCKS = {"store/lock.py": "the one lock"}
ENCODERS = {
    "media/encode.py": "fills a file of commit_path",
    "media/joining/__init__.py": "reads packets into memory",
    "testing/clips.py": "films for tests",
    "testing/contracts/write.py": "films that a contract is checked with",
    "write/animation.py": "fills a file of commit_path",
}

NEED_NO_QUOTES = {
    "NOBODY": "a word of ours",
    "LEAVE": "a word of ours",
    "asked": "put together of quoted words",
    "' '.join(asked)": "put together of ids and numbers",
    "person": "a person's id",
    "place": "a film's id and a number",
    "example": "a number",
    "numbers[-1]": "a number",
    "record.name": "a weights record's",
    "weights.name": "a weights record's",
    "names": "weights records'",
    "VERSION": "a number",
    "args[0]": "a verb of ours",
}


def found(matches: Callable[[ast.AST], bool]) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path, nodes in nodes_of_files()
        if any(matches(node) for node in nodes)
    }


@cache
def nodes_of_files() -> tuple[tuple[Path, tuple[ast.AST, ...]], ...]:
    """Every file is parsed and walked once for all tests."""
    return tuple(
        (path, tuple(ast.walk(ast.parse(path.read_text("utf-8")))))
        for path in sorted(ROOT.rglob("*.py"))
    )


def resamples(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in RESAMPLING
        and isinstance(node.value, ast.Name)
        and node.value.id == "cv2"
    )


def converts(node: ast.AST) -> bool:
    def level(side: ast.AST) -> bool:
        if isinstance(side, ast.Call) and len(side.args) == 1:  # np.float32(255)
            side = side.args[0]
        if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Div):  # mul_(1 / 255)
            side = side.right
        return isinstance(side, ast.Constant) and side.value in LEVELS

    scales = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div))
    return scales and (level(node.left) or level(node.right))


def writes(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "O_CREAT"
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in WRITING and isinstance(node.func, ast.Attribute):
        copies = name.startswith("copy")
        owner = node.func.value
        return not copies or (isinstance(owner, ast.Name) and owner.id == "shutil")
    modes = [a for a in [*node.args, *(k.value for k in node.keywords)] if text(a)]
    return name in ("open", "fdopen") and any(set(m.value) & set("wax+") for m in modes)


def reads(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    name, owner = node.func.attr, getattr(node.func.value, "id", "")
    words = [a.value for a in node.args if isinstance(a, ast.Constant)]
    plain = name == "open" and owner not in ("av", "os") and words in ([], ["r"], ["rb"])
    of_a_class = owner[:1].isupper() or (node.args and not words)
    return (name in READING and owner != "checks") or (plain and not of_a_class)


def changes(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    name, owner = node.func.attr, getattr(node.func.value, "id", "")
    if name in ("replace", "remove"):  # of a path or of `os`; strings, lists and values have them
        return owner == "os" or (name == "replace" and len(node.args) == 1 and not node.keywords)
    return name in CHANGING and owner not in ("files", "np", "torch", "document")


def calls(owner: str, *names: str) -> Callable[[ast.AST], bool]:
    def match(node: ast.AST) -> bool:
        func = node.func if isinstance(node, ast.Call) else None
        if not isinstance(func, ast.Attribute) or func.attr not in names:
            return False
        return getattr(func.value, "id", "") == owner

    return match


def encodes(node: ast.AST) -> bool:
    """`av.open` for writing."""
    if not calls("av", "open")(node):
        return False
    assert isinstance(node, ast.Call)
    return any(isinstance(a, ast.Constant) and a.value == "w" for a in node.args)


def text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 4


def reads_films(node: ast.AST) -> bool:
    module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    names = {n.name for n in node.names} if isinstance(node, ast.ImportFrom) else set()
    return module.startswith("understudy.media") and "frames" in names


def test_pictures_are_resampled_in_one_place() -> None:
    assert found(resamples) == set(RESAMPLERS)


def test_levels_become_numbers_in_one_place() -> None:
    assert found(converts) == set(CONVERTERS)


def test_files_are_written_by_one_path() -> None:
    assert found(writes) == set(WRITERS)


def test_files_are_read_through_one_door() -> None:
    assert found(reads) == set(READERS)
    parses = [calls("json", "load", "loads"), calls("tomllib", "load", "loads")]
    assert found(lambda n: any(parse(n) for parse in parses)) == set(PARSERS)


def test_files_are_made_moved_and_removed_through_one_door() -> None:
    assert found(changes) == set(CHANGERS)


def test_databases_locks_and_films_are_opened_in_one_place() -> None:
    assert found(calls("sqlite3", "connect")) == set(DATABASES)
    assert found(lambda n: getattr(getattr(n, "value", n), "id", "") == "filelock") == set(LOCKS)
    assert found(encodes) == set(ENCODERS)
    for owner, names in (("np", ["save"]), ("torch", ["save"]), ("pickle", ["dump"])):
        assert found(calls(owner, *names)) == set()


def test_weights_are_opened_by_one_function() -> None:
    readers = {
        path
        for path in found(
            lambda n: isinstance(n, ast.Name) and n.id in ("weights_bytes", "weights_path")
        )
        if not path.startswith(
            ("weights/", "cli/about/doctor")
        )  # which look whether they are there
    }
    assert readers == set()


def test_films_are_read_by_their_reader() -> None:
    readers = {p for p in found(reads_films) if not p.startswith(("media/", "testing/"))}
    assert readers == set()


def test_every_console_leaves_words_as_they_are() -> None:
    """Rich shows `dinner:x=ann` as a picture unless each console is told not to."""
    made = {
        str(path.relative_to(ROOT))
        for path, nodes in nodes_of_files()
        for node in nodes
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Console", "_Safe")
    }
    assert made == {"api/bars/console.py"}


def test_a_command_that_a_message_tells_can_be_pasted_whatever_is_in_its_paths() -> None:
    """`understudy cast my films` is a command about two things that are not there."""
    commands = re.compile(r"understudy [a-z]+[^;,()`]*")
    bare = {
        f"{path.relative_to(ROOT)}:{node.lineno}: {word}"
        for path, nodes in nodes_of_files()
        for node in nodes
        if isinstance(node, ast.JoinedStr)
        for command in commands.findall(_template(node))
        for word in re.findall(r"\{(.*?)\}", command)
        if (value := node.values[int(word)]) and not _is_one_word(value)
    }
    assert bare == set()


def _template(node: ast.JoinedStr) -> str:
    """The text with `{3}` where its third part is a value."""
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"{{{number}}}"
        for number, part in enumerate(node.values)
    )


def _is_one_word(part: ast.expr) -> bool:
    """A quoted word, words put together of such, or what needs no quotes."""
    value = ast.unparse(part.value if isinstance(part, ast.FormattedValue) else part)
    return "quoted(" in value or value.endswith((".id", ".lower()")) or value in NEED_NO_QUOTES
