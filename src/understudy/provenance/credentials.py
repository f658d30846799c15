"""Signing an output: what it is, what it was made from, and what was agreed to.

Everything happens offline. The library must not be let near a file in place (it empties it) or
near the final name (it leaves halves), so it always writes to another, temporary one.

Source: C2PA specification 2.2 (actions 18.14, ingredients 18.17), IPTC digital source types.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from understudy.errors import DiskFull, ProvenanceError, ValueRefused
from understudy.files import open_to_read, sha256_of
from understudy.imaging.png import encode_png
from understudy.provenance.boxes import BOXES, FILMS, boxes_of
from understudy.provenance.consent import Declaration, digest
from understudy.provenance.keys import Identity, identity
from understudy.provenance.sniff import mime_of
from understudy.store.disk import is_full, need_free, room_at
from understudy.version import VERSION

DISCLOSURE = "org.understudy.disclosure"
DISCLOSURE_VERSION = 2
"""1 knew one plate and one donor: each person had one `role`, and `made_from` was by role."""
COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
SIGNED_TYPES = (
    "video/mp4",
    "video/quicktime",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/svg+xml",
    "image/tiff",
    "image/webp",
)
OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}
_AGENT = {"name": "Understudy", "version": VERSION}
_ROOM = 4 << 20
_PLATE, _DONOR = "plate", "donor"
_DONOR_TITLE = "a face picture of the donor"
"""Said instead of the file's name, which may be a person's."""


@dataclass(frozen=True, slots=True)
class _Ingredient:
    """What an output was made from: a file, and what the credentials call it."""

    role: str
    label: str
    title: str
    relationship: str
    path: Path


def sign(
    rendered: Path,
    target_part: Path,
    *,
    source: Path | None,
    donors: Sequence[Path],
    disclosure: Mapping[str, Any],
    title: str,
    mime: str,
    signer: Identity | None = None,
) -> None:
    """Write a signed copy of a finished output, to be renamed by the caller.

    The disclosure gets name and SHA-256 of source and donors. They hold also where the library can
    only note that there was an ingredient: for Matroska, or a damaged file. No picture of them
    gets into the output. A source that carries credentials keeps them inside the output's. Of a
    film the disclosure tells too what C2PA's hash leaves out, see `boxes`.

    Args:
        rendered: the finished file, unsigned.
        target_part: where the signed copy goes; another name than `rendered`.
        source: the footage, the parent ingredient; for a folder of images one of them.
        donors: a picture of each donor's faceset, ingredients that went in.
        disclosure: plain data, see `disclosure_of`.
        title: the output's final name.
        mime: one of `SIGNED_TYPES`.
        signer: whose key; by default this installation's.

    Raises:
        ProvenanceError: it cannot be signed; `target_part` is gone, `rendered` untouched.
        DiskFull: no room; as above.
        ValueRefused: another type, or the same file twice.
    """
    if mime not in SIGNED_TYPES:
        raise ValueRefused(f"sign: expected one of {', '.join(SIGNED_TYPES)}, got {mime!r}")
    if rendered.absolute() == target_part.absolute():
        raise ValueRefused(f"{rendered}: cannot be signed in place; give another target")
    who = signer or identity()
    try:
        n_bytes = rendered.stat().st_size
        need_free(target_part.parent, n_bytes + _ROOM)
        parts = _ingredients(source, donors)
        made_from = [
            {"role": part.role, "name": part.title, "sha256": sha256_of(part.path)}
            for part in parts
        ]
        left_out = {BOXES: boxes_of(rendered)} if mime in FILMS else {}
        told = {**disclosure, **left_out, "made_from": made_from}
        manifest = _manifest(told, title, parts)
        _sign(rendered, target_part, parts, manifest, mime, who)
    except OSError as error:
        target_part.unlink(missing_ok=True)
        if is_full(error):
            raise DiskFull(
                f"{target_part.parent}: no room to sign {title} {room_at(target_part)}; what is "
                "converted is kept; free some space there and run again"
            ) from error
        raise ProvenanceError(
            f"{title}: could not be signed ({error}); what is converted is kept, run again"
        ) from error
    except BaseException:
        target_part.unlink(missing_ok=True)
        raise


def check_signing() -> None:
    """Sign a picture of one pixel in memory, so that hours of work do not end in a refusal.

    Raises:
        ProvenanceError, StoreError, DiskFull: this installation's key is damaged, cannot be made
            or read, or the library refuses it.
    """
    from c2pa import C2paError

    who = identity()
    manifest = _manifest({}, "a trial", ())
    pixel = io.BytesIO(encode_png(np.zeros((1, 1, 3), np.uint8)))
    try:
        _sign_stream(pixel, io.BytesIO(), (), manifest, "image/png", who)
    except C2paError as error:
        raise ProvenanceError(
            f"outputs cannot be signed on this machine ({error}); nothing was begun; look at its "
            "clock, and see understudy doctor"
        ) from error


def disclosure_of(
    declarations: Sequence[Declaration],
    audit_head: str,
    plates: Sequence[str],
    donors: Sequence[str],
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What an output says of the people in it: plain data for `sign`.

    Names and ids stay at home; the hash, `consent.digest` of these declarations, lets the project
    prove later which they were.

    Args:
        declarations: those that `consent.require` returned for these persons.
        audit_head: `AuditLog.head`.
        plates: ids of the persons in the footage whose faces were replaced.
        donors: ids of the persons whose faces went in.
        about: further facts, such as model and settings.
    """
    people = [
        {
            "roles": [
                role
                for role, persons in ((_PLATE, plates), (_DONOR, donors))
                if d.person in persons
            ],
            "basis": d.basis,
            "adult": d.adult,
            "intimate": d.intimate,
            "purpose": d.purpose,
            "scope": d.scope,
            "declared_at": d.declared_at.isoformat(),
            **({"evidence_sha256": d.evidence_sha256} if d.evidence_sha256 else {}),
            **({"expires": d.expires.isoformat()} if d.expires else {}),
        }
        for d in sorted(declarations, key=lambda d: (d.person not in plates, d.person, d.id))
    ]
    return {
        "version": DISCLOSURE_VERSION,
        "statement": "Faces in this file were replaced with other persons' by a trained model."
        if len(set(plates)) > 1
        else "A face in this file was replaced with another person's by a trained model.",
        "people": people,
        "declarations_sha256": digest(declarations),
        "audit_head": audit_head,
        **(about or {}),
    }


