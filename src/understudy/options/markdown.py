"""The reference of options in Markdown, for the docs."""

from __future__ import annotations

from understudy.options.checking import allowed
from understudy.options.declare import OptionField, fields_of


def reference(cls: type, path: str = "") -> str:
    """A Markdown table of the options of one dataclass.

    Args:
        cls: the dataclass.
        path: where it lies in the tree, such as "detect.mtcnn"; it goes before each name.
    """
    before = f"{path}." if path else ""
    rows = ["| option | default | allowed | what it does |", "| --- | --- | --- | --- |"]
    for f in fields_of(cls):
        if not f.handed:
            cells = (_default(f), allowed(f), f.help)
            said = " | ".join(cell.replace("|", r"\|") for cell in cells)
            rows.append(f"| `{before}{f.name}` | {said} |")
    return "\n".join(rows)


def _default(field: OptionField) -> str:
    value = field.default
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if value in ("", ()):
        return "empty"
    return f"{value}{' ' + field.unit if field.unit else ''}"
