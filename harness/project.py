"""The project around a command: its settings, plugins, gates and ledger, and the options that all front doors share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.credentials import SIGNER
from harness.errors import UsageError
from harness.gating.gates import Gate, GatesFile, read_gates
from harness.gating.waivers import Waiver, read_waivers
from harness.plugins.discovery import Plugins, discover
from harness.policy_tree import PolicyTree, read_policy_tree
from harness.promotion.registries import Registry
from harness.records.database import shown_url
from harness.records.ledger import Ledger
from harness.settings import STORE, Settings, find_settings

TRUST_FILE = "trust.yaml"  # beside the gates file
PATHS = ("path", "files")  # of what a gate says to a promoter


@dataclass(frozen=True, kw_only=True)
class Project:
    """The settings in force, with the plugins and gates they name; with a `policy`, all as that commit has them."""

    settings: Settings
    plugins: Plugins
    gates: GatesFile | None
    gates_file: Path | None = None
    policy: PolicyTree | None = None

    @property
    def name(self) -> str:
        """Return the namespace of the ledger: of the gates file, else of the settings."""
        return self.gates.project if self.gates and self.gates.project else self.settings.project

    @property
    def gates_folder(self) -> Path:
        """Return where the paths in the gates file start."""
        return self.gates_file.parent if self.gates_file else self.settings.root

    def asked_file(self, path: str) -> Path:
        """Return where a file lies that the gates file names; beside a policy's files, none is taken."""
        found = self.gates_folder / path
        if self.policy and not self.policy.contains(found):
            raise UsageError(f"{path!r} is no file of commit {self.policy.commit}; keep it in the project")
        return found

    def ledger(self, url: str | None) -> Ledger:
        """Return the ledger: --ledger, else the gates file's, else the settings'."""
        return Ledger(self.ledger_url(url), self.name)

    def ledger_url(self, url: str | None) -> str:
        """Return where the ledger is that a command uses."""
        named = url or (self.gates.ledger if self.gates else None) or self.settings.ledger
        return _resolve_url(named, self.settings.root)

    def signer(self, environ: Mapping[str, str]) -> str | None:
        """Return the URI of the signer that an environment names, else the settings; None if nobody is named."""
        return environ.get(SIGNER) or self.settings.signer

    def ledger_notices(self, start: Path) -> Iterator[str]:
        """Yield where runs stand that a command started in a folder does not see, as another ledger is named by now."""
        used = self.ledger_url(None)
        defaults = {root / STORE / "ledger.db": None for root in (self.settings.root, start.resolve())}
        for file in defaults:
            if used != f"sqlite:///{file}" and file.is_file():
                remedy = "move it there, or name one ledger in pyproject.toml and the gates file"
                yield f"runs also stand in {file}, while this project's ledger is {shown_url(used)}; {remedy}"
        yield from self._name_notices(used, is_own=used in {f"sqlite:///{file}" for file in defaults})

    def _name_notices(self, used: str, *, is_own: bool) -> Iterator[str]:
        """Yield under which name runs stand, where a folder was renamed or a gates file says another one."""
        book, before = self.ledger(None), self.settings.project
        others = [name for name in book.projects() if name != self.name and (is_own or name == before)]
        if others and not book.entries("run"):
            remedy = f"write `project: {others[0]}` in the gates file or [tool.harness] to see them"
            yield f"this ledger holds runs of project {others[0]!r} and none of {self.name!r}; {remedy}"

    def evidence(self) -> str | Path:
        """Return where evidence is kept: where the gates file says, a URL or a folder from the root, else the store."""
        named = self.gates.evidence if self.gates else None
        if named is None:
            return self.settings.store / "evidence"
        return named if "://" in named else self.settings.root / named

    def registries(self, gate: Gate) -> Sequence[Registry]:
        """Return what a gate promotes in; a `path`, and the folder `files`, start where the gates file's paths do."""
        return [
            Registry(name=name, promoter=self.plugins.promoter(name), config=self._resolve_paths(config))
            for name, config in gate.promote.items()
        ]

    def _resolve_paths(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        found = {name: config[name] for name in PATHS if isinstance(config.get(name), str)}
        folder = self.gates_folder.resolve()
        if self.policy:  # what is promoted lies in the working tree, whatever commit says where
            folder = self.policy.commit.top / folder.relative_to(self.policy.folder)
        return {**config, **{name: str(folder / path) for name, path in found.items()}}

    @property
    def trust_file(self) -> Path:
        """Return where the project says whom it trusts: where the gates file says, else beside it."""
        named = (self.gates.trust if self.gates else None) or TRUST_FILE
        return self.asked_file(named) if self.gates_file else self.settings.gates.parent / named

    def waivers(self) -> Sequence[Waiver]:
        """Return the waivers of the file that the gates file names, beside it; without one, none."""
        if not (self.gates and self.gates.waivers and self.gates_file):
            return ()
        return read_waivers(self.asked_file(self.gates.waivers))


def open_project(gates: Path | None = None, policy_ref: str | None = None) -> Project:
    """Return the project of the working directory; settings, plugins, gates and suites may be those of a commit."""
    if policy_ref is not None:
        return _open_policy(read_policy_tree(policy_ref, Path.cwd()), gates)
    settings = find_settings(Path.cwd())
    file = gates or settings.gates
    found = read_gates(file) if gates or file.is_file() else None
    return Project(settings=settings, plugins=discover(settings), gates=found, gates_file=file if found else None)


def _open_policy(tree: PolicyTree, gates: Path | None) -> Project:
    file = tree.place(gates) if gates else tree.settings.gates
    return Project(
        settings=tree.settings_here,
        plugins=discover(tree.settings),
        gates=read_gates(file) if gates or file.is_file() else None,
        gates_file=file,
        policy=tree,
    )


def instant(text: str | None, option: str = "--as-of") -> datetime:
    """Return the time an option gives, in UTC, or now."""
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} takes an ISO 8601 date or time; found {text!r}, as in 2026-01-31T12:00:00"
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def pairs(given: Sequence[str], option: str = "--param") -> Mapping[str, str]:
    """Return NAME=VALUE options as a mapping."""
    split = [text.partition("=") for text in given]
    for (name, equals, _), text in zip(split, given, strict=True):
        if not (name and equals):
            raise UsageError(f"{option} takes NAME=VALUE; found {text!r}")
    return {name: value for name, _, value in split}


def _resolve_url(url: str, root: Path) -> str:
    """Return a sqlite URL with its relative path starting at the project."""
    prefix = "sqlite:///"
    path = url.removeprefix(prefix)
    return f"{prefix}{root / path}" if url.startswith(prefix) and path and not path.startswith("/") else url
