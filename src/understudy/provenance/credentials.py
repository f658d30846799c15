"""Signing an output: what it is, what it was made from, and what was agreed to.

Everything happens offline. The library must not be let near a file in place (it empties it) or
near the final name (it leaves halves), so it always writes to another, temporary one.

Source: C2PA specification 2.2 (actions 18.14, ingredients 18.17), IPTC digital source types.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from understudy import __version__
from understudy.errors import DiskFull, ProvenanceError, ValueRefused
from understudy.provenance.consent import SIDES, Declaration, Side, to_toml
from understudy.provenance.keys import Identity, identity
from understudy.provenance.sniff import mime_of
from understudy.store.atomic import need_free

DISCLOSURE = "org.understudy.disclosure"
COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
SIGNED_TYPES = ("video/mp4", "video/quicktime", "image/png", "image/jpeg")
OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}
_AGENT = {"name": "Understudy", "version": __version__}
_ROOM = 4 << 20
_PLATE, _DONOR = "plate", "donor"
_TITLES = {_DONOR: "a face picture of the donor"}
"""Said instead of the file's name, which may be a person's."""


def sign(
    rendered: Path,
    target_part: Path,
    *,
    source: Path | None,
    donor: Path | None,
    disclosure: Mapping[str, Any],
    title: str,
    mime: str,
    signer: Identity | None = None,
) -> None:
    """Write a signed copy of a finished output, to be renamed by the caller.

    The disclosure gets name and SHA-256 of source and donor. They hold also where the library can
    only note that there was an ingredient: for Matroska, or a damaged file. No picture of either
    gets into the output. A source that carries credentials keeps them inside the output's.

    Args:
        rendered: the finished file, unsigned.
        target_part: where the signed copy goes; another name than `rendered`.
        source: the footage, the parent ingredient; for a folder of images one of them.
        donor: a picture of the donor's faceset, an ingredient that went in.
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
        made_from = {
            role: {"name": _TITLES.get(role, path.name), "sha256": _sha256(path)}
            for role, path in ((_PLATE, source), (_DONOR, donor))
            if path is not None
        }
        manifest = _manifest({**disclosure, "made_from": made_from}, title, list(made_from))
        _sign(rendered, target_part, source, donor, manifest, mime, who)
    except OSError as error:
        target_part.unlink(missing_ok=True)
        raise ProvenanceError(
            f"{title}: could not be signed ({error}); what is converted is kept, run again"
        ) from error
    except BaseException:
        target_part.unlink(missing_ok=True)
        raise


def disclosure_of(
    declarations: Sequence[Declaration],
    audit_head: str,
    plate: Side = "a",
    about: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What an output says of the people in it: plain data for `sign`.

    Names stay at home; the hash, that of `consent.toml` as Understudy writes it, lets the project
    prove later which declarations they were.

    Args:
        declarations: those that `consent.require` returned.
        audit_head: `AuditLog.head`.
        plate: the side whose footage it is; the other side's person is the donor.
        about: further facts, such as model and settings.
    """
    people = [
        {
            "role": _PLATE if d.side == plate else _DONOR,
            "basis": d.basis,
            "adult": d.adult,
            "intimate": d.intimate,
            "purpose": d.purpose,
            "scope": d.scope,
            "declared_at": d.declared_at.isoformat(),
            **({"evidence_sha256": d.evidence_sha256} if d.evidence_sha256 else {}),
            **({"expires": d.expires.isoformat()} if d.expires else {}),
        }
        for d in sorted(declarations, key=lambda d: SIDES.index(d.side))
    ]
    return {
        "version": 1,
        "statement": "A face in this file was replaced with another person's by a trained model.",
        "people": people,
        "declarations_sha256": hashlib.sha256(to_toml(declarations)).hexdigest(),
        "audit_head": audit_head,
        **(about or {}),
    }


def _manifest(disclosure: Mapping[str, Any], title: str, roles: Sequence[str]) -> dict[str, Any]:
    def ingredients(role: str) -> dict[str, Any]:
        return {"parameters": {"ingredientIds": [role]}} if role in roles else {}

    # An output whose source is not at hand was still made from something: opened needs a parent,
    # so the list then begins with created.
    first = "c2pa.opened" if _PLATE in roles else "c2pa.created"
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
    source: Path | None,
    donor: Path | None,
    manifest: Mapping[str, Any],
    mime: str,
    who: Identity,
) -> None:
    from c2pa import Builder, C2paError, C2paSignerInfo, C2paSigningAlg, Context, Settings, Signer

    settings = {
        "verify": {**OFFLINE, "verify_after_sign": True},
        "builder": {"thumbnail": {"enabled": False}},
    }
    info = C2paSignerInfo(
        alg=C2paSigningAlg.ES256, sign_cert=who.chain_pem, private_key=who.key_pem, ta_url=None
    )
    try:
        context = Context(Settings.from_dict(settings))
        with Signer.from_info(info) as signer, Builder(json.dumps(manifest), context) as builder:
            _add(builder, source, "parentOf", _PLATE)
            _add(builder, donor, "inputTo", _DONOR)
            with rendered.open("rb") as unsigned, target_part.open("w+b") as signed:
                builder.sign(signer, mime, unsigned, signed)
    except C2paError as error:
        # The library says of a full disk only that a pointer is untracked.
        if shutil.disk_usage(target_part.parent).free < _ROOM:
            raise DiskFull(
                f"{target_part.parent}: no room to sign {manifest['title']}; what is converted "
                "is kept; free some space and run again"
            ) from error
        raise ProvenanceError(
            f"{manifest['title']}: could not be signed ({error}); what is converted is kept; "
            "run again, and see understudy doctor if it stays"
        ) from error


def _add(builder: Any, path: Path | None, relationship: str, role: str) -> None:
    """Add an ingredient; one that the library cannot read is noted without its content."""
    from c2pa import C2paError

    if path is None:
        return
    mime = mime_of(path)
    told = {
        "title": _TITLES.get(role, path.name),
        "format": mime,
        "relationship": relationship,
        "instance_id": role,
        "label": role,
    }
    try:
        with path.open("rb") as file:
            builder.add_ingredient(json.dumps(told), mime, file)
    except C2paError:
        told["description"] = "Its own credentials, if it has any, could not be read."
        builder.add_ingredient(json.dumps(told), "application/octet-stream", io.BytesIO())


def _sha256(path: Path) -> str:
    stat = path.stat()
    return _sha256_once(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256_once(path: Path, _size: int, _changed_ns: int) -> str:
    # Once a file, not once for each picture of a sequence made from it.
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
