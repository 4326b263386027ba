"""Reads the body of a delivery: JSON, an object, with what is needed in it and of the right kind."""

import json
from collections.abc import Mapping
from typing import Any

DEPTH = 50


class Unreadable(Exception):
    """A delivery that is not what its sender signs; answered 422, and nothing is started."""


def read_object(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object of a body."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body is not JSON") from error
    if not isinstance(found, dict):
        raise Unreadable("the body is no JSON object")
    return found


def pick(document: object, *path: str, kind: type = str) -> Any:
    """Return a value inside an object; Unreadable if it is not there or of another kind."""
    found = document
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise Unreadable(f"{'.'.join(path)} is missing, or no {kind.__name__}")
    if isinstance(found, str) and ("\x00" in found or len(found) > 1000):
        raise Unreadable(f"{'.'.join(path)} is too long, or holds a NUL")
    return found


def pick_commit(document: object, *path: str) -> str:
    """Return a commit's digest in hexadecimal."""
    found = str(pick(document, *path))
    if len(found) not in (40, 64) or not set(found) <= set("0123456789abcdef"):
        raise Unreadable(f"{'.'.join(path)} is no commit")
    return found
