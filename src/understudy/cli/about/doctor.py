"""`understudy doctor`: what is installed, what is chosen, and whether it will work."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from understudy.plugin import Weights


def doctor() -> None:
    """Print versions, the device chosen and why, plug-ins, keys and free disk."""
    import av
    from rich.table import Table

    from understudy.api.bars.console import console
    from understudy.errors import PluginError
    from understudy.nn.device import choose_device
    from understudy.plugin import KINDS, default_registry
    from understudy.store.home import home
    from understudy.weights.needed import users

    out = console()
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("Python", f"{sys.version.split()[0]} on {platform.platform()}")
    for name, state in _packages():
        table.add_row(name, state)
    codec = (
        "yes" if "libx264" in av.codecs_available else "[bold red]no[/]: video cannot be written"
    )
    table.add_row("H.264 encoder", codec)
    chosen = choose_device("auto")
    table.add_row("device", f"{chosen.device}: {chosen.reason}")
    registry = default_registry()
    troubles = [(f"{p.called} ({p.where})", p.reason) for p in registry.passed_over]
    for kind in KINDS:
        usable, missing = [], []
        for plugin in registry.of_kind(kind):
            try:
                plugin.load()
                plugin.load_options()
                usable.append(plugin.made_by)
            except PluginError as error:
                missing.append((f"{kind} {plugin.name}", str(error)))
        troubles += missing
        table.add_row(f"{kind} plug-ins", ", ".join(usable) or "[bold red]none[/]")
    for weights, plugins in users(registry).items():
        if any(not plugin.missing for plugin in plugins):
            table.add_row(weights.name, _weights_state(weights))
    table.add_row("keys and caches", str(home()))
    for place in dict.fromkeys([Path.cwd(), home() if home().exists() else Path.home()]):
        free = shutil.disk_usage(place).free / 2**30
        table.add_row("free disk", f"{free:.1f} GiB at {place}")
    out.print(table)
    for name, reason in troubles:
        out.print("[bold red]not usable[/]", end=" ")
        out.print(f"{name}: {reason}", markup=False)


def _packages() -> Iterator[tuple[str, str]]:
    """What we require and what the extras bring, each with its version or how to get it."""
    from importlib.metadata import PackageNotFoundError, requires, version

    from rich.markup import escape

    yield "understudy", version("understudy")
    for line in requires("understudy") or ():
        name, extra = re.match(r"[\w.-]+", line), re.search(r"extra == ['\"](\w+)", line)
        if name is None or name[0] == "understudy" or (extra and extra[1] == "dev"):
            continue
        try:
            yield name[0], version(name[0])
        except PackageNotFoundError:
            if extra is None:
                yield name[0], "[bold red]missing[/]: pip install it, or run make again"
            else:
                hint = escape(f"pip install 'understudy[{extra[1]}]'")
                yield name[0], f"not installed; only needed for some parts: {hint}"


def _weights_state(weights: Weights) -> str:
    from understudy.errors import WeightsError
    from understudy.weights.files import packaged, weights_folders, weights_path

    here = packaged(weights) or any((f / weights.name).is_file() for f in weights_folders())
    if weights.fetchable and not here:
        return f"not here; to get it: understudy weights fetch {weights.name}"
    try:
        return f"checked: {weights_path(weights)}"
    except WeightsError as error:
        return f"[bold red]{error}[/]"
