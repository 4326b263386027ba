"""A worker's side of its doors: clients call a loopback port, whose bytes go through a Unix socket of the host."""

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

LONGEST = 100  # bytes that the name of a Unix socket may have everywhere
PIECE = 1 << 16
WAITING = 256


@contextmanager
def socket_address(file: Path) -> Iterator[str]:
    """Yield a name for a Unix socket at a path of any length, which only Linux has."""
    if len(os.fsencode(file)) <= LONGEST or not Path("/proc/self/fd").is_dir():
        yield str(file)
        return
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{file.name}"
    finally:
        os.close(folder)


@contextmanager
def open_ports(doors: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, str]]:
    """Yield the URL for each argument of a check that names an endpoint; the ports are closed at the end."""
    with ExitStack() as stack:
        yield {argument: _open_port(Path(door["socket"]), stack) + door["path"] for argument, door in doors.items()}


def _open_port(door: Path, stack: ExitStack) -> str:
    listener = socket.create_server(("127.0.0.1", 0), backlog=WAITING)
    stack.callback(_close, listener)
    threading.Thread(target=_accept, args=(listener, door), daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _close(listener: socket.socket) -> None:
    """Close a listener so that who waits in it wakes up."""
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def _accept(listener: socket.socket, door: Path) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        try:
            host = socket.socket(socket.AF_UNIX)
            with socket_address(door) as address:
                host.connect(address)
        except OSError:
            client.close()
            continue
        for source, sink in ((client, host), (host, client)):
            threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    """Pass on all that comes, and that no more comes."""
    with suppress(OSError):
        while piece := source.recv(PIECE):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
