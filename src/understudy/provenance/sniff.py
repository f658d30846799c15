"""What kind of file this is, by its first bytes, since names lie."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from understudy.files import open_to_read

_STARTS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"\x76\x2f\x31\x01": "image/x-exr",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"\x1a\x45\xdf\xa3": "video/x-matroska",
}


def mime_of(path: Path) -> str:
    """The media type of a file, "application/octet-stream" when nothing tells it.

    Raises:
        OSError: it cannot be read.
    """
    with open_to_read(path) as file:
        head = file.read(16)
    for start, mime in _STARTS.items():
        if head.startswith(start):
            return mime
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        brand = head[8:12] if head[4:8] == b"ftyp" else b"qt  "
        return "video/quicktime" if brand == b"qt  " else "video/mp4"
    if head[:4] == b"RIFF":
        return {b"AVI ": "video/x-msvideo", b"WEBP": "image/webp"}.get(
            head[8:12], "application/octet-stream"
        )
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
