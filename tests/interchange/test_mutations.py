"""A thousand damaged files for each reader: refused clearly or taken in part, nothing else."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from understudy.errors import StoreError, UnderstudyError
from understudy.flow import Silent
from understudy.interchange.carry import import_
from understudy.interchange.dfl.pak import read_pak
from understudy.interchange.faceswap.fsa import read_fsa
from understudy.interchange.folder import read_folder
from understudy.interchange.json_file import read_json
from understudy.interchange.values import ForeignSet, Ledger
from understudy.testing import damage

COUNT = 1000
mutated = partial(damage.mutated, heads=False)


def survives(
    path: Path,
    read: Callable[[Path, Ledger], ForeignSet],
    builds: Callable[[random.Random], bytes],
    seed: int,
) -> tuple[int, int]:
    """(read, refused) of a thousand; anything but a `StoreError` fails."""
    rng = random.Random(seed)  # noqa: S311
    taken = 0
    for _ in range(COUNT):
        path.write_bytes(builds(rng))
        try:
            found = read(path, Ledger())
        except StoreError as error:
            assert str(error) and len(str(error)) < 2000
        else:
            taken += 1
            for faces in found.frames.values():
                assert all(face.landmarks.shape == (68, 2) for face in faces)
    return taken, COUNT - taken


def test_fsa(tmp_path: Path, foreign) -> None:
    frames = {f"c_{n:06}.mp4": {"faces": [foreign.faceswap_face(n, 16)]} for n in range(1, 3)}
    whole = foreign.fsa(frames)
    inner = zlib.decompress(whole)

    def build(rng: random.Random) -> bytes:
        if rng.random() < 0.2:
            return mutated(whole, rng)
        return zlib.compress(mutated(inner, rng), 1)

    taken, refused = survives(tmp_path / "a.fsa", read_fsa, build, 1)
    assert taken > 100 and refused > 100


def test_faceswap_png(tmp_path: Path, foreign) -> None:
    whole = foreign.faceswap_png(1, size=16)
    start = whole.index(b"{'alignments'")
    length = int.from_bytes(whole[whole.index(b"iTXt") - 4 : whole.index(b"iTXt")], "big")
    text = whole[start : start + length - 13]
    picture = foreign.picture(16)

    def build(rng: random.Random) -> bytes:
        if rng.random() < 0.3:
            return mutated(whole, rng)
        damaged = mutated(text, rng).decode("utf-8", "replace")
        return foreign.faceswap_png_of(damaged, picture)

    taken, refused = survives(tmp_path / "a.png", read_folder, build, 2)
    assert taken > 50 and refused > 100


@pytest.mark.parametrize("build", ["dfl_jpg", "dfl_png"])
def test_dfl_pictures(tmp_path: Path, foreign, build: str) -> None:
    whole = getattr(foreign, build)(foreign.dfl_meta(1), 1, 32)
    packed = foreign.pickled(foreign.dfl_meta(1))
    at = whole.index(packed)

    def make(rng: random.Random) -> bytes:
        if rng.random() < 0.3:
            return mutated(whole, rng)
        damaged = mutated(packed, rng)
        if build == "dfl_png":
            return foreign.png(foreign.picture(32), foreign.chunk(b"fcWp", damaged))
        size = (len(damaged) + 2).to_bytes(2, "big")
        return whole[: at - 2] + size + damaged + whole[at + len(packed) :]

    suffix = ".jpg" if build == "dfl_jpg" else ".png"
    taken, refused = survives(tmp_path / f"a{suffix}", read_folder, make, 3)
    assert taken > 50 and refused > 100


def test_faceset_pak(tmp_path: Path, foreign) -> None:
    blobs = [foreign.dfl_jpg(foreign.dfl_meta(n), n, 16) for n in range(2)]
    whole = foreign.pak([(foreign.pak_item(f"{n}.jpg", "a"), b) for n, b in enumerate(blobs)])
    head = len(whole) - sum(map(len, blobs))

    def build(rng: random.Random) -> bytes:
        if rng.random() < 0.5:
            return mutated(whole, rng)
        return mutated(whole[:head], rng) + whole[head:]

    taken, refused = survives(tmp_path / "a.pak", read_pak, build, 4)
    assert taken > 100 and refused > 100


def test_the_book(tmp_path: Path, foreign) -> None:
    whole = foreign.book({"a.png": {"faces": [foreign.book_face(1), foreign.book_face(2)]}})
    path = tmp_path / "face_alignments.json"
    taken, refused = survives(path, read_json, lambda rng: mutated(whole, rng), 5)
    assert taken > 50 and refused > 100


def test_json_of_faceswap(tmp_path: Path, foreign) -> None:
    face = {"detected": [1, 2, 30, 40], "landmarks_2d": foreign.landmarks(1).tolist()}
    whole = json.dumps({"a.png": [face], "b.png": [face, face]}).encode()
    path = tmp_path / "a.json"
    taken, refused = survives(path, read_json, lambda rng: mutated(whole, rng), 6)
    assert taken > 50 and refused > 100


def test_our_own_json(tmp_path: Path, make) -> None:
    from understudy.interchange import plain_json
    from understudy.store.alignments import Alignments, SourceRecord

    source = SourceRecord("clip.mp4", "00", 640, 361, make.face().at.time_base, 3)
    with Alignments.open(tmp_path / "c.alignments", create=source) as store:
        store.put([(make.face(n).at, [make.face(n, 0)]) for n in range(2)])
        whole = "".join(plain_json.pieces(store)).encode()
    rng = random.Random(7)  # noqa: S311
    path, taken = tmp_path / "a.json", 0
    for _ in range(COUNT):
        path.write_bytes(mutated(whole, rng))
        try:
            taken += isinstance(read_json(path, Ledger()), plain_json.PlainAlignments)
        except StoreError as error:
            assert str(error)
    assert taken > 20


def test_damaged_facesets_all_the_way_to_face_images(tmp_path: Path, foreign) -> None:
    """Whatever a reader lets through is also safe to decode, to fit and to write."""
    rng = random.Random(8)  # noqa: S311
    folder = tmp_path / "faces"
    folder.mkdir()
    for number in range(60):
        jpg = foreign.dfl_jpg(foreign.dfl_meta(number, f"{number:05}.png"), number, 32)
        (folder / f"{number}.jpg").write_bytes(mutated(jpg, rng))
        swap = foreign.faceswap_png(number, f"f_{number:06}.png", size=32)
        (folder / f"f_{number:06}_0.png").write_bytes(mutated(swap, rng))
    try:
        report = import_(folder, None, tmp_path / "out", Silent())
    except UnderstudyError as error:
        pytest.fail(f"some were whole enough: {error}")
    assert 0 < report.faces < 120 and report.faces + report.n_skipped == 120
    assert len(list((tmp_path / "out").rglob("*.png"))) == report.faces
