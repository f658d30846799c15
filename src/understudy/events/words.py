r"""Words for people, with nothing in them that a terminal or a log would take for more than words.

Names of films, persons and jobs come from anybody. A line break in one would begin a line of its
own in a log; an escape sequence would be obeyed by a terminal; a mark of direction would turn the
words after it round. Each is shown as what it is, `\n` or `\x1b`, so that the name can be typed.
"""

from __future__ import annotations

import re

# Controls (C0, DEL, C1), marks of direction, separators of lines, what has no width or picture,
# and halves of pairs, which stand for bytes that are not UTF-8. Joiners stay: scripts need them.
_UNSHOWN = (
    "\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
_IN_TEXT = re.compile(f"[{_UNSHOWN}]")
_IN_LINE = re.compile(f"[\n{_UNSHOWN}]")
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def printable(text: str) -> str:
    """One line, whatever was in it."""
    return _IN_LINE.sub(_shown, text)


def printable_text(text: str) -> str:
    """As `printable`, for what was written in lines: these stay."""
    return _IN_TEXT.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    char = found[0]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte that is not UTF-8
        code -= 0xDC00
    wide = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return _SHORT.get(char, wide if code < 0x10000 else f"\\U{code:08x}")
