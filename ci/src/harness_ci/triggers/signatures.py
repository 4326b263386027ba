"""Whether a delivery was signed by who holds the secret; compared in constant time."""

import hashlib
import hmac


def is_signed_by_github(secret: str, body: bytes, header: str) -> bool:
    """Tell whether `X-Hub-Signature-256` is of this body."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return same(expected, header)


def same(expected: str, found: str) -> bool:
    """Tell whether two secrets are the same, in a time that says nothing about them."""
    return hmac.compare_digest(expected.encode(), found.encode())
