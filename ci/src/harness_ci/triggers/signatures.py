"""Whether a delivery was signed by who holds the secret; compared in constant time."""

import base64
import hashlib
import hmac
import time

AHEAD = 300  # seconds that a signed time may differ from the clock here


def is_signed_by_github(secret: str, body: bytes, header: str) -> bool:
    """Tell whether `X-Hub-Signature-256` is of this body."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return same(expected, header)


def is_signed_by_mlflow(secret: str, body: bytes, delivery: str, stamp: str, header: str) -> bool:
    """Tell whether `X-MLflow-Signature` is of this delivery, now."""
    signed = f"{delivery}.{stamp}.".encode() + body
    made = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return same(f"v1,{made}", header) and stamp.isdecimal() and abs(time.time() - int(stamp)) <= AHEAD


def same(expected: str, found: str) -> bool:
    """Tell whether two secrets are the same, in a time that says nothing about them."""
    return hmac.compare_digest(expected.encode(), found.encode())
