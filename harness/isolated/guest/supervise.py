"""Starts a worker, and ends it with all that it started when the host ends or says so: nothing outlives a run.

Usage: python -I -S supervise.py SETTINGS, a JSON object; the host holds the other end of its standard input.
"""

import ctypes
import fcntl
import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
PATIENCE = 5.0  # seconds that killed processes are waited for


def adopt_orphans() -> None:
    """Ask Linux to hand over the processes whose parents end, so that they can be ended, too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def leave_network() -> bool:
    """Enter a network namespace that has nothing but a loopback; tell whether the system let us."""
    if sys.platform != "linux":
        return False
    library, user, group = ctypes.CDLL(None, use_errno=True), os.getuid(), os.getgid()
    if library.unshare(CLONE_NEWNET) != 0:
        if library.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            return False
        with suppress(OSError):
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING))
    return True


def limit_memory(size: int) -> None:
    """Let no process have more address space, in bytes, and none write its memory to disk when it dies."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if size:
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def descendants(root: int) -> list[int]:
    """Return the processes that one started, and those that they did, as /proc tells."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found, waiting = [], [root]
    while waiting:
        parent = waiting.pop()
        children = [process for process, of in parents.items() if of == parent]
        found += children
        waiting += children
    return found


def end_all() -> None:
    """Kill all that was started from here, again until nothing is left."""
    until = time.monotonic() + PATIENCE
    while (left := descendants(os.getpid())) and time.monotonic() < until:
        for process in left:
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all below it, also what nobody may look into."""
    _open_folder(folder)
    for place, folders, _ in os.walk(folder):
        for name in folders:
            _open_folder(Path(place, name))
    shutil.rmtree(folder, ignore_errors=True)


def _open_folder(folder: Path) -> None:
    if not folder.is_symlink():
        with suppress(OSError):
            folder.chmod(0o700)


def kill_when_told(worker: "subprocess.Popen[bytes]") -> None:
    """Wait until the host closes its end, and kill the worker."""
    with suppress(OSError):
        while os.read(0, 1):
            pass
    worker.kill()


def supervise(settings: dict[str, Any]) -> int:
    """Run a worker to its end and clean up; return how it ended, signals as 128 and their number."""
    adopt_orphans()
    is_alone = leave_network() if settings["no_network"] else False
    limit_memory(settings["memory"])
    connection = settings["connection"]
    worker = subprocess.Popen(
        settings["command"],
        stdin=subprocess.DEVNULL,
        cwd=settings["folder"],
        pass_fds=[connection],
        env=settings["env"],
    )
    os.write(settings["report"], b"1" if is_alone else b"0")
    os.close(settings["report"])
    os.close(connection)
    threading.Thread(target=kill_when_told, args=(worker,), daemon=True).start()
    code = worker.wait()
    end_all()
    remove_folder(Path(settings["folder"]))
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    ended = supervise(json.loads(sys.argv[1]))
    os._exit(ended)  # a thread still reads
