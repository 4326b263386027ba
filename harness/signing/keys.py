"""The keys that statements are signed with: made, opened by their URI, and known by their material."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ecdsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, Key, Signer, SSlibKey

from harness.errors import UsageError, did_you_mean
from harness.values.canonical import sha256_bytes

PublicKey: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey
KINDS = ("ed25519", "ecdsa")
CURVES = (SECP256R1, SECP384R1)
REMOTE = ("awskms", "azurekms", "gcpkms", "hv")  # whom securesystemslib asks; never run live
TAKEN = "an ed25519 key, or an ECDSA one on P-256 or P-384"


def new_signer(kind: Literal["ed25519", "ecdsa"] = "ed25519") -> CryptoSigner:
    """Return a signer with a key that was made now."""
    private = Ed25519PrivateKey.generate() if kind == "ed25519" else generate_ecdsa(SECP256R1())
    return CryptoSigner(private, _known_by_material(private.public_key()))


def open_signer(uri: str, environment: Mapping[str, str]) -> Signer:
    """Return the signer that a URI names.

    `file:PATH` and `env:NAME` hold a private key as PEM; `awskms:`, `gcpkms:`, `azurekms:` and `hv:` ask somebody
    else to sign, and name the file with the public key behind a `#`. UsageError if there is no such key.
    """
    scheme, _, name = uri.partition(":")
    if scheme == "file":
        return _read_private(_read_file(Path(name), uri), uri)
    if scheme == "env":
        if name not in environment:
            raise UsageError(f"signer {uri!r}: the environment has no {name}; put the private key there, as PEM")
        return _read_private(environment[name].encode(), uri)
    if scheme in REMOTE:
        return _open_remote(uri)
    known = did_you_mean(scheme, ("file", "env", *REMOTE))
    raise UsageError(f"signer {uri!r} has a scheme that is not known{known}; write file:PATH or env:NAME")


def private_pem(signer: CryptoSigner) -> bytes:
    """Return a signer's private key, not encrypted."""
    return signer.private_bytes


def public_pem(signer: Signer) -> str:
    """Return the public key that a signer's signatures are verified with."""
    return key_pem(signer.public_key)


def key_pem(public: Key) -> str:
    """Return a public key as PEM."""
    written = str(public.keyval["public"])
    if public.keytype != "ed25519":
        return written
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(written))  # which the library writes as hexadecimal digits
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_public(pem: str, origin: str) -> SSlibKey:
    """Return a public key, known by its material; `origin` names it in errors."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{origin} holds no public key as PEM; give {TAKEN}, as `harness keys new` writes") from error
    return _known_by_material(_accepted(key, origin))


def key_id(key: PublicKey) -> str:
    """Return the digest of the key material: one key has one, however its PEM is written and whatever it is called."""
    return sha256_bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _known_by_material(key: PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(key, keyid=key_id(key))


def _accepted(key: object, origin: str) -> PublicKey:
    if isinstance(key, Ed25519PublicKey) or (isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, CURVES)):
        return key
    raise UsageError(f"{origin} holds a key of another kind; give {TAKEN}")


def _read_private(pem: bytes, uri: str) -> CryptoSigner:
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # what it says may quote the key
        raise UsageError(f"signer {uri!r} is no private key as PEM without a password; write {TAKEN}") from error
    return CryptoSigner(key, _known_by_material(_accepted(key.public_key(), f"signer {uri!r}")))


def _open_remote(uri: str) -> Signer:
    address, _, public = uri.partition("#")
    if not public:
        raise UsageError(f"signer {uri!r} does not say which key it is; end it with #PUBLIC.pem, the file of its key")
    key = read_public(_read_file(Path(public), uri).decode(errors="replace"), public)
    try:
        return Signer.from_priv_key_uri(address, key)
    except Exception as error:
        raise UsageError(f"signer {uri!r} cannot be opened: {type(error).__name__}: {error}") from error


def _read_file(path: Path, uri: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(
            f"signer {uri!r}: {str(path)!r} cannot be read: {reason}; `harness keys new` makes a key"
        ) from error
