"""Measures in a process apart: it has no signer, ledger or store, and asks this one, which runs nothing of others."""

import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

import click

from harness.cli.credentials import end_with_parent, hide_memory, shown_variables, start_apart
from harness.cli.interrupts import ENDING
from harness.cli.project import open_ledger
from harness.cli.signers import named_signer, open_keeper
from harness.errors import HarnessError
from harness.isolated.guest.frames import BrokenFrameError, receive_frame, send_frame
from harness.project import Project
from harness.records.database import shown_url
from harness.records.lent import Frame, Lender, LentStorage
from harness.records.lent_evidence import EvidenceLender, lent_store

if TYPE_CHECKING:
    from harness.records.evidence_store import Bundle

OPTION = "--lent"
SECRET = ("signer", "ledger", "lent")  # options of which the other process learns nothing
PAUSE = 0.5  # seconds between looks whether the other process lives, as others may hold its end of the line


def measure_apart(command: click.Context, project: Project, *, records: bool) -> int:
    """Perform a command in another process, lend it the ledger, sign what it records, and return its exit code."""
    arguments = list(list_arguments(command))
    shown = shown_variables(project, command.params.get("signer"), command.params["ledger"])
    with hide_memory():
        ours, process = start_apart(
            lambda line: ["-m", "harness", command.info_name or "", OPTION, str(line), *arguments], shown
        )
        with ours:
            try:
                lender = _open_lender(command, project, records=records)  # while the other one imports what measures
            except BaseException:
                process.kill()  # it asks for the ledger first, so it has done nothing
                process.wait()
                raise
            return _lend(ours, process, lender)


def lent_storage(descriptor: int) -> LentStorage:
    """Return the ledger that the process lends which started this one; this one ends when that one does."""
    end_with_parent(signal.SIGTERM)
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


def open_evidence(project: Project, storage: LentStorage | None) -> "Bundle":
    """Return where a project's evidence is kept: lent with the ledger if it is a store, else opened here."""
    from harness.records.evidence_store import open_bundle  # noqa: PLC0415 - Arrow, which who lends a ledger may spare

    lent = lent_store(storage.ask) if storage else None
    return lent or open_bundle(project.evidence())


def _open_lender(command: click.Context, project: Project, *, records: bool) -> Lender:
    signer, ledger = command.params.get("signer"), command.params["ledger"]
    book = open_ledger(project, ledger)
    signs = "signer" in command.params and named_signer(project, signer)
    keeper = open_keeper(project, signer, book, records=records) if signs else None
    return Lender(
        ledger=book,
        name=shown_url(project.ledger_url(ledger)),
        sign=keeper.keep_run if keeper else None,
        sign_registration=keeper.keep_registration if keeper else None,
        records=records,
        evidence=EvidenceLender(store=open_evidence(project, None) if "://" in str(project.evidence()) else None),
    )


def _lend(ours: socket.socket, process: "subprocess.Popen[bytes]", lender: Lender) -> int:
    """Answer what a process asks until it ends, and return its exit code."""
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


def list_arguments(command: click.Context) -> Iterator[str]:
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
