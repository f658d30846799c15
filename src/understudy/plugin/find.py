"""Where plug-ins come from: installed packages, and modules named for development.

A package offers an iterable of records under the entry point group `understudy.plugins`; ours does,
too. While one is written, `UNDERSTUDY_PLUGINS=module:NAME[,module:NAME]` names records (one, or an
iterable of them) in any module that Python finds, without packaging.

Somebody else's package must not end the program: what cannot be read is passed over with its
reason. Nothing is guessed either: of two that claim one name, ours stays, and of two strangers'
neither is taken.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from typing import Any

from understudy.plugin.record import KINDS, Plugin, Weights

ENTRY_POINT_GROUP = "understudy.plugins"
VARIABLE = "UNDERSTUDY_PLUGINS"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_ENDING = re.compile(r"(\.[a-z0-9]{1,8})?")
_TEXTS = ("kind", "name", "target", "summary", "options", "license", "extra", "version")


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Something that offers plug-ins and cannot be used.

    Attributes:
        where: the entry point or the variable, and what it names.
        reason: why, for people.
        kind: of the record, where there is one that says so; "" otherwise.
        name: of the record, likewise.
    """

    where: str
    reason: str
    kind: str = ""
    name: str = ""

    @property
    def called(self) -> str:
        """Kind and name where they are known, or where it comes from."""
        return f"{self.kind} {self.name}".strip() or self.where


def find() -> tuple[list[Plugin], list[PassedOver]]:
    """Everything that is offered on this machine: what can be used, and what was passed over."""
    passed_over: list[PassedOver] = []
    ours: dict[tuple[str, str], tuple[str, Plugin]] = {}
    others: dict[tuple[str, str], list[tuple[str, Plugin]]] = {}
    for where, is_ours, load in _offers():
        for offered in _loaded(where, load, passed_over):
            fault = fault_of(offered)
            if fault:
                passed_over.append(_passed(where, fault, offered))
            elif is_ours:
                ours.setdefault((offered.kind, offered.name), (where, offered))
            else:
                claims = others.setdefault((offered.kind, offered.name), [])
                if offered not in (plugin for _, plugin in claims):
                    claims.append((where, offered))
    taken = dict(ours)
    for key, claims in others.items():
        rivals = [*([ours[key]] if key in ours and claims[0][1] != ours[key][1] else []), *claims]
        if len(rivals) > 1:
            passed_over += [
                _passed(where, _clash(plugin, where, rivals), plugin) for where, plugin in claims
            ]
        else:
            taken.setdefault(key, claims[0])
    good = _without_rival_weights(list(taken.values()), passed_over)
    return good, passed_over


def fault_of(offered: Any) -> str:
    """What is wrong with a record, for people; "" when nothing is."""
    if not isinstance(offered, Plugin):
        return f"expected an understudy.plugin.Plugin, got {offered!r:.80}"
    for name in _TEXTS:
        if not isinstance(getattr(offered, name), str):
            return f"{name}: expected text, got {getattr(offered, name)!r:.80}"
    if offered.kind not in KINDS:
        return f"unknown kind {offered.kind!r}; kinds are {', '.join(KINDS)}"
    if not _NAME.fullmatch(offered.name):
        return f"name {offered.name!r}: expected a-z, 0-9, dot, dash and underscore, at most 64"
    if not _TARGET.fullmatch(offered.target):
        return f"target {offered.target!r}: expected 'package.module:Class'"
    if offered.options and not _TARGET.fullmatch(offered.options):
        return f"options {offered.options!r}: expected 'package.module:OptionsDataclass'"
    if not isinstance(offered.weights, tuple) or not all(
        isinstance(w, Weights) for w in offered.weights
    ):
        return f"weights: expected a tuple of Weights, got {offered.weights!r:.80}"
    if not isinstance(offered.requires, tuple) or not all(
        isinstance(name, str) and name.isidentifier() for name in offered.requires
    ):
        return f"requires: expected a tuple of module names, got {offered.requires!r:.80}"
    if not isinstance(offered.endings, tuple) or not all(
        isinstance(ending, str) and _ENDING.fullmatch(ending) for ending in offered.endings
    ):
        return f"endings: expected a tuple of endings such as '.mp4', got {offered.endings!r:.80}"
    return ""


def _offers() -> Iterator[tuple[str, bool, Callable[[], Any]]]:
    """Where from, whether it is ours, and how to load what is offered."""
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        of = f" of the package {entry.dist.name}" if entry.dist else ""
        yield f"{entry.value}{of}", entry.value.startswith("understudy."), entry.load
    for named in os.environ.get(VARIABLE, "").split(","):
        if named.strip():
            yield f"{VARIABLE}={named.strip()}", False, partial(_named, named.strip())


def _named(text: str) -> Any:
    if not _TARGET.fullmatch(text):
        raise ValueError(f"expected module:NAME, got {text!r}")
    module, _, name = text.partition(":")
    return getattr(importlib.import_module(module), name)


def _loaded(where: str, load: Callable[[], Any], passed_over: list[PassedOver]) -> list[Any]:
    try:
        offered = load()
        return list(offered) if isinstance(offered, Iterable) else [offered]
    except ModuleNotFoundError as error:
        reason = f"{error}; install it, or put its folder on PYTHONPATH"
    except Exception as error:  # noqa: BLE001 (importing runs a stranger's code)
        reason = f"{type(error).__name__}: {error}"
    passed_over.append(PassedOver(where, reason))
    return []


def _passed(where: str, reason: str, offered: Any) -> PassedOver:
    kind, name = getattr(offered, "kind", ""), getattr(offered, "name", "")
    return PassedOver(where, reason, str(kind), str(name))


def _clash(plugin: Plugin, where: str, rivals: list[tuple[str, Plugin]]) -> str:
    others = ", ".join(f"{p.target} ({at})" for at, p in rivals if p != plugin)
    return (
        f"another {plugin.kind} plug-in is called {plugin.name!r}: {others}; rename one, or "
        "uninstall the package that brings it"
    )


def _without_rival_weights(
    taken: list[tuple[str, Plugin]], passed_over: list[PassedOver]
) -> list[Plugin]:
    """Leave out those whose weights would take the place of another's: files lie side by side."""
    good: list[Plugin] = []
    known: dict[str, Weights] = {}
    for where, plugin in taken:
        rival = next((w for w in plugin.weights if known.get(w.name, w) != w), None)
        if rival is not None:
            reason = f"its weights {rival.name} have the name of another file; give them their own"
            passed_over.append(_passed(where, reason, plugin))
            continue
        known |= {w.name: w for w in plugin.weights}
        good.append(plugin)
    return good
