"""One digest for equal values."""

import hashlib
import json


def digest_of(value: object) -> str:
    """Return the digest of a JSON value: equal values have equal ones, whatever the order of their keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return digest_of_bytes(text.encode(errors="backslashreplace"))


def digest_of_bytes(content: bytes) -> str:
    """Return the digest of bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
