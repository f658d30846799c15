"""Which weights a job needs, whether they are here, and whether their licences allow the job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import PluginError, ValueRefused, WeightsError
from understudy.flow import Progress
from understudy.plugin import KINDS, Plugin, Registry, Weights, default_registry
from understudy.weights.fetch import fetch
from understudy.weights.files import check_file, locate


def ensure(
    plugins: Iterable[Plugin],
    progress: Progress,
    *,
    folder: Path | None = None,
    trust_on_first_use: bool = False,
) -> list[Weights]:
    """See to it that the weights of these plug-ins are on this machine, before they are built.

    Where all are here, nothing is said and no network is asked. Packages are not installed: one
    that is missing is named.

    Returns:
        What was fetched.

    Raises:
        PluginError: a package that a plug-in requires is not installed.
        WeightsError: some cannot be had; says why, and how to bring them here otherwise.
        DiskFull, StoreError: the models folder cannot be written.
        Cancelled: the person asked to stop.
    """
    plugins = list(plugins)
    for plugin in plugins:
        plugin.require()
    records = [record for plugin in plugins for record in plugin.weights]
    for record in records:
        if not record.fetchable:
            locate(record)
    return fetch(
        records,
        progress,
        folder=folder,
        trust_on_first_use=trust_on_first_use,
        alongside=users(default_registry()),
    )


def is_here(plugin: Plugin) -> bool:
    """Whether a plug-in's packages and weights are on this machine; nothing is fetched."""
    try:
        plugin.require()
        for record in plugin.weights:
            locate(record)
    except (PluginError, WeightsError):
        return False
    return True


def all_plugins(registry: Registry) -> list[Plugin]:
    """Every plug-in, in the order of the kinds."""
    return [plugin for kind in KINDS for plugin in registry.of_kind(kind)]


def users(registry: Registry) -> dict[Weights, list[Plugin]]:
    """Every weights record, and the plug-ins that need it."""
    found: dict[Weights, list[Plugin]] = {}
    for plugin in all_plugins(registry):
        for record in plugin.weights:
            found.setdefault(record, []).append(plugin)
    return found


def named(names: Sequence[str], registry: Registry) -> list[Weights]:
    """The records that these names mean: each a file of weights, or a plug-in (of any kind).

    Raises:
        ValueRefused: a name is neither; lists what there is.
    """
    known = users(registry)
    chosen: list[Weights] = []
    for name in names:
        found = [r for r, plugins in known.items() if name in (r.name, *(p.name for p in plugins))]
        if not found:
            there = sorted({r.name for r in known} | {p.name for ps in known.values() for p in ps})
            raise ValueRefused(
                f"{name!r} is neither a file of weights nor a plug-in that needs some; there are: "
                f"{', '.join(there)}"
            )
        chosen += found
    return list(dict.fromkeys(chosen))


@dataclass(frozen=True, slots=True)
class State:
    """Whether the file behind a record is here and is the file meant.

    Attributes:
        record: what was looked for.
        path: where it lies, or None when it is not here.
        trouble: why it would be refused; "" when it is right, or not here.
    """

    record: Weights
    path: Path | None
    trouble: str = ""


def state(record: Weights, folder: Path | None = None) -> State:
    """Look for a file and read all of it; in one folder only when one is given."""
    try:
        path = locate(record) if folder is None else folder / record.name
    except WeightsError:
        return State(record, None)
    if not path.is_file():
        return State(record, None)
    try:
        check_file(record, path)
    except WeightsError as error:
        return State(record, path, str(error))
    return State(record, path)


def require_commercial(plugins: Sequence[Plugin], registry: Registry) -> None:
    """Refuse plug-ins with weights whose licence does not allow commercial use.

    Raises:
        PluginError: names each such file with its licence, and what may be used instead.
    """
    barred = [p for p in plugins if not p.commercial_use]
    if not barred:
        return
    words = []
    for plugin in barred:
        files = ", ".join(f"{w.name} ({w.license})" for w in plugin.weights if not w.commercial_use)
        others = [p.name for p in registry.of_kind(plugin.kind) if p.commercial_use]
        instead = f"use {' or '.join(others)}" if others else "there is no other that may be"
        words.append(f"{plugin.kind} {plugin.name} needs {files}; instead: {instead}")
    raise PluginError("not for commercial use: " + ". ".join(words))
