"""The key that signs on this machine, made once.

An EC P-256 root signs one leaf and is thrown away; the leaf's key stays in the user's data folder,
readable by the user only. It proves that two files come from the same installation and were not
changed since, not who the user is: names are random. The leaf lives 30 years, since without a
network there is no time stamp, and credentials end with their certificate.

Source of the certificate profile: C2PA specification 2.2, section 14.5.
"""

from __future__ import annotations

import os
import secrets
import shlex
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.errors import ProvenanceError, StoreError
from understudy.files import make_folder, read_file
from understudy.store.atomic import commit_once, explain, sweep_parts
from understudy.store.home import home

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

_C2PA_SIGNING = "1.3.6.1.4.1.62558.2.1"
_YEARS = timedelta(days=365 * 30)
_MAX_BYTES = 1 << 16
_END = b"-----END CERTIFICATE-----\n"


@dataclass(frozen=True, slots=True)
class Identity:
    """What this installation signs with.

    Attributes:
        leaf_pem: the signing certificate.
        root_pem: the certificate that it is checked against.
        key_pem: the leaf's private key, PKCS 8.
    """

    leaf_pem: bytes
    root_pem: bytes
    key_pem: bytes

    def __repr__(self) -> str:
        return "Identity(...)"  # the key must not reach a log by accident

    @property
    def chain_pem(self) -> bytes:
        """Leaf, then root."""
        return self.leaf_pem + self.root_pem


def identity() -> Identity:
    """This installation's identity, made on first use; of several processes one makes it.

    Raises:
        ProvenanceError: the file is damaged, or others than its owner may read it.
        DiskFull, StoreError: it cannot be made there.
    """
    path = _path()
    sweep_parts(path.parent)  # a process killed while making the key left one that nobody guards
    found = known_identity()
    if found is None:
        try:
            make_folder(path.parent, mode=0o700)
        except OSError as error:
            raise explain(error, path) from error
        made = make_identity()
        commit_once(path, made.leaf_pem + made.root_pem + made.key_pem, mode=0o600)
        found = known_identity()
    if found is None:
        raise StoreError(f"{path}: was removed while it was made; run again")
    _refuse_open_to_others(path)
    return found


def known_identity() -> Identity | None:
    """This installation's identity, or None when it has none yet; never makes one.

    Raises:
        ProvenanceError: the file is damaged.
        StoreError: it cannot be read.
    """
    path = _path()
    try:
        leaf, root, key = read_file(path, _MAX_BYTES).split(_END)
        _check(leaf + _END, key)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}); check its owner") from error
    except ValueError as error:
        raise ProvenanceError(
            f"{path}: is damaged ({error}); put a copy back, or move it away: a new one is made, "
            "and files signed so far will count as a stranger's"
        ) from error
    return Identity(leaf + _END, root + _END, key)


def _refuse_open_to_others(path: Path) -> None:
    """Refuse to sign with a key that other people of this machine can read or exchange."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name != "nt" and mode & 0o077:
        raise ProvenanceError(
            f"{path}: others on this machine may read or change it (mode {mode:03o}), so whoever "
            f"signs with it need not be you; run: chmod 600 {shlex.quote(os.fspath(path))} and run "
            "again; if somebody may have it, move it away instead, and a new one is made"
        )


def make_identity(name: str | None = None, organization: str | None = None) -> Identity:
    """A new chain; random names unless given.

    Args:
        name: common name of the leaf.
        organization: of both certificates.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    common = name or f"Understudy installation {secrets.token_hex(4)}"
    organization = organization or "Understudy (self-signed)"
    root_key = ec.generate_private_key(ec.SECP256R1())
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    root_name = _name(f"{common} root", organization)
    root = _certificate(root_name, root_name, root_key.public_key(), root_key)
    leaf = _certificate(_name(common, organization), root_name, leaf_key.public_key(), root_key)
    pem = serialization.Encoding.PEM
    key_pem = leaf_key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Identity(leaf.public_bytes(pem), root.public_bytes(pem), key_pem)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: EllipticCurvePublicKey,
    signer: EllipticCurvePrivateKey,
) -> x509.Certificate:
    """A root when subject and issuer are one, else a C2PA signing leaf."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    is_root = subject == issuer
    start = datetime.now(UTC) - timedelta(days=1)  # clocks are set back now and then
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _YEARS)
        .add_extension(x509.BasicConstraints(is_root, 0 if is_root else None), critical=True)
        .add_extension(_usage(is_root), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if not is_root:
        # c2pa-rs asks for a second usage beside the C2PA one.
        usages = [x509.ObjectIdentifier(_C2PA_SIGNING), ExtendedKeyUsageOID.EMAIL_PROTECTION]
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        builder = builder.add_extension(authority, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(is_root: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str, organization: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _check(leaf_pem: bytes, key_pem: bytes) -> None:
    """Raise ValueError when key and certificate cannot be read or do not belong together."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(key_pem, None)
    if x509.load_pem_x509_certificate(leaf_pem).public_key() != key.public_key():
        raise ValueError("key and certificate do not belong together")


def _path() -> Path:
    return home() / "keys" / "signing.pem"
