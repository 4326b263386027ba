"""Tells the owner of a target what happened: one POST for each, with a key by which a second one is known."""

import logging
from collections.abc import Mapping
from typing import Any

import httpx

from harness import HarnessError

PATIENCE = 10  # seconds
LOG = logging.getLogger("harness_ci")


def post_notice(url: str, key: str, notice: Mapping[str, Any]) -> None:
    """Post a notice to the owner's address; HarnessError, without the address, if it was not taken."""
    try:
        answer = httpx.post(url, json=notice, headers={"Idempotency-Key": key}, timeout=PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise HarnessError(f"the owner could not be told: {type(error).__name__}; look at `notify`") from error
    if not answer.is_success:
        raise HarnessError(f"the owner could not be told: the address answered {answer.status_code}")
