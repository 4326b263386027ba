"""A trust file with its keys, and statements to sign."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from harness.signing.envelopes import sign_statement
from harness.signing.keys import new_signer, private_pem, public_pem
from harness.signing.statements import PROMOTION, Statement

PERSONS = {"ci": ["runner"], "release": ["promoter"], "ann": ["waiver", "override", "risk"], "bob": ["risk"]}
DIGEST = "sha256:" + "c" * 64
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def new_signers() -> Mapping[str, CryptoSigner]:
    """Return a new signer for each person, some of each kind of key."""
    return {name: new_signer("ecdsa" if name in ("bob", "release") else "ed25519") for name in PERSONS}


def trust_text(signers: Mapping[str, CryptoSigner], revoked: Mapping[str, str] | None = None) -> str:
    """Return a trust file in which each person has a key and its roles; `revoked` is YAML by person."""
    lines = ["persons:"]
    for name, signer in signers.items():
        pem = public_pem(signer).strip().replace("\n", "\n          ")
        lines += [f"  {name}:", "    keys:", "      - public: |", f"          {pem}"]
        lines += [f"        revoked: {revoked[name]}"] if revoked and name in revoked else []
    roles: dict[str, list[str]] = {}
    for name in signers:
        for role in PERSONS.get(name, []):
            roles.setdefault(role, []).append(name)
    lines += ["roles:", *(f"  {role}: [{', '.join(names)}]" for role, names in roles.items())]
    return "\n".join(lines) + "\n"


def write_trust(folder: Path, signers: Mapping[str, CryptoSigner]) -> Path:
    """Write a trust file, and each private key as NAME.key; return the trust file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, signer in signers.items():
        (folder / f"{name}.key").write_bytes(private_pem(signer))
    file = folder / "trust.yaml"
    file.write_text(trust_text(signers))
    return file


def statement(kind: str = PROMOTION, **predicate: object) -> Statement:
    """Return a statement about a model of project `demo`, for its production stage."""
    about = {"project": "demo", "stage": "production", "issued": NOW.isoformat(), **predicate}
    return Statement(predicate_type=kind, subjects={"model": DIGEST}, predicate=about)


def signed(signer: CryptoSigner, kind: str = PROMOTION, **predicate: object) -> str:
    """Return the envelope of such a statement."""
    return sign_statement(statement(kind, **predicate), [signer])
