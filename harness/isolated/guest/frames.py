"""Frames between host and worker: four bytes that say how long, and as much JSON."""

import json
import socket
import struct
from typing import Any

from harness.errors import HarnessError

LENGTH = struct.Struct(">I")
MOST = 64 * 1024 * 1024  # bytes of one frame; rows travel in files


class BrokenFrameError(HarnessError):
    """What came is no frame: it ended early, is too long or holds no JSON object."""


def send_frame(connection: socket.socket, frame: dict[str, Any]) -> None:
    """Send a JSON object; numbers that are none, as NaN, travel as they are."""
    body = json.dumps(frame).encode()
    if len(body) > MOST:
        raise BrokenFrameError(
            f"an answer of {len(body)} bytes is too long, {MOST} are the most; return rows as a table"
        )
    connection.sendall(LENGTH.pack(len(body)) + body)


def receive_frame(connection: socket.socket) -> dict[str, Any] | None:
    """Return the next JSON object, or None where the other side has ended between two frames."""
    start = _receive(connection, LENGTH.size)
    if not start:
        return None
    (length,) = LENGTH.unpack(start) if len(start) == LENGTH.size else (0,)
    body = _receive(connection, length) if 0 < length <= MOST else b""
    if not body or len(body) < length:
        raise BrokenFrameError(f"a frame of {length} bytes ended after {len(start) + len(body)}")
    try:
        found = json.loads(body)
    except ValueError as error:
        raise BrokenFrameError(f"a frame of {length} bytes holds no JSON: {error}") from error
    if not isinstance(found, dict):
        raise BrokenFrameError(f"a frame holds a {type(found).__name__}, not an object")
    return found


def _receive(connection: socket.socket, size: int) -> bytes:
    """Return so many bytes, or those that came before the end."""
    parts, missing = [], size
    while missing and (part := connection.recv(min(missing, 1 << 20))):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
