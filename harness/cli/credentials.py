"""Starts a process that has no variable which signs, or opens the ledger, and hides the memory of the one that has."""

import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from harness.cli.forges import TOKENS
from harness.cli.signers import named_signer
from harness.credentials import LOCAL, list_credentials
from harness.project import Project
from harness.streams import ERR

PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE = 1, 3, 4


def has_secrets(project: Project, signer: str | None, ledger: str | None) -> bool:
    """Tell whether a command has something that no suite, target or plugin may have: a key, or the way to a ledger."""
    return named_signer(project, signer) is not None or not project.ledger_url(ledger).startswith(LOCAL)


def shown_variables(project: Project, signer: str | None, ledger: str | None) -> Mapping[str, str]:
    """Return the environment without what says who signs, with what, or how the ledger is reached."""
    secret = {*TOKENS, *list_credentials(os.environ, named_signer(project, signer), project.ledger_url(ledger))}
    return {name: value for name, value in os.environ.items() if name not in secret}


def start_apart(
    arguments: Callable[[int], Sequence[str]], variables: Mapping[str, str], *, in_background: bool = False
) -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    """Start Python in a process of its own; return this end of a line to it. `arguments` takes the number of its end.

    What the terminal sends comes to it through this process alone. In the background it reads no input, and prints to
    standard error.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", *arguments(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL if in_background else None,
            stdout=ERR if in_background else None,
            env=dict(variables),
            process_group=0,
        )
    return ours, process


def end_with_parent(number: int) -> None:
    """Have this process get a signal when the one ends that started it, on Linux."""
    _prctl(PR_SET_PDEATHSIG, number)


@contextmanager
def hide_memory() -> Iterator[None]:
    """Let no process of the same user read the memory or the environment of this one, on Linux, unless it is root's."""
    before = _prctl(PR_GET_DUMPABLE)
    _prctl(PR_SET_DUMPABLE, 0)
    try:
        yield
    finally:
        _prctl(PR_SET_DUMPABLE, before)


def _prctl(option: int, value: int = 0) -> int:
    return int(ctypes.CDLL(None).prctl(option, value, 0, 0, 0)) if sys.platform == "linux" else 0
