"""Digests that look like those of models."""

from harness.values.canonical import sha256


def digest_of(name: str) -> str:
    """Return the digest of a name."""
    return sha256(name)
