"""Flags of plug-ins' options, made when a verb is run or its help is shown.

Each option has a flag at its place in the tree, `--detect.mtcnn.scale-factor`; common ones a short
one as well, `--min-confidence`, for whichever plug-ins are chosen. The long ones are many: --help
leaves them out and --help-all shows them, a panel for each plug-in. A verb of several stages leaves
the short ones out too, but for those of its output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from understudy.cli import flags
from understudy.cli.loud import LoudCommand
from understudy.options import BranchField, OptionField, branches_of
from understudy.options.layers import chosen_plugins

if TYPE_CHECKING:
    from understudy.options.tree import Leaf, Tree

_KIND_WORDS = {
    "detect": "Detector",
    "align": "Landmark predictor",
    "mask": "Mask",
    "embed": "Embedding",
    "swap": "Model",
    "enhance": "Enhancer",
    "colour": "Colour matcher",
    "write": "Writer",
    "score": "Part of the score",
}


class OptionsCommand(LoudCommand):
    """A verb with the flags of the plug-ins that its stages use."""

    def get_params(self, ctx: Any) -> list[Any]:
        """All flags, those of plug-ins included."""
        stages: tuple[type, ...] = getattr(self.callback, "stages", ())
        if stages and not getattr(self, "extended", False):
            self.extended = True
            made = plugin_flags(stages)
            self.params[:] = [*self.params, *made]
        return super().get_params(ctx)


def plugin_flags(stages: tuple[type, ...]) -> list[Any]:
    """The flags of the plug-ins that these stages use, as the command line's parameters."""
    from understudy.plugin import default_registry
    from understudy.runs.settings import stage_of, whole_tree

    tree = whole_tree(default_registry())
    kinds = {b.kind for cls in stages for b in branches_of(cls)}
    leaves = [
        leaf
        for leaf in tree.leaves.values()
        if leaf.plugin and leaf.owner.partition(".")[0] in kinds
    ]
    made = [
        _short(name, tree, stage_of(cls), branch, several=len(stages) > 1)
        for cls in stages
        for branch in branches_of(cls)
        for name in branch.short
    ]
    made += [_long(leaf) for leaf in leaves]
    parameters = {f"option_{n}": annotation for n, annotation in enumerate(a for a in made if a)}
    return [_help_all(), *built(parameters)]


def built(annotations: dict[str, Any], default: Any = None) -> list[Any]:
    """Typer's parameters, made as it makes any command's."""
    import inspect

    def nothing() -> None:
        pass

    nothing.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [flags.keyword(name, annotation, default) for name, annotation in annotations.items()]
    )
    nothing.__annotations__ = annotations
    app = typer.Typer(add_completion=False)
    app.command()(nothing)
    command: Any = typer.main.get_command(app)
    return [p for p in command.params if p.name in annotations]


def _help_all() -> Any:
    def show(context: typer.Context, asked: bool) -> None:
        if asked:
            for parameter in context.command.params:
                parameter.hidden = False  # type: ignore[attr-defined]
            typer.echo(context.get_help())
            raise typer.Exit

    flag = typer.Option(
        "--help-all",
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Show every option, those of plug-ins as well, and exit.",
    )
    return built({"help_all": Annotated[bool, flag]}, False)[0]


def _long(leaf: Leaf) -> Any:
    kind, _, name = leaf.owner.partition(".")
    spelled = leaf.path.replace("_", "-")
    return _annotation(
        leaf.field,
        f"--{spelled}",
        f"{_KIND_WORDS.get(kind, kind.capitalize())} {name}",
        _keep(flags.PATHS, leaf.path, leaf.field),
        hidden=True,
        default=_default(leaf.field),
    )


def _short(name: str, tree: Tree, stage: str, branch: BranchField, *, several: bool) -> Any:
    """The flag that sets an option of all plug-ins chosen, or None where none has it."""
    kind = branch.kind
    having = [
        leaf
        for leaf in tree.leaves.values()
        if leaf.plugin and leaf.field.name == name and leaf.owner.startswith(f"{kind}.")
    ]
    if not having:
        return None
    owners = [leaf.owner.partition(".")[2] for leaf in having]
    usual = list(chosen_plugins(tree, stage, branch, {}))
    having.sort(key=lambda leaf: _place(leaf.owner.partition(".")[2], usual))
    everyone = len(owners) == len(tree.plugins[kind])
    defaults = dict.fromkeys(_default(leaf.field) for leaf in having)
    return _annotation(
        _widest([leaf.field for leaf in having]),
        f"--{name.replace('_', '-')}",
        _panel(tree.stages[stage], kind),
        _keep(flags.SHORT, name, having[0].field),
        more="" if everyone else f" For {', '.join(owners)}.",
        default=next(iter(defaults)) if len(defaults) == 1 else "",
        hidden=several and kind != "write",
    )


def _place(name: str, usual: Sequence[str]) -> int:
    return usual.index(name) if name in usual else len(usual)


def _widest(fields: Sequence[OptionField]) -> OptionField:
    """The first one, taking what any of them takes: which of them it is for is known later."""
    lows, highs = [f.low for f in fields], [f.high for f in fields]
    low = None if None in lows else min(n for n in lows if n is not None)
    high = None if None in highs else max(n for n in highs if n is not None)
    return replace(fields[0], low=low, high=high)


def _panel(stage: type, kind: str) -> str:
    """The panel of the option that names plug-ins of this kind."""
    from understudy.options import fields_of

    named = [f.group for f in fields_of(stage) if f.names is not None and f.names.kind == kind]
    return named[0] if named else "Output" if kind == "write" else f"{_KIND_WORDS[kind]}s"


def _annotation(
    field: OptionField,
    spelled: str,
    panel: str,
    callback: Callable[..., Any],
    *,
    default: str,
    hidden: bool = False,
    more: str = "",
) -> Any:
    names = (f"{spelled}/--no-{spelled[2:]}",) if field.kind is bool else (spelled,)
    flag = flags.flag_of(
        field,
        names,
        flags.help_of(field) + more + (f" [default: {default}]" if default else ""),
        panel,
        show_default=False,
        callback=callback,
        expose_value=False,
        hidden=hidden,
    )
    return Annotated[flags.type_of(field) | None, flag]


def _default(field: OptionField) -> str:
    value = field.default
    if value is None or value in ("", ()):
        return ""
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def _keep(where: str, key: str, field: OptionField) -> Callable[..., Any]:
    def keep(context: typer.Context, value: Any) -> None:
        if value is not None:
            context.meta.setdefault(where, {})[key] = flags.plain(value, field)

    keep.__annotations__ = {"context": typer.Context}
    return keep
