"""Exit 0 if the service at a URL is ready and serves the model of a digest: `check_slot.py URL DIGEST`."""

import json
import os
import sys
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

STRAIGHT = build_opener(ProxyHandler({}))
SECONDS = 10


def main(url: str, digest: str) -> None:
    """End with a reason unless the service is ready, and serves what is pinned."""
    _get(f"{url}/readyz")
    served = _get(f"{url}/v1/model").get("digest")
    if served != digest:
        sys.exit(f"{url} serves {served}, pinned is {digest}; deploy the pinned one to this slot first")
    print(f"{url} is ready and serves {digest}")


def _get(url: str) -> dict[str, Any]:
    """Return the JSON object behind a URL; anything else ends the check."""
    try:
        with STRAIGHT.open(
            Request(url, headers={"X-API-Key": os.environ.get("API_KEY", "")}), timeout=SECONDS
        ) as reply:
            found = json.load(reply)
    except HTTPError as refusal:
        sys.exit(f"{url} answers {refusal.code}: {refusal.read(500).decode(errors='replace')}")
    except (OSError, ValueError) as trouble:
        sys.exit(f"{url} does not answer as it must: {trouble}")
    if not isinstance(found, dict):
        sys.exit(f"{url} answers {type(found).__name__}, not an object")
    return found


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: check_slot.py URL DIGEST")
    main(sys.argv[1], sys.argv[2])
