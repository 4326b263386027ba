"""Plugins beside a key or a ledger: what is not of this product is performed by a process that has neither."""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import TypeAdapter, ValidationError

from harness.cli.credentials import has_secrets, hide_memory, shown_variables, start_apart
from harness.errors import HarnessError, UsageError
from harness.isolated.guest.frames import BrokenFrameError, receive_frame, send_frame
from harness.plugins.discovery import Plugins, owner
from harness.plugins.promoters import Promoter, Proof
from harness.plugins.reports import PastRun, Report, Reporter
from harness.plugins.specs import CheckSpec
from harness.project import Project, open_project
from harness.records.lent import Frame
from harness.records.runs import as_json, decision_as_json
from harness.values.identity import Identity

Found = TypeVar("Found")
PRODUCT = "harness"  # the package whose modules are run beside a key
REVISION: TypeAdapter[str | None] = TypeAdapter(str | None)
IDENTITY: TypeAdapter[Identity | None] = TypeAdapter(Identity | None)
SPEC, TEXT, LINES = TypeAdapter(CheckSpec), TypeAdapter(str), TypeAdapter(list[str])
NOTHING: TypeAdapter[None] = TypeAdapter(None)
HISTORY = TypeAdapter(list[PastRun])


def open_guarded(
    gates: Path | None, policy_ref: str | None = None, *, signer: str | None = None, ledger: str | None = None
) -> Project:
    """Return the project of a command that signs, or holds a ledger: it imports no plugin but the product's.

    Without a key, and with a ledger that is a local file, there is nothing to keep from plugins.
    """
    project, command = open_project(gates, policy_ref), click.get_current_context()
    if not has_secrets(project, signer, ledger):
        return project
    process = PluginProcess(project, shown_variables(project, signer, ledger))
    command.with_resource(hide_memory())  # longer than the process, which may leave others behind
    command.call_on_close(process.close)
    return replace(project, plugins=PluginsApart(project.plugins, process))


class PluginsApart(Plugins):
    """The plugins of a process that holds a secret: those of the product here, all others in a process of their own."""

    def __init__(self, plugins: Plugins, process: "PluginProcess") -> None:
        super().__init__(plugins.known)
        self._process = process

    def promoter(self, name: str) -> Promoter:
        """Return what knows a registry."""
        if self._is_own(name):
            return super().promoter(name)
        self._process.ask("promoter", NOTHING, name=name)
        return PromoterApart(name=name, process=self._process)

    def reporter(self, name: str) -> Reporter:
        """Return what writes runs down."""
        if self._is_own(name):
            return super().reporter(name)
        self._process.ask("reporter", NOTHING, name=name)
        return lambda report, folder: self._process.ask("report", TEXT, name=name, **_report_parts(report, folder))

    def check_spec(self, name: str) -> CheckSpec:
        """Return the description of the check a suite names, as its code says it."""
        return super().check_spec(name) if self._is_own(name) else self._process.ask("check_spec", SPEC, name=name)

    def describe_valid(self, paths: Sequence[Path], params: Sequence[str]) -> Sequence[str]:
        """Return a line about each suite, all of which are valid; anything wrong in one is a UsageError."""
        return self._process.ask("validity", LINES, name="suites", paths=list(map(str, paths)), params=list(params))

    def _is_own(self, name: str) -> bool:
        """Tell whether a plugin is the product's; one that is not installed is nobody's, and refused as anywhere."""
        found = self.known.get(owner(name))
        return found is None or found.module.split(".")[0] == PRODUCT

    def _load(self, plugin: str) -> None:
        if not self._is_own(plugin):
            raise HarnessError(f"plugin {plugin!r} is not imported by a process that signs, or holds a ledger")
        super()._load(plugin)


@dataclass(frozen=True, kw_only=True)
class PromoterApart:
    """A registry that another process knows; who is promoted there is what that one says."""

    name: str
    process: "PluginProcess"

    def current(self, config: Mapping[str, Any]) -> str | None:
        """Return the revision that is promoted now, or None if there never was one."""
        return self._ask("current", REVISION, config)

    def move(self, config: Mapping[str, Any], identity: Identity) -> None:
        """Make this candidate the promoted one."""
        self._ask("move", NOTHING, config, identity=asdict(identity))

    def read_back(self, config: Mapping[str, Any]) -> Identity | None:
        """Return who is promoted now, with the digest of what the registry holds, or None if there never was one."""
        return self._ask("read_back", IDENTITY, config)

    def keep_proof(self, config: Mapping[str, Any], identity: Identity, proof: Proof) -> None:
        """Keep why somebody is promoted, where the registry keeps such."""
        self._ask("keep_proof", NOTHING, config, identity=asdict(identity), proof=asdict(proof))

    def _ask(self, what: str, found: TypeAdapter[Found], config: Mapping[str, Any], **about: object) -> Found:
        return self.process.ask(what, found, name=self.name, config=dict(config), **about)


class PluginProcess:
    """A process that imports a project's plugins, started when one is first asked something, and kept."""

    def __init__(self, project: Project, variables: Mapping[str, str]) -> None:
        self._variables = variables
        local = [plugin for plugin in project.plugins.known.values() if plugin.folder]
        self._greeting: Frame = {
            "local": [plugin.name for plugin in local],
            "root": str(local[0].folder if local else project.settings.root),
            "evidence": str(project.evidence()),
        }
        self._open = ExitStack()
        self._line: socket.socket | None = None

    def ask(self, what: str, found: TypeAdapter[Found], **about: object) -> Found:
        """Return what a plugin answers, parsed. HarnessError if it refuses, breaks, or ends the process."""
        line = self._line or self._start()
        try:
            send_frame(line, {"ask": what, **about})
            answer = receive_frame(line)
        except (BrokenFrameError, OSError):
            answer = None
        except BaseException:  # Ctrl-C: what it does now is not waited for, and its answer is nobody's
            self.close()
            raise
        if answer is None:
            self.close()
            message = f"the process that plugins run in ended when {about['name']!r} was asked for {what}"
            raise HarnessError(f"{message}; look for what exits, or what standard error says")
        if "refused" in answer:
            raise (UsageError if answer.get("usage") else HarnessError)(str(answer["refused"]))
        try:
            return found.validate_python(answer.get("answer"))
        except ValidationError as error:
            said = " ".join(str(error).split())
            raise HarnessError(f"{about['name']!r} was asked for {what}, and its answer is none: {said}") from error

    def close(self) -> None:
        """End the process, with what it started; the next question starts another."""
        self._line = None
        self._open.close()

    def _start(self) -> socket.socket:
        stack = self._open
        line, process = start_apart(self._arguments, self._variables, in_background=True)
        stack.callback(process.wait)
        stack.callback(_kill, process)
        self._line = stack.enter_context(line)
        send_frame(line, self._greeting)
        return line

    @staticmethod
    def _arguments(line: int) -> list[str]:
        return ["-m", "harness.cli.plugin_server", str(line), str(os.getpid())]


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


def _report_parts(report: Report, folder: Path) -> dict[str, object]:
    return {
        "runs": [as_json(run) for run in report.runs],
        "decision": decision_as_json(report.decision) if report.decision else None,
        "history": HISTORY.dump_python(list(report.history), mode="json"),
        "folder": str(folder.absolute()),
    }
