"""Declarations of consent: who is in the picture, on what basis, for what, until when.

Nothing is converted without a valid one for each person whose face is replaced or goes in. A
declaration is a statement by the person who uses Understudy, kept in `consent.toml` of the project
where it can be read and edited; only the hash of a release form is kept, never the form.
"""

from understudy.provenance.consent.declaration import (
    BASES,
    INTIMATE,
    PURPOSES,
    UNDER_AGE,
    Basis,
    Declaration,
    Purpose,
    digest,
    is_blank,
    now,
    refuse_forbidden,
    require,
)
from understudy.provenance.consent.file import (
    bring_up,
    declared_text,
    keep_declarations,
    read_declarations,
)

__all__ = [
    "BASES",
    "INTIMATE",
    "PURPOSES",
    "UNDER_AGE",
    "Basis",
    "Declaration",
    "Purpose",
    "bring_up",
    "declared_text",
    "digest",
    "is_blank",
    "keep_declarations",
    "now",
    "read_declarations",
    "refuse_forbidden",
    "require",
]
