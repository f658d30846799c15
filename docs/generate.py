"""Writes `docs/reference/{options,cli,plugins,python}.md` from the code, so that they cannot lie.

    python docs/generate.py            # or: make docs
    python docs/generate.py --check    # exit code 1 where a page is stale; the tests ask this, too

Only what comes with Understudy is told of: plug-ins of other packages are left out.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from understudy.options import reference
from understudy.plugin import KINDS, Plugin, Registry, Weights
from understudy.plugin.find import find

HERE = Path(__file__).parent / "reference"
_MADE = "<!-- Made by docs/generate.py from the code; do not edit. -->"
KIND_WORDS = {
    "detect": "Face detectors",
    "align": "Landmark predictors",
    "mask": "Masks",
    "embed": "Identity embeddings",
    "swap": "Models",
    "enhance": "Enhancers",
    "colour": "Colour matchers",
    "write": "Writers",
    "score": "Parts of the score",
}


def main() -> None:
    """Write all pages, or name those that are stale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    stale = [name for name, make in PAGES.items() if read(name) != make()]
    if options.check:
        sys.exit(f"stale: {', '.join(stale)}; try: make docs" if stale else 0)
    HERE.mkdir(exist_ok=True)
    for name in stale:
        (HERE / name).write_text(PAGES[name](), "utf-8")
        print(f"written: {HERE / name}")


def read(name: str) -> str:
    """A page as it is now; "" where there is none."""
    path = HERE / name
    return path.read_text("utf-8") if path.is_file() else ""


def ours() -> Registry:
    """The plug-ins that come with Understudy."""
    return Registry(p for p in find()[0] if p.target.startswith("understudy."))


def options_page() -> str:
    """Every option by its path in the tree."""
    from understudy.runs.settings import STAGES

    parts = [
        "# Options",
        _MADE,
        "Every option by its place in the tree, as configuration files and "
        "`understudy config show` have it. As a flag a stage's option drops the stage's name and "
        "takes dashes (`extract.save_faces` is `--save-faces`); a plug-in's keeps its place "
        "(`--detect.mtcnn.scale-factor`). See [Configuration](../guides/configuration.md).",
    ]
    for name, cls in STAGES.items():
        parts += [f"## {name}", reference(cls, name)]
    registry = ours()
    for kind in KINDS:
        with_options = [(p, p.load_options()) for p in registry.of_kind(kind)]
        parts.append(f"## {KIND_WORDS[kind]}")
        without = [p.name for p, cls in with_options if cls is None]
        for plugin, cls in with_options:
            if cls is not None:
                parts += [f"### {kind}.{plugin.name}", reference(cls, f"{kind}.{plugin.name}")]
        if without:
            parts.append(f"Without options: {', '.join(f'`{kind}.{name}`' for name in without)}.")
    return "\n\n".join(parts) + "\n"


