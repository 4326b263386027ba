"""One text and one digest for equal values."""

import hashlib
import json


def canonical(value: object) -> str:
    """Return JSON with sorted keys and no spaces: equal values give equal text."""
    return _encodable(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False))


def canonical_pretty(value: object) -> str:
    """Return JSON for people and files: indented, keys in the order given."""
    return _encodable(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def sha256(text: str) -> str:
    """Return `sha256:` and the hexadecimal digest of a text."""
    return sha256_bytes(text.encode())


def sha256_bytes(content: bytes) -> str:
    """Return `sha256:` and the hexadecimal digest of bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _encodable(text: str) -> str:
    """Return JSON in which lone surrogates, which no encoding has, are JSON's own escapes."""
    return text.encode(errors="backslashreplace").decode()
