"""`info`: what an alignments file holds, in words."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from understudy.events.words import printable
from understudy.files import is_project
from understudy.shell import quoted
from understudy.stages.repair.pictures import state_of
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import Query, Summary
from understudy.store.alignments.settings import flat
from understudy.store.alignments.users import users_of
from understudy.words import counted

_PERSONS, _TRACKS, _USERS = 8, 8, 10


def info_lines(path: Path, faces_folder: Path | None = None) -> list[str]:
    """What a file holds, how it was made, and what in it is stale.

    Args:
        path: the alignments file.
        faces_folder: face pictures to be compared with it, or None.
    """
    with Alignments.open(path, read_only=True) as store:
        found, source = store.summary(), store.source
        declared = "? frames" if source.n_frames is None else counted(source.n_frames, "frame")
        lines = [
            f"file: {path}, {found.file_bytes / 2**20:.1f} MiB",
            f"source: {source.name}, {source.width}x{source.height} px, time base "
            f"{source.time_base}, {declared} declared",
            f"extraction: {'' if store.finished else 'not '}finished",
            *_settings(flat(source.settings)),
            *_wrapped(_frames(found)),
            f"tracks: {found.tracks} in {counted(found.shots or 1, 'shot')}, "
            f"{counted(found.persons, 'person')}; {counted(found.untracked, 'face')} without a "
            "track",
            *_persons(store, faces_folder),
            *_users(path),
            *_wrapped(f"made by: {_counted(found.made_by)}"),
            *_wrapped(f"masks: {_counted(found.masks)}"),
            f"identity: {counted(found.embeddings, 'face')}",
            *(_wrapped(f"more: {_counted(found.extras)}") if found.extras else []),
            *(
                f"{_QUALITY.get(name, name)}: {low:.3g} to {high:.3g}, median {middle:.3g}"
                for name, (low, middle, high) in found.quality.items()
            ),
            stale_line(found, path),
        ]
        if faces_folder is not None:
            state = state_of(faces_folder, store)
            lines.append(f"pictures up to date: {len(state.current)} in {faces_folder}")
            lines += state.remarks().values()
            if state.stale or state.behind:
                lines.append(
                    "bring them up to date with: understudy alignments redo "
                    f"{quoted(path)} --faces {quoted(faces_folder)}"
                )
    return lines


def _persons(store: Alignments, faces_folder: Path | None) -> list[str]:
    """Whom the numbers of persons are: how often each is seen, and where pictures of them lie."""
    tracks_of: dict[int, list[int]] = {}
    for track in store.tracks():
        if track.person is not None:
            tracks_of.setdefault(track.person, []).append(track.number)
    lines = []
    for person, tracks in sorted(tracks_of.items())[:_PERSONS]:
        named = ", ".join(map(str, tracks[:_TRACKS])) + (", ..." if tracks[_TRACKS:] else "")
        faces = counted(store.count(Query(person=person)), "face")
        lines.append(f"  person {person}: {faces}; tracks {named}")
    if len(tracks_of) > _PERSONS:
        lines.append(f"  and {len(tracks_of) - _PERSONS} more")
    if lines:
        sheet = None if faces_folder is None else faces_folder.absolute().parent / "cast.png"
        drawn = sheet is not None and sheet.is_file()
        lines.append(f"  pictures of them: {sheet if drawn else 'understudy cast PROJECT'}")
    return lines


def _users(path: Path) -> list[str]:
    """The projects that use a file, those that are gone last and as such."""
    users = users_of(path)
    there = [user for user in users if is_project(user)]
    named = [printable(str(user)) for user in there]
    named += [f"{printable(str(user))} (gone)" for user in users if user not in there]
    more = f", and {len(named) - _USERS} more" if named[_USERS:] else ""
    return [f"used by: {', '.join(named[:_USERS])}{more}"] if named else []


_QUALITY = {
    "average_distance": "distance to the mean face",
    "presence": "presence of a face, 0 to 1",
    "sharpness": "sharpness",
    "red": "red of the face, 0 to 1",
    "green": "green of the face, 0 to 1",
    "blue": "blue of the face, 0 to 1",
    "size_px": "size in pixels",
}
_UNITS = {"px": "px", "deg": "degrees", "s": "s"}
_WIDTH = 78


def _settings(values: Mapping[str, Any]) -> list[str]:
    """How it was extracted, in words: a line for the stage and one for each plug-in."""
    owners: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        owner, _, name = path.rpartition(".")
        owners.setdefault(owner.replace(".", " "), {})[name] = value
    lines: list[str] = []
    for owner, each in owners.items():
        said = [_setting(name, value) for name, value in each.items() if not _unset(value)]
        unset = [name.replace("_", " ") for name, value in each.items() if _unset(value)]
        said += [f"without {', '.join(unset)}"] if unset else []
        lines += _wrapped(f"{'settings' if not owner else f'of {owner}'}: {'; '.join(said)}")
    return lines or ["settings: none"]


def _unset(value: Any) -> bool:
    return value is None or value is False or value in ("", "none") or value == []


def _setting(name: str, value: Any) -> str:
    *words, last = name.split("_")
    if last in _UNITS and words:
        return f"{' '.join(words)} {value:g} {_UNITS[last]}"
    said = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    said = "on" if value is True else ", ".join(said.split(","))
    return f"{name.replace('_', ' ')} {said}"


def _wrapped(line: str) -> list[str]:
    """A long line in several; none that holds a command, which is to be pasted whole."""
    return textwrap.wrap(
        line, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def stale_line(found: Summary, path: Path) -> str:
    """What is stale in a file, and how it is made again."""
    if not found.stale:
        return "stale: nothing"
    parts = ", ".join(f"{part} of {counted(n, 'face')}" for part, n in found.stale.items())
    return f"stale: {parts}; make them again with: understudy alignments redo {quoted(path)}"


def _frames(found: Summary) -> str:
    said = f"frames: {found.frames} looked at, {found.frames_with_faces} with faces; "
    said += counted(found.faces, "face")
    if found.first_frame is not None:
        said += f"; first {found.first_frame}, last {found.last_frame}"
    many = ", ".join(
        f"{counted(frames, 'frame')} with {n}"
        for n, frames in found.faces_per_frame.items()
        if n > 1
    )
    return f"{said}; {many}" if many else said


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({n})" for name, n in counts.items()) or "none"
