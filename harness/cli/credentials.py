"""Which variables of the environment sign, or open the ledger, and how a process starts that has none of them."""

import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import quote

import sqlalchemy as sa

from harness.cli.forges import TOKENS
from harness.cli.signers import VARIABLE, named_signer
from harness.project import Project
from harness.streams import ERR

PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE = 1, 3, 4
SERVICES: Mapping[str, tuple[str, ...]] = {  # the variables that whoever may sign, or write to the ledger, is known by
    "awskms": ("AWS_",),
    "azurekms": ("AZURE_",),
    "gcpkms": ("GOOGLE_", "CLOUDSDK_"),
    "hv": ("VAULT_",),
    "postgresql": ("PG",),
}
SHORTEST = 6  # characters of a secret that is looked for inside of a variable


def has_secrets(project: Project, signer: str | None, ledger: str | None) -> bool:
    """Tell whether a command has something that no suite, target or plugin may have: a key, or the way to a ledger."""
    return named_signer(project, signer) is not None or not project.ledger_url(ledger).startswith("sqlite:///")


def shown_variables(project: Project, signer: str | None, ledger: str | None) -> Mapping[str, str]:
    """Return the environment without what says who signs, with what, or how the ledger is reached."""
    uri, url = named_signer(project, signer), project.ledger_url(ledger)
    return {name: value for name, value in os.environ.items() if not _is_secret(name, value, uri, url)}


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


def _is_secret(name: str, value: str, uri: str | None, url: str) -> bool:
    """Tell whether a variable says who signs, with what, or how the ledger is reached, under whatever name."""
    scheme, _, place = (uri or "").partition(":")
    services = SERVICES.get(scheme, ()) + SERVICES.get(url.partition(":")[0].partition("+")[0], ())
    key = os.environ.get(place, "") if scheme == "env" else place
    return (
        name in (VARIABLE, *TOKENS) or name.startswith(services) or _mentions(value, [uri, key, url, *_passwords(url)])
    )


def _mentions(value: str, secrets: Iterable[str | None]) -> bool:
    found = [secret for secret in secrets if secret]
    return any(secret == value or (len(secret) >= SHORTEST and secret in value) for secret in found)


def _passwords(url: str) -> Sequence[str]:
    """Return the passwords that a URL holds, as it spells them and as they are."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # the latter of a port that is no number
        return ()
    found = [parsed.password, parsed.query.get("password")]
    texts = [str(each) for each in found if each]
    return [text for each in texts for text in (each, quote(each))]


def _prctl(option: int, value: int = 0) -> int:
    return int(ctypes.CDLL(None).prctl(option, value, 0, 0, 0)) if sys.platform == "linux" else 0
