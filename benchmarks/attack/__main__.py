"""Attack Understudy as strangers and bad luck would, and count what happens.

    python benchmarks/attack WHAT... [--scale 1] [--seed 1] [--folder DIR] [--out FILE]

WHAT is any of films, stills, alignments, faces, imports, consent, projects, models, photos,
notices, receipts, reports, queues, tables, trials, ends (damaged files), requests (to the studio),
bits (one bit of a signed film turned), pickles, sockets (commands under strace) and kills. At scale
1 the counts are those that docs/reliability.md tells of; `make soak` takes more. Every mutant comes
from its seed, kind and number alone, and `--case films:123` does one again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import children
import ground
import mutants
import newer
import other

FILES = {**mutants.COUNTS, **newer.COUNTS, "bits": other.BITS, "pickles": other.PICKLES}
SHOWN = 20


def attacked(kind: str, where: ground.Ground, place: Path, seed: int, scale: float) -> Any:
    """All pieces of one kind of damaged file; counts, faults, and the most memory in MiB."""
    count = FILES[kind] if kind == "pickles" else round(FILES[kind] * scale)
    work = _work(kind, where, place, seed)
    counts: Counter[str] = Counter()
    faults: list[str] = []
    peak = 0
    for became in children.each(work, count):
        how, harmless = became.how, kind not in ("bits", "pickles")
        if kind == "bits" and how == "fine" and became.words.split(":")[0] == other.CREDENTIAL:
            how, harmless = "fine, in padding of the credential itself", True
        counts[how] += 1
        peak = max(peak, became.peak_bytes)
        if how in ("crash", "hang") or (how == "fine" and not harmless):
            faults.append(f"{kind}:{became.number} {how}: {became.words}")
    return {"tried": count, "counts": counts, "faults": faults, "peak_mib": peak >> 20}


def killed(where: ground.Ground, place: Path, seed: int, scale: float) -> Any:
    """Jobs killed until there are enough kills; every third round writes PNGs."""
    wanted, struck, faults, rounds = round(other.KILLS * scale), Counter[str](), [], 0
    while struck.total() < wanted and rounds < wanted:
        folder = place / f"round_{rounds}"
        folder.mkdir(parents=True)
        for name in ("a.mp4", "b.mp4"):
            shutil.copy2(where.folder / name, folder)
        output = "out" if (seed + rounds) % 3 == 1 else "out.mp4"
        new, found = other.kills(folder, seed + rounds, output)
        struck += Counter({f"{stage}{' (PNG)' * (output == 'out')}": n for stage, n in new.items()})
        faults += found
        rounds += 1
        shutil.rmtree(folder)
    return {"tried": struck.total(), "counts": struck, "faults": faults}


def traced(where: ground.Ground, place: Path) -> Any:
    """Commands under strace."""
    if shutil.which("strace") is None:
        return {"tried": 0, "counts": {"strace is not installed": 1}, "faults": []}
    commands, found = other.sockets(where, place)
    return {"tried": commands, "counts": {"internet sockets": len(found)}, "faults": found}


def _work(kind: str, where: ground.Ground, place: Path, seed: int) -> Any:
    for part in (mutants, newer):
        if kind in part.COUNTS:
            return part.work_of(kind, where, place, seed)
    return other.bits_of(where, place, seed) if kind == "bits" else other.pickles_of(where, place)


def _again(case: str, where: ground.Ground, place: Path, seed: int) -> None:
    """Do one case here, with its traceback."""
    kind, number = case.split(":")
    sys.stdout.write(_work(kind, where, place, seed)(int(number)) + "\n")


def main() -> int:
    """Attack; the number of faults, at most 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=[*FILES, "sockets", "kills"])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--case")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="understudy-attack-"))
    where = ground.made(folder.absolute() / "ground")
    os.chdir(where.folder)
    if asked.case:
        _again(asked.case, where, folder / "case", asked.seed)
        return 0
    sys.stdout.write(f"seed {asked.seed}, {asked.scale:g} times the counts; all in {folder}\n")
    found: dict[str, Any] = {}
    for kind in asked.what:
        began, place = time.monotonic(), folder.absolute() / f"{kind}-{asked.seed}"
        shutil.rmtree(place, ignore_errors=True)
        if kind == "kills":
            one = killed(where, place, asked.seed, asked.scale)
        elif kind == "sockets":
            one = traced(where, place)
        else:
            one = attacked(kind, where, place, asked.seed, asked.scale)
        found[kind] = {**one, "seed": asked.seed, "took_s": round(time.monotonic() - began)}
        words = ", ".join(f"{n} {how}" for how, n in sorted(one["counts"].items()))
        sys.stdout.write(f"{kind:<12}{one['tried']:>7}  {len(one['faults'])} faults  {words}\n")
        sys.stdout.write("".join(f"    {fault}\n" for fault in one["faults"][:SHOWN]))
        sys.stdout.flush()
        shutil.rmtree(place, ignore_errors=True)
        if asked.out:
            asked.out.write_text(json.dumps(found, indent=1))
    return int(any(one["faults"] for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
