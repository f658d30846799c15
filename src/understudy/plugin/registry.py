"""All plug-ins by kind and name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from understudy.errors import PluginError
from understudy.plugin.find import PassedOver, find
from understudy.plugin.record import KINDS, Plugin


class Registry:
    """All plug-ins by kind and name; the door for ours and for other packages' alike.

    Args:
        plugins: the records; they must be right, and no two of a kind may have one name.
        passed_over: what was found and cannot be used; kept to be told of.

    Raises:
        PluginError: an unknown kind, or a clash.
    """

    def __init__(self, plugins: Iterable[Plugin], passed_over: Iterable[PassedOver] = ()) -> None:
        self._by_key: dict[tuple[str, str], Plugin] = {}
        self.passed_over = tuple(passed_over)
        for plugin in plugins:
            if plugin.kind not in KINDS:
                raise PluginError(
                    f"plug-in {plugin.name!r} has the unknown kind {plugin.kind!r}; "
                    f"kinds are {', '.join(KINDS)}"
                )
            key = (plugin.kind, plugin.name)
            clash = self._by_key.get(key)
            if clash is not None and clash != plugin:
                raise PluginError(
                    f"two {plugin.kind} plug-ins are called {plugin.name!r}: {clash.target} and "
                    f"{plugin.target}; uninstall one of the packages that bring them"
                )
            self._by_key[key] = plugin

    @classmethod
    def installed(cls) -> Registry:
        """Everything that installed packages and `UNDERSTUDY_PLUGINS` offer.

        What is broken is in `passed_over` and ends nothing.
        """
        return cls(*find())

    def of_kind(self, kind: str) -> list[Plugin]:
        """All plug-ins of a kind, by name."""
        return sorted((p for p in self._by_key.values() if p.kind == kind), key=lambda p: p.name)

    def get(self, kind: str, name: str) -> Plugin:
        """The record of this kind and name.

        Raises:
            PluginError: there is none, or it was passed over; says why, and what there is.
        """
        try:
            return self._by_key[kind, name]
        except KeyError:
            known = ", ".join(p.name for p in self.of_kind(kind)) or "none"
        why = [p for p in self.passed_over if (p.kind, p.name) == (kind, name)]
        if why:
            reasons = "; ".join(f"{p.reason} ({p.where})" for p in why)
            raise PluginError(
                f"the {kind} plug-in {name!r} cannot be used: {reasons}; others are: {known}"
            )
        unread = [f"{p.where}: {p.reason}" for p in self.passed_over if not p.name]
        hint = f"; what could not be read: {'; '.join(unread)}" if unread else ""
        raise PluginError(
            f"no {kind} plug-in is called {name!r}; there are: {known}{hint}; a package of yours "
            "that brings it is installed, or named by UNDERSTUDY_PLUGINS=module:NAME"
        )

    def create(self, kind: str, name: str, *args: Any, **kwargs: Any) -> Any:
        """Import and construct in one step."""
        return self.get(kind, name).load()(*args, **kwargs)


def default_registry() -> Registry:
    """The registry of installed plug-ins, read once a process."""
    global _installed
    if _installed is None:
        _installed = Registry.installed()
    return _installed


_installed: Registry | None = None
