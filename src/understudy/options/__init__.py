"""Options are declared once, as frozen dataclasses; flags, forms, TOML and docs follow.

A field is made with `option(default, "help", ...)`. A stage's dataclass also has a `branch` for
each kind of plug-in it uses, so that all options together are a tree: `extract.size` is a stage's
own, `detect.mtcnn.scale_factor` a plug-in's, wherever the plug-in comes from.

This room knows no plug-in and no stage. `tree` joins both when they are there.
"""

from understudy.options.checking import check
from understudy.options.declare import (
    Branch,
    BranchField,
    Names,
    OptionField,
    branch,
    branches_of,
    fields_of,
    option,
)
from understudy.options.markdown import reference
from understudy.options.plain import from_mapping, results, to_mapping

__all__ = [
    "Branch",
    "BranchField",
    "Names",
    "OptionField",
    "branch",
    "branches_of",
    "check",
    "fields_of",
    "from_mapping",
    "option",
    "reference",
    "results",
    "to_mapping",
]