def plugins_page() -> str:
    """Every plug-in, what it needs, and what its weights may be used for."""
    parts = [
        "# Plug-ins",
        _MADE,
        "What comes with Understudy. `understudy plugins` lists what is installed on your "
        "machine, those of other packages included; "
        "[Your first detector](../guides/first-detector.md) tells how to add one.",
    ]
    registry = ours()
    for kind in KINDS:
        rows = ["| name | what it is | weights: licence, commercial use | extra |"]
        rows.append("| --- | --- | --- | --- |")
        for plugin in registry.of_kind(kind):
            weights = "; ".join(map(_weights, plugin.weights)) or "none"
            rows.append(f"| `{plugin.name}` | {plugin.summary} | {weights} | {_extra(plugin)} |")
        parts += [f"## {KIND_WORDS[kind]} (`{kind}`)", "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def cli_page() -> str:
    """Every verb with its arguments and flags; those of plug-ins are on the page of options."""
    from understudy.cli.app import app

    command = typer.main.get_command(app)
    parts = [
        "# Command line",
        _MADE,
        "Every verb, as `--help` tells it. Flags of plug-ins' options are on the page of "
        "[options](options.md). `swap` takes all flags of `extract`, `train` and `convert`; its "
        "own `--help` and this page name the common ones, `--help-all` names all. Every verb takes "
        "`-q` (only what was asked for, warnings and errors) and `-v` (times, codes, pictures, "
        "what it took, and of errors where they arose).",
    ]
    for words, verb in _verbs(command, ["understudy"]):
        parts += [f"## {' '.join(words)}", _plain(verb.help or "")]
        if rows := [_row(p) for p in verb.params if _told(p)]:
            parts.append("\n".join(["| | default | what it does |", "| --- | --- | --- |", *rows]))
    return "\n\n".join(part for part in parts if part) + "\n"


def python_page() -> str:
    """Every name of `import understudy` with its signature and docstring."""
    import understudy

    parts = [
        "# Python",
        _MADE,
        "What `import understudy as us` offers. Begin with the [guide](../guides/python.md); its "
        "examples and those below are run by the tests. Errors are of one tree, "
        "`understudy.errors.UnderstudyError`.",
    ]
    for name in sorted(set(understudy.__all__) - {"__version__"}, key=str.lower):
        found = getattr(understudy, name)
        parts += [f"## us.{name}", _signature(name, found), *_docstring(found)]
        members = sorted(vars(found).items()) if inspect.isclass(found) else ()
        for member, value in members:
            if member.startswith("_") or not inspect.getdoc(value):
                continue
            if inspect.isfunction(value):
                parts += [f"### {name}.{member}", _signature(member, value), *_docstring(value)]
            elif not inspect.ismemberdescriptor(value):
                parts += [f"### {name}.{member}", *_docstring(value)]
    return "\n\n".join(parts) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "options.md": options_page,
    "plugins.md": plugins_page,
    "cli.md": cli_page,
    "python.md": python_page,
}


def _signature(name: str, function: Any) -> str:
    signature = inspect.signature(function)
    parameters: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parameters:
            parameters.append("*")
        stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        parameters.append(f"{stars}{parameter.name}: {parameter.annotation}{default}")
    returns = "" if inspect.isclass(function) else f" -> {signature.return_annotation}"
    short = f"{name}({', '.join(parameters)}){returns}"
    if len(short) > 90:
        short = f"{name}(\n" + "".join(f"    {p},\n" for p in parameters) + f"){returns}"
    return f"```python\n{short}\n```"


def _docstring(found: Any) -> Iterator[str]:
    """A Google docstring as Markdown: items of sections as lists, examples as code."""
    text, *sections = re.split(
        r"^(Args|Returns|Raises|Attributes|Example):\n",
        inspect.getdoc(found) or "",
        flags=re.MULTILINE,
    )
    yield text.strip()
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        body = inspect.cleandoc(f"\n{body}").rstrip()
        if title == "Example":
            yield f"```pycon\n{body}\n```"
        elif title == "Returns":
            yield f"**Returns** {body}"
        else:
            items = re.sub(r"^(\S[^:\n]*): ", r"- `\1`: ", body, flags=re.MULTILINE)
            yield f"**{title}**\n\n{items}"


def _weights(weights: Weights) -> str:
    return f"{weights.name}: {weights.license}, {'yes' if weights.commercial_use else '**no**'}"


def _extra(plugin: Plugin) -> str:
    return f"`{plugin.extra}`" if plugin.extra else ""


def _verbs(command: Any, words: list[str]) -> Iterator[tuple[list[str], Any]]:
    inner = getattr(command, "commands", {})
    if not inner or command.params:
        yield words, command
    for name, verb in inner.items():
        if not verb.hidden:
            yield from _verbs(verb, [*words, name])


def _told(parameter: Any) -> bool:
    hidden = getattr(parameter, "hidden", False)
    return not hidden and parameter.name != "help"


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = f"`{(parameter.metavar or parameter.name).strip('[]{}.')}`"
    else:
        name = ", ".join(f"`{flag}`" for flag in (*parameter.opts, *parameter.secondary_opts))
    said = _plain(getattr(parameter, "help", "") or "").replace("\n", " ").replace("|", r"\|")
    return f"| {name} | {_default(parameter)} | {said} |"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if value is None or callable(value) or value in ("", ()) or "UNSET" in repr(value):
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"`{value}`"


def _plain(text: str) -> str:
    """Help without the marks that colour it in a terminal."""
    kept = re.sub(r"\[/?(?:bold|red|dim|italic|green|yellow)?[a-z ]*\](?!\()", "", text)
    return kept.replace("\b", "").strip()


if __name__ == "__main__":
    main()
