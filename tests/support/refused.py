"""Runs a command to which Linux refuses something, as containers do: by seccomp, which needs no privilege itself.

Usage: python refused.py namespaces|internet COMMAND [ARGUMENT]...

`namespaces` lets nobody leave one (`unshare` fails); with `internet` there is no socket of IPv4 or IPv6, not even for
the loopback.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Sequence

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
LOAD, SKIP_UNLESS, RETURN = 0x20, 0x15, 0x06  # instructions of the filter
ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # what it returns; to refuse takes an error number, too
NUMBER, FIRST_ARGUMENT = 0, 16  # bytes at which the filter finds them
CALLS = {"x86_64": {"unshare": 272, "socket": 41}, "aarch64": {"unshare": 97, "socket": 198}}
INET, INET6 = 2, 10

Instruction = tuple[int, int, int, int]  # what, skipped if so, skipped if not, value


def without_namespaces(call: dict[str, int]) -> list[Instruction]:
    """Return a filter that refuses `unshare`."""
    refuse = (RETURN, 0, 0, REFUSE | errno.EPERM)
    return [(LOAD, 0, 0, NUMBER), (SKIP_UNLESS, 0, 1, call["unshare"]), refuse, (RETURN, 0, 0, ALLOW)]


def without_internet(call: dict[str, int]) -> list[Instruction]:
    """Return a filter that refuses sockets of the internet's families."""
    return [
        (LOAD, 0, 0, NUMBER),
        (SKIP_UNLESS, 0, 4, call["socket"]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (SKIP_UNLESS, 1, 0, INET),
        (SKIP_UNLESS, 0, 1, INET6),
        (RETURN, 0, 0, REFUSE | errno.EACCES),
        (RETURN, 0, 0, ALLOW),
    ]


def install(instructions: Sequence[Instruction]) -> None:
    """Hold this process, and all that it starts, to a filter for good."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in instructions))
    program = ctypes.create_string_buffer(struct.pack("HP", len(instructions), ctypes.addressof(code)))
    library = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    for asked in ((PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero), (PR_SET_SECCOMP, ctypes.c_ulong(FILTER), program)):
        if library.prctl(*asked, zero, zero) != 0:
            raise OSError(ctypes.get_errno(), f"prctl {asked[0]} was refused")


if __name__ == "__main__":
    what, *command = sys.argv[1:]
    filters = {"namespaces": without_namespaces, "internet": without_internet}
    install(filters[what](CALLS[platform.machine()]))
    os.execvp(command[0], command)
