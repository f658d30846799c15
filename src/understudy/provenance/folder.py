"""A folder of pictures as one work: a signed list of what belongs in it, and what differs from it.

Each picture carries credentials of its own, but none can say that another is missing, or that they
were shown in another order. So a folder holds one more file, `credentials.svg`: a notice that any
browser shows, with the names of all files in their order and the SHA-256 of each, under a signature
of its own. C2PA signs no plain text files, but SVG.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from understudy.errors import MediaError, ProvenanceError
from understudy.files import sha256_of
from understudy.provenance.listing import list_of, printable, read_list
from understudy.provenance.verify import State, Verdict, verify
from understudy.words import counted

LIST = "credentials.svg"
LISTED_IN = "listed_in"
"""Key of a picture's disclosure that names the list, so that one who takes the list away is told
from a folder that never had one."""
PICTURES = (".png", ".tif")
"""Endings of pictures that carry credentials of their own; others are known by the list alone."""
_WORST_FIRST: tuple[State, ...] = ("unreadable", "altered", "none", "stranger", "ours")
_MOST_TOLD = 20
_OF_SYSTEMS = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True, slots=True)
class FolderVerdict:
    """The answer for a folder.

    Attributes:
        whole: the folder as one; it is worth what its worst part is.
        pictures: each picture for itself.
    """

    whole: Verdict
    pictures: Mapping[Path, Verdict]


def list_of_folder(title: str, files: Sequence[Path], n_pictures: int) -> bytes:
    """The list of a folder, an SVG to be signed.

    Args:
        title: the folder's name.
        files: all that belongs in it, as it will be there: pictures in the order in which they are
            shown, then the rest.
        n_pictures: how many of them are pictures.

    Raises:
        OSError: a file cannot be read.
    """
    lines = (
        f"{title}: {counted(n_pictures, 'picture')} in which a trained model replaced faces.",
        "This notice is signed, and lists them: understudy verify FOLDER",
    )
    return list_of(lines, [(file.name, file) for file in files], n_pictures)


def verify_folder(folder: Path) -> FolderVerdict:
    """Read the credentials of a folder of pictures, and name what differs from its list.

    Raises:
        ProvenanceError: something in it may not be read.
        MediaError: there are no PNGs in it.
    """
    try:
        entries = sorted(p for p in folder.iterdir() if not _is_of_systems(p.name))
    except OSError as error:
        raise ProvenanceError(
            f"{folder}: cannot be listed ({error.strerror}); check its rights"
        ) from error
    files = [p for p in entries if p.is_file() and p.name != LIST]
    pictures = {p: verify(p) for p in files if p.suffix.lower() in PICTURES}
    known = folder / LIST in entries
    if not pictures and not known:
        raise MediaError(f"{folder}: there are no PNG files in this folder{_beside(entries)}")
    if known:
        told, differs = _by_list(folder / LIST, entries, files)
    else:
        told = _worst(pictures.values())
        claimed = any(LISTED_IN in (v.disclosure or {}) for v in pictures.values())
        differs = [(LIST, "the signed list of this folder was removed")] if claimed else []
        differs += [(p.name, v.state) for p, v in pictures.items() if not v.ok]
    whole = _whole(told, pictures, differs, known)
    if inner := [] if known else [p.name for p in entries if p.is_dir()]:
        names = ", ".join(map(printable, inner[:_MOST_TOLD]))
        words = f"Not looked into: the folders in it ({names}); verify each by itself."
        whole = replace(whole, sentences=(*whole.sentences, words))
    return FolderVerdict(whole, pictures)


def _beside(entries: Sequence[Path]) -> str:
    inner = any(p.is_dir() for p in entries)
    return "; the folders in it are not looked into: verify each by itself" if inner else ""


def _whole(
    told: Verdict,
    pictures: Mapping[Path, Verdict],
    differs: Sequence[tuple[str, str]],
    known: bool,
) -> Verdict:
    states = [v.state for v in pictures.values()]
    first = [
        f"{states.count(s)} of {counted(len(states), 'picture')}: {s}"
        for s in sorted(set(states), key=_WORST_FIRST.index, reverse=True)
    ]
    worst = _worst([told, *pictures.values()])
    if not differs:
        order = (
            "They are all that was made, in its order; nothing was taken out or put in."
            if known
            else "Nothing tells whether pictures are missing or were put in: there is no signed "
            "list of them."
        )
        return replace(worst, sentences=(*first, order, *worst.sentences))
    state: State = worst.state if worst.state in ("unreadable", "none") else "altered"
    lines = [f"  {printable(name)}: {how}" for name, how in differs[:_MOST_TOLD]]
    if len(differs) > _MOST_TOLD:
        lines.append(f"  and {len(differs) - _MOST_TOLD} more")
    what = "is not as it was signed" if known or state == "altered" else "does not hold together"
    return replace(
        worst,
        state=state,
        sentences=(*first, f"Altered: this folder {what}:", *lines),
        differs=tuple({"name": name, "how": how} for name, how in differs),
    )


def _by_list(
    path: Path, entries: Sequence[Path], files: Sequence[Path]
) -> tuple[Verdict, list[tuple[str, str]]]:
    """The list's own verdict, and what differs from it."""
    told = verify(path)
    if not told.ok:
        return told, [(path.name, f"the list itself is {told.state}")]
    try:
        want = read_list(path)
        have = {file.name: sha256_of(file) for file in files}
    except ValueError as error:
        return replace(told, state="unreadable"), [(path.name, f"is no list of ours ({error})")]
    except OSError as error:
        raise ProvenanceError(
            f"{error.filename}: cannot be read ({error.strerror}); check its rights"
        ) from error
    strange = [(p.name, "was put in, and is no file") for p in entries if not p.is_file()]
    return told, [*_differences(want, have), *strange]


def _differences(want: Mapping[str, str], have: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    named = {digest: name for name, digest in want.items()}
    found = {digest: name for name, digest in have.items()}
    for name, digest in want.items():
        if name not in have:
            other = found.get(digest)
            yield name, "was removed" if other is None else f"was renamed: it is {other} now"
        elif have[name] != digest:
            other = named.get(have[name])
            yield name, "was altered" if other is None else f"holds the picture of {other}"
    for name, digest in have.items():
        if name not in want:
            other = named.get(digest)
            yield name, "was put in" if other is None else f"was put in, a copy of {other}"


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    return min(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.state))


def _is_of_systems(name: str) -> bool:
    """Files that desktops leave in folders, and hidden ones, which no viewer shows."""
    return name.startswith(".") or name.casefold() in _OF_SYSTEMS
