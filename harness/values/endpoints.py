"""Endpoints: services that the checks of a suite may call, such as a language model, each under a name."""

from typing import NewType
from urllib.parse import urlsplit

from harness.errors import UsageError

Endpoint = NewType("Endpoint", str)  # in a suite's `with:` its name; what the check is given is its URL


def parse_endpoint(name: str, url: str) -> str:
    """Return the URL of an endpoint without its last slash; what no request could be sent to is a UsageError."""
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise UsageError(f"endpoint {name!r} has a URL that cannot be read; write https://HOST/PATH") from None
    if "@" in parts.netloc:
        raise UsageError(f"endpoint {name!r} has a password in its URL; keep it in what answers there, as in a proxy")
    if not is_whole or parts.query or parts.fragment:
        raise UsageError(
            f"endpoint {name!r} has no base URL; write http:// or https://, HOST and a PATH, without ? and #"
        )
    return url.rstrip("/")
