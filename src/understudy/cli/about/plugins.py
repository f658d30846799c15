"""`understudy plugins`: what is installed, and what its weights may be used for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.cli.work import AsJson

if TYPE_CHECKING:
    from understudy.plugin import Plugin, Registry


def plugins(as_json: AsJson = False) -> None:
    """List detectors, landmark predictors, masks, models, writers, and their licences."""
    from understudy.cli.report import write
    from understudy.plugin import default_registry
    from understudy.weights.needed import all_plugins

    registry = default_registry()
    found = all_plugins(registry)
    if as_json:
        passed = [{"name": p.called, "reason": p.reason} for p in registry.passed_over]
        write("plugins", "plugins", {"plugins": list(map(_plain, found)), "passed_over": passed})
    else:
        _print(found, registry)


def _plain(plugin: Plugin) -> dict[str, Any]:
    return {
        "kind": plugin.kind,
        "name": plugin.name,
        "version": plugin.version,
        "summary": plugin.summary,
        "license": plugin.license,
        "commercial_use": plugin.commercial_use,
        "missing": plugin.missing,
        "weights": [_plain_weights(w) for w in plugin.weights],
    }


def _plain_weights(weights: Any) -> dict[str, Any]:
    return {
        "name": weights.name,
        "license": weights.license,
        "commercial_use": weights.commercial_use,
        "origin": weights.origin,
    }


def _print(found: list[Plugin], registry: Registry) -> None:
    from understudy.api.bars.console import console
    from understudy.cli.rows import Cell, Styled, show

    rows: list[list[Cell]] = []
    for plugin in found:
        weights = "\n".join(f"{w.name}: {w.license}" for w in plugin.weights) or "none needed"
        allowed = Styled("yes") if plugin.commercial_use else Styled("no", "bold red")
        summary = plugin.summary
        if plugin.missing:
            hint = f"pip install 'understudy[{plugin.extra}]'" if plugin.extra else "install it"
            summary += f"\nneeds {', '.join(plugin.missing)}: {hint}"
        rows.append([plugin.kind, plugin.name, summary, weights, allowed])
    heads = ["kind", "name", "what it is", "weights", "commercial use"]
    show(heads, rows, titles=2, plain=2, group=True)
    out = console(markup=False, soft_wrap=True)
    for plugin in found:
        for w in plugin.weights:
            if not w.commercial_use:
                out.print(f"{plugin.kind} {plugin.name}: {w.name}: {w.origin}", style="red")
    for broken in registry.passed_over:
        out.print("passed over ", style="bold red", end="")
        out.print(f"{broken.called}: {broken.reason} ({broken.where})")
