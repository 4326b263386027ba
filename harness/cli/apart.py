"""Measures in a process apart: it has no signer and no ledger, and asks this one, which runs nothing of others."""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from urllib.parse import quote

import click
import sqlalchemy as sa

from harness.cli.forges import TOKENS
from harness.cli.interrupts import ENDING
from harness.cli.project import open_ledger
from harness.cli.signers import VARIABLE, named_signer, open_keeper
from harness.errors import HarnessError
from harness.isolated.guest.frames import BrokenFrameError, receive_frame, send_frame
from harness.project import Project
from harness.records.database import shown_url
from harness.records.lent import Frame, Lender, LentStorage

OPTION = "--lent"
SECRET = ("signer", "ledger", "lent")  # options of which the other process learns nothing
PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE = 1, 3, 4
SERVICES: Mapping[str, tuple[str, ...]] = {  # the variables that whoever may sign, or write to the ledger, is known by
    "awskms": ("AWS_",),
    "azurekms": ("AZURE_",),
    "gcpkms": ("GOOGLE_", "CLOUDSDK_"),
    "hv": ("VAULT_",),
    "postgresql": ("PG",),
}
SHORTEST = 6  # characters of a secret that is looked for inside of a variable
PAUSE = 0.5  # seconds between looks whether the other process lives, as others may hold its end of the line


def has_secrets(project: Project, signer: str | None, ledger: str | None) -> bool:
    """Tell whether a run has something that no suite, target or plugin may have: a key, or the way to a ledger."""
    return named_signer(project, signer) is not None or not project.ledger_url(ledger).startswith("sqlite:///")


def measure_apart(command: click.Context, project: Project, *, records: bool) -> int:
    """Perform a command in another process, lend it the ledger, sign what it records, and return its exit code."""
    given: Mapping[str, str | None] = command.params
    uri, url = named_signer(project, given["signer"]), project.ledger_url(given["ledger"])
    hidden = {name: value for name, value in os.environ.items() if _is_secret(name, value, uri, url)}
    book = open_ledger(project, given["ledger"])
    keeper = open_keeper(project, given["signer"], book, records=records) if uri else None
    lender = Lender(
        ledger=book,
        name=shown_url(url),
        sign=keeper.keep_run if keeper else None,
        sign_registration=keeper.keep_registration if keeper else None,
        records=records,
    )
    shown = {name: value for name, value in os.environ.items() if name not in hidden}
    with _hide_memory():
        return _lend(command.info_name or "", list(_arguments(command)), shown, lender)


def lent_storage(descriptor: int) -> LentStorage:
    """Return the ledger that the process lends which started this one; this one ends when that one does."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.set_inheritable(descriptor, False)
    connection = socket.socket(fileno=descriptor)

    def exchange(asked: Frame) -> Frame:
        try:
            send_frame(connection, asked)
            answer = receive_frame(connection)
        except (BrokenFrameError, OSError) as error:
            raise HarnessError(f"the process that holds the ledger does not answer: {error}; run it again") from error
        if answer is None:
            raise HarnessError("the process that holds the ledger has ended; run it again")
        return answer

    return LentStorage(exchange)


def _lend(command: str, arguments: Sequence[str], environment: Mapping[str, str], lender: Lender) -> int:
    """Perform a command in a process of its own, answer what it asks until it ends, and return its exit code."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "harness", command, OPTION, str(theirs.fileno()), *arguments],
                pass_fds=[theirs.fileno()],
                env=dict(environment),
                process_group=0,  # what the terminal sends comes once, through this process
            )
        with _forward_signals(process):
            _answer_all(ours, process, lender)
            ours.close()
            code = process.wait()
    if code < 0:
        raise HarnessError(f"the process that measured was killed by signal {-code}; what it had recorded stands")
    return code


def _answer_all(connection: socket.socket, process: "subprocess.Popen[bytes]", lender: Lender) -> None:
    with suppress(BrokenFrameError, OSError):  # then it ends by itself, and its exit code says how
        while _has_asked(connection, process) and (asked := receive_frame(connection)) is not None:
            send_frame(connection, lender.answer(asked))


def _has_asked(connection: socket.socket, process: "subprocess.Popen[bytes]") -> bool:
    """Wait for a question; False once the process has ended without one."""
    while not select.select([connection], [], [], PAUSE)[0]:
        if process.poll() is not None:
            return False
    return True


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
    except sa.exc.ArgumentError:
        return ()
    found = [parsed.password, parsed.query.get("password")]
    texts = [str(each) for each in found if each]
    return [text for each in texts for text in (each, quote(each))]


def _arguments(command: click.Context) -> Iterator[str]:
    """Yield the arguments of a command anew, without those that hold a secret."""
    arguments: list[str] = []
    for parameter in command.command.params:
        value = command.params.get(parameter.name or "")
        if isinstance(parameter, click.Argument):
            arguments += map(str, value if isinstance(value, tuple) else (value,))
        elif parameter.name not in SECRET and value not in (None, False, ()):
            for each in value if isinstance(value, tuple) else (value,):
                yield from [parameter.opts[0]] if each is True else [parameter.opts[0], str(each)]
    yield from ("--", *arguments)


@contextmanager
def _hide_memory() -> Iterator[None]:
    """Let no process of the same user read the memory or the environment of this one, on Linux, unless it is root's."""
    before = _prctl(PR_GET_DUMPABLE)
    _prctl(PR_SET_DUMPABLE, 0)
    try:
        yield
    finally:
        _prctl(PR_SET_DUMPABLE, before)


def _prctl(option: int, value: int = 0) -> int:
    return int(ctypes.CDLL(None).prctl(option, value, 0, 0, 0)) if sys.platform == "linux" else 0


@contextmanager
def _forward_signals(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Send Ctrl-C and SIGTERM on, so that the process ends as it would alone, with all recorded that had ended."""

    def forward(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    is_main = threading.current_thread() is threading.main_thread()  # others get no signals
    before = {number: signal.signal(number, forward) for number in ENDING if is_main}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
