"""`understudy plugins`: what is installed, and what its weights may be used for."""

from __future__ import annotations


def plugins() -> None:
    """List detectors, landmark predictors, masks, models, writers, and their licences."""
    from rich.markup import escape
    from rich.table import Table

    from understudy.api.bars.console import console
    from understudy.plugin import KINDS, default_registry

    registry = default_registry()
    table = Table("kind", "name", "what it is", "weights", "commercial use")
    for kind in KINDS:
        for plugin in registry.of_kind(kind):
            weights = "\n".join(f"{w.name}: {w.license}" for w in plugin.weights) or "none needed"
            allowed = "yes" if plugin.commercial_use else "[bold red]no[/]"
            summary = plugin.summary
            if plugin.missing:
                hint = f"pip install 'understudy[{plugin.extra}]'" if plugin.extra else "install it"
                summary += f"\n[yellow]needs {', '.join(plugin.missing)}[/]: {escape(hint)}"
            table.add_row(kind, plugin.name, summary, weights, allowed)
        table.add_section()
    out = console()
    out.print(table)
    for kind in KINDS:
        for plugin in registry.of_kind(kind):
            for w in plugin.weights:
                if not w.commercial_use:
                    out.print(f"[red]{kind} {plugin.name}[/]: {w.name}: {w.origin}")
    for broken in registry.passed_over:
        out.print("[bold red]passed over[/]", end=" ")
        out.print(f"{broken.called}: {broken.reason} ({broken.where})", markup=False)
