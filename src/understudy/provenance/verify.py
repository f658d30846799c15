"""What a file says of itself, in plain words, and whether that can be believed.

Offline: nothing that a file points to is fetched. A signature that fits proves that nothing was
changed since and which key signed, never who holds it: names in a certificate are chosen by whoever
made it. No credential proves nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from understudy.errors import ProvenanceError
from understudy.files import open_to_read, parse_json
from understudy.provenance.boxes import FILMS, MISMATCH, boxes_differ
from understudy.provenance.credentials import DISCLOSURE, OFFLINE
from understudy.provenance.keys import known_identity
from understudy.provenance.sniff import mime_of

State = Literal["ours", "stranger", "altered", "none", "unreadable"]
_AI_TYPES = {
    "trainedAlgorithmicMedia": "made by a trained model",
    "compositeWithTrainedAlgorithmicMedia": "real footage with parts made by a trained model",
    "algorithmicMedia": "made by an algorithm",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one file.

    Attributes:
        state: "ours" signed by this installation and not changed since; "stranger" not changed
            since, signed by someone this installation does not know; "altered" changed after it
            was signed; "none" no credential; "unreadable" not a whole file.
        sentences: for people, most important first; names in them are shortened and harmless.
        signer: what the signer calls himself, or "".
        disclosure: what Understudy wrote about the people in it, or None.
        codes: failures by their C2PA names.
        ingredients: title, relationship and failures of what it was made from.
        differs: of a folder: `name` of each file that is not as it was signed, and `how`.
    """

    state: State
    sentences: tuple[str, ...]
    signer: str = ""
    disclosure: Mapping[str, Any] | None = None
    codes: tuple[str, ...] = ()
    ingredients: tuple[Mapping[str, Any], ...] = ()
    differs: tuple[Mapping[str, str], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the file carries credentials that fit it, whoever signed them."""
        return self.state in ("ours", "stranger")

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    def to_plain(self) -> dict[str, Any]:
        """As data that JSON holds."""
        return {
            "state": self.state,
            "sentences": list(self.sentences),
            "signer": self.signer,
            "disclosure": self.disclosure,
            "codes": list(self.codes),
            "ingredients": [dict(each) for each in self.ingredients],
            "differs": [dict(each) for each in self.differs],
        }


def verify(path: Path) -> Verdict:
    """Read a file's Content Credentials and say what they are worth.

    Raises:
        ProvenanceError: there is no such file, or it may not be read.
    """
    try:
        mime = mime_of(path)
        size = path.stat().st_size
    except OSError as error:
        raise ProvenanceError(
            f"{path}: cannot be read ({error.strerror}); check the name"
        ) from error
    if size == 0:
        return Verdict("unreadable", ("The file is empty.",))
    from c2pa import C2paError

    try:
        told = _read(path, mime)
    except C2paError as error:
        verdict = _without(str(error), mime)
        if str(error).startswith("NotSupported"):
            from understudy.provenance.beside import verify_beside

            return verify_beside(path, verdict)
        return verdict
    except ValueError as error:
        return Verdict("unreadable", (f"Its credential cannot be read: it {error}.",))
    try:
        return _judge(told, mime, path)
    except OSError as error:
        raise ProvenanceError(
            f"{path}: cannot be read ({error.strerror}); check its rights"
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        return Verdict("unreadable", (f"Its credential is of an unknown shape ({error!r}).",))


def _read(path: Path, mime: str) -> dict[str, Any]:
    """The library's report on a file, trusting this installation's root only."""
    from c2pa import Context, Reader, Settings

    known = known_identity()
    settings: dict[str, Any] = {"verify": {**OFFLINE, "verify_trust": True}}
    if known is not None:
        settings["trust"] = {"user_anchors": known.root_pem.decode("ascii")}
    with (
        open_to_read(path) as file,
        Reader(mime, file, context=Context(Settings.from_dict(settings))) as reader,
    ):
        report: dict[str, Any] = parse_json(reader.json())
    return report


def _without(error: str, mime: str) -> Verdict:
    """The verdict when the library found no credential it could read."""
    if error.startswith("ManifestNotFound"):
        return Verdict(
            "none",
            (
                "No Content Credentials: this proves nothing.",
                "They are lost whenever a file is re-encoded, remuxed or uploaded.",
            ),
        )
    if error.startswith("NotSupported"):
        return Verdict(
            "none",
            (
                f"This kind of file ({mime}) cannot carry Content Credentials inside: "
                "this proves nothing.",
            ),
        )
    if error.startswith("Remote"):
        return Verdict(
            "none",
            (
                "It only points to Content Credentials on a server; nothing was fetched: "
                "this proves nothing.",
            ),
        )
    if "could not be parsed" in error or error.startswith("Io"):
        return Verdict("unreadable", ("The file is damaged or cut short.",), codes=(error[:200],))
    return Verdict(
        "altered",
        ("Altered: it carries a credential that was damaged after signing.",),
        codes=(error[:200],),
    )


def _judge(told: Mapping[str, Any], mime: str, path: Path) -> Verdict:
    manifest = told["manifests"][told["active_manifest"]]
    results = told["validation_results"]
    codes = tuple(_failures(results.get("activeManifest", {})))
    signature = manifest.get("signature_info") or {}
    signer = _harmless(signature.get("common_name") or signature.get("issuer") or "")
    state, first = _state(told["validation_state"], codes, signer, mime)
    disclosure = _disclosure(manifest)
    if state != "altered" and mime in FILMS and (differs := boxes_differ(path, disclosure)):
        state, first, codes = "altered", f"Altered: {differs} after it was signed.", (MISMATCH,)
    ingredients = tuple(_ingredients(manifest, results))
    sentences = [first, *_about_ai(manifest)]
    if state == "ours" and disclosure is not None:
        sentences += _about_people(disclosure)
    for each in ingredients:
        if any(not _is_about_signer(code) for code in each["codes"]):
            sentences.append(
                f"What it was made from ({each['title']}) had itself been altered after it was "
                "signed."
            )
    return Verdict(state, tuple(sentences), signer, disclosure, codes, ingredients)


def _state(said: str, codes: Sequence[str], signer: str, mime: str) -> tuple[State, str]:
    """The verdict, and the sentence for it."""
    # A film's hash leaves out free space and where boxes lie; of other files it covers all.
    film = mime.startswith("video/")
    since = "picture and sound were not changed since" if film else "not changed since"
    if any(not _is_about_signer(code) for code in codes):
        return "altered", "Altered: it was changed after it was signed."
    if said == "Trusted" and not codes:
        return "ours", f"Signed by you: by this installation of Understudy, and {since}."
    name = f"who calls himself {signer!r}" if signer else "who gives no name"
    sentence = f"Signed by a stranger {name}, and {since}; the name proves nothing."
    if any(code.endswith("expired") for code in codes):
        sentence += " The signer's certificate has expired."
    elif said == "Invalid" and not codes:
        return "altered", "Altered: its credential does not hold together."
    return "stranger", sentence


def _is_about_signer(code: str) -> bool:
    """Failures that say who signed, or when, but not that anything was changed."""
    return code.startswith(("signingCredential.", "timeStamp."))


def _failures(results: Mapping[str, Any]) -> list[str]:
    return [str(each["code"])[:100] for each in results.get("failure", [])]


def _ingredients(
    manifest: Mapping[str, Any], results: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Each ingredient with its own failures, those found then and those found now."""
    now: dict[str, list[str]] = {}
    for delta in results.get("ingredientDeltas") or []:
        label = str(delta["ingredientAssertionURI"]).rpartition("/")[2]
        now.setdefault(label, []).extend(_failures(delta.get("validationDeltas", {})))
    for each in manifest.get("ingredients") or []:
        then = _failures((each.get("validation_results") or {}).get("activeManifest") or {})
        codes = sorted({*then, *now.get(str(each.get("label")), [])})
        yield {
            "title": _harmless(each.get("title") or "without a name"),
            "relationship": _harmless(each.get("relationship") or ""),
            "signed": "active_manifest" in each,
            "codes": codes,
        }


def _disclosure(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for assertion in manifest.get("assertions") or []:
        if assertion.get("label") == DISCLOSURE and isinstance(assertion.get("data"), dict):
            found: dict[str, Any] = assertion["data"]
            return found
    return None


def _about_ai(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What the credential says about trained models, whoever made it."""
    kinds = []
    for assertion in manifest.get("assertions") or []:
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in assertion["data"].get("actions", []):
                kinds.append(str(action.get("digitalSourceType", "")).rpartition("/")[2])
    for kind in dict.fromkeys(kinds):
        if kind in _AI_TYPES:
            yield f"It says that it is {_AI_TYPES[kind]}."


def _about_people(disclosure: Mapping[str, Any]) -> Iterator[str]:
    """What our disclosure says of the people, in version 1 or 2."""
    people = disclosure.get("people", [])
    roles_of = [tuple(person.get("roles", (person.get("role"),))) for person in people]
    for person, roles in zip(people, roles_of, strict=True):
        yield (
            f"{_who(roles, roles_of.count(roles) > 1)}: consent declared as "
            f"{_harmless(person['basis'])!r}, for {_harmless(person['purpose'])!r}, "
            f"scope {_harmless(person['scope'])!r}."
        )


def _who(roles: tuple[str, ...], one_of_several: bool) -> str:
    article = "A" if one_of_several else "The"
    if roles == ("plate",):
        return f"{article} person in the footage"
    if roles == ("donor",):
        return f"{article} person whose face went in"
    if set(roles) == {"plate", "donor"}:
        return f"{article} person in the footage whose face also went in"
    return "A person"


def _harmless(text: object) -> str:
    """Someone else's text, fit for a terminal: printable, on one line, short."""
    shown = "".join(c if c.isprintable() else "?" for c in str(text))
    return shown if len(shown) <= 80 else shown[:79] + "…"
