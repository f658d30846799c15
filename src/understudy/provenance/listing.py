"""Signed lists of files: their names in order and the SHA-256 of each, in an SVG.

What cannot carry credentials inside, as a folder or a Matroska file, has them beside it: a notice
that any browser shows, and that is signed. C2PA signs no plain text files, but SVG.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape, unescape

from understudy.errors import ValueRefused
from understudy.files import parse_json, read_file, sha256_of

FORMAT = 1
_MAX_BYTES = 256 << 20
_MAX_VALUES = 4_000_000  # three for each file
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<svg '
_BODY = re.compile(rb'<desc id="understudy-files">(.*?)</desc>', re.DOTALL)
_SHA256 = re.compile("[0-9a-f]{64}")


def list_of(lines: Sequence[str], files: Sequence[tuple[str, Path]], n_pictures: int) -> bytes:
    """A list, an SVG to be signed.

    Args:
        lines: what it says to people, two of them.
        files: all that belongs together, each with its final name, in the order in which they are
            shown; first the pictures, then the rest.
        n_pictures: how many of them are pictures.

    Raises:
        OSError: a file cannot be read.
    """
    plain = {
        "format": FORMAT,
        "pictures": n_pictures,
        "files": [[name, sha256_of(file)] for name, file in files],
    }
    text = "".join(
        f'<text x="12" y="{28 * n}" font-family="sans-serif" font-size="16">'
        f"{escape(printable(line))}</text>\n"
        for n, line in enumerate(lines, 1)
    )
    return (
        f"{_HEAD.decode()}"
        'xmlns="http://www.w3.org/2000/svg" width="960" height="76">\n'
        f'<desc id="understudy-files">{escape(json.dumps(plain))}</desc>\n{text}</svg>\n'
    ).encode()


def read_list(path: Path) -> dict[str, str]:
    """Names and digests in their order.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such list.
    """
    data = read_file(path, _MAX_BYTES)
    # A credential has bytes of padding that nobody signed. Of any file of ours, they could be made
    # to say a list; so it must be an SVG, whose own list is signed, and the only one in it.
    if not data.startswith(_HEAD):
        raise ValueRefused("it is no notice, but another kind of file")
    found = _BODY.findall(data)
    if len(found) != 1:
        raise ValueRefused("it lists nothing" if not found else "it holds two lists")
    try:
        plain = parse_json(unescape(found[0].decode("utf-8")), _MAX_VALUES)
        if plain["format"] != FORMAT:
            raise ValueRefused(f"expected format {FORMAT}")
        rows = dict(plain["files"])
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueRefused("it is damaged") from error
    if not all(
        isinstance(n, str) and isinstance(d, str) and _SHA256.fullmatch(d) for n, d in rows.items()
    ):
        raise ValueRefused("it is damaged")
    return rows


def printable(text: str) -> str:
    """Text without what would break a line or hide it."""
    return "".join(c if c.isprintable() else "?" for c in text)
