"""Whether a delivery was signed by who holds the secret; compared in constant time."""

import base64
import binascii
import hashlib
import hmac

SKEW = 300  # seconds by which the clock of who signs may differ
TOKEN = "whsec_"  # how a signing token of GitLab begins; a secret token of before does not


def is_signed_by_github(secret: str, body: bytes, header: str) -> bool:
    """Tell whether `X-Hub-Signature-256` is of this body."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return same(expected, header)


def is_signed_v1(key: bytes, body: bytes, delivery: str, moment: str, header: str) -> bool:
    """Tell whether one of the signatures in a header, as in `v1,...`, is of this body, delivery and moment."""
    signed = hmac.new(key, f"{delivery}.{moment}.".encode() + body, hashlib.sha256)
    expected = "v1," + base64.b64encode(signed.digest()).decode()
    return any(same(expected, each) for each in header.split())


def is_recent(moment: str, now: float) -> bool:
    """Tell whether a moment, in seconds of 1970, is now, give or take the skew of a clock."""
    return moment.isascii() and moment.isdigit() and len(moment) < 12 and abs(int(moment) - now) <= SKEW


def signing_key(token: str) -> bytes | None:
    """Return the key in a signing token; None where the token is none."""
    try:
        return base64.b64decode(token.removeprefix(TOKEN), validate=True) or None
    except binascii.Error:
        return None


def is_password(secret: str, header: str) -> bool:
    """Tell whether an Authorization header has the secret as its password, whoever its user is."""
    try:
        user_and_password = base64.b64decode(header.removeprefix("Basic "), validate=True).decode()
    except ValueError:
        return False
    return header.startswith("Basic ") and same(secret, user_and_password.partition(":")[2])


def same(expected: str, found: str) -> bool:
    """Tell whether two secrets are the same, in a time that says nothing about them."""
    return hmac.compare_digest(expected.encode(), found.encode())
