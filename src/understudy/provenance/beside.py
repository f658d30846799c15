"""Credentials beside a file that cannot carry them inside, such as Matroska.

`film.mkv` has `film.mkv.credentials.svg`: a notice that any browser shows, signed like any output,
with the SHA-256 of the film. Whoever changes a byte of the film, or puts another in its place, has
a film that its credentials do not fit. Who takes them away has a film without: it still says of
itself what it is, but unsigned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from understudy.errors import MediaError, ProvenanceError
from understudy.files import sha256_of
from understudy.media.container import open_input
from understudy.provenance.listing import list_of, read_list
from understudy.provenance.verify import Verdict, verify

CARRIED: Mapping[str, str] = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
"""Media types of files that carry credentials inside, by their endings."""
SUFFIX = ".credentials.svg"
_WORDS = ("Understudy", "Content Credentials")
"""What a film of ours says of itself; see `write.MARK`."""


def beside(path: Path) -> Path:
    """Where the credentials of a file lie that cannot carry them."""
    return path.with_name(path.name + SUFFIX)


def list_of_film(title: str, film: Path) -> bytes:
    """The notice for a film, an SVG to be signed.

    Raises:
        OSError: it cannot be read.
    """
    lines = (
        f"{title}: a film in which a trained model replaced faces.",
        "This notice is signed and belongs to it: understudy verify FILM",
    )
    return list_of(lines, [(title, film)], 0)


def verify_beside(path: Path, without: Verdict) -> Verdict:
    """What the credentials beside a file are worth.

    Args:
        path: the file.
        without: the verdict where there are none.

    Raises:
        ProvenanceError: the credentials or the file cannot be read.
    """
    notice = beside(path)
    if not notice.is_file():
        if not _is_ours(path):
            return without
        lost = (
            f"No Content Credentials: it says of itself that faces in it were replaced, but its "
            f"credentials, {notice.name!r}, do not lie beside it. This proves nothing."
        )
        return replace(without, sentences=(lost, *without.sentences[1:]))
    told = verify(notice)
    if not told.ok:
        return replace(told, sentences=(f"Of its credentials, {notice.name}:", *told.sentences))
    try:
        fits = sha256_of(path) in read_list(notice).values()
    except ValueError as error:
        return replace(
            told, state="unreadable", sentences=(f"{notice.name} is no notice of ours ({error}).",)
        )
    except OSError as error:
        raise ProvenanceError(
            f"{error.filename}: cannot be read ({error.strerror}); check its rights"
        ) from error
    if not fits:
        words = f"Altered: it is not the file that {notice.name} was signed for."
        return replace(told, state="altered", sentences=(words,))
    kept = f"Its credentials lie beside it, in {notice.name}: keep the two together."
    return replace(told, sentences=(*told.sentences, kept))


def _is_ours(path: Path) -> bool:
    """Whether a film says in its comment that it is ours, which anybody could write."""
    try:
        with open_input(path) as film:
            said = " ".join(film.metadata.values())
    except MediaError:
        return False
    return all(word in said for word in _WORDS)