def _ingredients(source: Path | None, donors: Sequence[Path]) -> list[_Ingredient]:
    found = []
    if source is not None:
        found.append(_Ingredient(_PLATE, _PLATE, source.name, "parentOf", source))
    for number, path in enumerate(donors, 1):
        label = _DONOR if len(donors) == 1 else f"{_DONOR}-{number}"
        found.append(_Ingredient(_DONOR, label, _DONOR_TITLE, "inputTo", path))
    return found


def _manifest(
    disclosure: Mapping[str, Any], title: str, parts: Sequence[_Ingredient]
) -> dict[str, Any]:
    def ingredients(role: str) -> dict[str, Any]:
        labels = [part.label for part in parts if part.role == role]
        return {"parameters": {"ingredientIds": labels}} if labels else {}

    # An output whose source is not at hand was still made from something: opened needs a parent,
    # so the list then begins with created.
    first = "c2pa.opened" if ingredients(_PLATE) else "c2pa.created"
    edited = {
        "action": "c2pa.edited",
        "digitalSourceType": COMPOSITE,
        "description": "A face was replaced with another person's.",
        "softwareAgent": _AGENT,
        **ingredients(_DONOR),
    }
    begun = {"action": first, **ingredients(_PLATE)}
    if first == "c2pa.created":
        begun["digitalSourceType"] = COMPOSITE
    return {
        "title": title,
        "claim_generator_info": [_AGENT],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {"actions": [begun, edited, {"action": "c2pa.transcoded"}]},
            },
            {"label": DISCLOSURE, "data": dict(disclosure)},
        ],
    }


def _sign(
    rendered: Path,
    target_part: Path,
    parts: Sequence[_Ingredient],
    manifest: Mapping[str, Any],
    mime: str,
    who: Identity,
) -> None:
    from c2pa import C2paError

    try:
        with rendered.open("rb") as unsigned, target_part.open("w+b") as signed:
            _sign_stream(unsigned, signed, parts, manifest, mime, who)
    except C2paError as error:
        # The library says of a full disk only that a pointer is untracked.
        if shutil.disk_usage(target_part.parent).free < _ROOM:
            raise DiskFull(
                f"{target_part.parent}: no room to sign {manifest['title']} "
                f"{room_at(target_part)}; what is converted is kept; free some space there and run "
                "again"
            ) from error
        raise ProvenanceError(
            f"{manifest['title']}: could not be signed ({error}); what is converted is kept; "
            "run again, and see understudy doctor if it stays"
        ) from error


def _sign_stream(
    unsigned: BinaryIO,
    signed: BinaryIO,
    parts: Sequence[_Ingredient],
    manifest: Mapping[str, Any],
    mime: str,
    who: Identity,
) -> None:
    from c2pa import Builder, C2paSignerInfo, C2paSigningAlg, Context, Settings, Signer

    settings = {
        "verify": {**OFFLINE, "verify_after_sign": True},
        "builder": {"thumbnail": {"enabled": False}},
    }
    info = C2paSignerInfo(
        alg=C2paSigningAlg.ES256, sign_cert=who.chain_pem, private_key=who.key_pem, ta_url=None
    )
    context = Context(Settings.from_dict(settings))
    with Signer.from_info(info) as signer, Builder(json.dumps(manifest), context) as builder:
        for part in parts:
            _add(builder, part)
        builder.sign(signer, mime, unsigned, signed)


def _add(builder: Any, part: _Ingredient) -> None:
    """Add an ingredient; one that the library cannot read is noted without its content."""
    from c2pa import C2paError

    mime = mime_of(part.path)
    told = {
        "title": part.title,
        "format": mime,
        "relationship": part.relationship,
        "instance_id": part.label,
        "label": part.label,
    }
    try:
        with open_to_read(part.path) as file:
            builder.add_ingredient(json.dumps(told), mime, file)
    except C2paError:
        told["description"] = "Its own credentials, if it has any, could not be read."
        builder.add_ingredient(json.dumps(told), "application/octet-stream", io.BytesIO())
