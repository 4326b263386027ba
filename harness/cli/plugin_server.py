"""Performs what plugins do for a process that signs, or holds a ledger: one question after the other, until it ends."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.cli.credentials import end_with_parent
from harness.cli.plugins_apart import HISTORY, SPEC
from harness.cli.reports import rows_reader
from harness.cli.suites import describe_valid
from harness.errors import HarnessError, UsageError
from harness.isolated.guest.frames import receive_frame, send_frame
from harness.plugins.describing import check_spec
from harness.plugins.discovery import Plugins, open_plugins
from harness.plugins.promoters import Proof, ProofKeeper
from harness.plugins.reports import Report
from harness.records.lent import Frame
from harness.records.runs import decision_from_json, from_json
from harness.values.canonical import canonical
from harness.values.identity import Identity


def serve(descriptor: int, parent: int) -> None:
    """Answer the process that started this one, which dies with it: nobody moves anything after its lock is gone."""
    end_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        return
    os.set_inheritable(descriptor, False)
    line = socket.socket(fileno=descriptor)
    greeting = receive_frame(line)
    if greeting is None:
        return
    plugins = open_plugins(greeting["local"], Path(greeting["root"]))
    server = PluginServer(plugins=plugins, evidence=greeting["evidence"])
    while (asked := receive_frame(line)) is not None:
        send_frame(line, server.answer(asked))


@dataclass(frozen=True, kw_only=True)
class PluginServer:
    """What plugins do when they are asked, as JSON values; `evidence` is where rows are kept."""

    plugins: Plugins
    evidence: str

    def answer(self, asked: Frame) -> Frame:
        """Return what a plugin answers, or why there is no answer."""
        answers: Mapping[str, Callable[[Frame], object]] = {
            "promoter": self._find_promoter,
            "reporter": self._find_reporter,
            "report": self._report,
            "validity": lambda asked: describe_valid(self.plugins, list(map(Path, asked["paths"])), asked["params"]),
            "check_spec": lambda asked: SPEC.dump_python(check_spec(self.plugins, asked["name"]), mode="json"),
            "current": lambda asked: self.plugins.promoter(asked["name"]).current(asked["config"]),
            "move": self._move,
            "read_back": self._read_back,
            "keep_proof": self._keep_proof,
        }
        try:
            return {"answer": answers[asked["ask"]](asked)}
        except HarnessError as error:
            return {"refused": str(error), "usage": isinstance(error, UsageError)}
        except Exception as error:  # noqa: BLE001 - a stranger's plugin may raise anything
            remedy = "; see that it answers, then try again" if "config" in asked else ""
            return {"refused": f"{type(error).__name__}: {error}{remedy}"}

    def _find_promoter(self, asked: Frame) -> None:
        self.plugins.promoter(asked["name"])

    def _find_reporter(self, asked: Frame) -> None:
        self.plugins.reporter(asked["name"])

    def _report(self, asked: Frame) -> str:
        report = Report(
            runs=[from_json(canonical(run)) for run in asked["runs"]],
            decision=decision_from_json(canonical(asked["decision"])) if asked["decision"] else None,
            history=HISTORY.validate_python(asked["history"]),
            read_rows=rows_reader(self.evidence),
        )
        return self.plugins.reporter(asked["name"])(report, Path(asked["folder"]))

    def _move(self, asked: Frame) -> None:
        self.plugins.promoter(asked["name"]).move(asked["config"], Identity(**asked["identity"]))

    def _read_back(self, asked: Frame) -> Mapping[str, Any] | None:
        found = self.plugins.promoter(asked["name"]).read_back(asked["config"])
        return asdict(found) if found else None

    def _keep_proof(self, asked: Frame) -> None:
        promoter = self.plugins.promoter(asked["name"])
        if isinstance(promoter, ProofKeeper):
            promoter.keep_proof(asked["config"], Identity(**asked["identity"]), Proof(**asked["proof"]))


if __name__ == "__main__":
    with suppress(OSError):  # who started it has ended
        serve(*map(int, sys.argv[1:3]))
