"""What the working tree asks less than a commit does, over gates, suites, the files they name, and waivers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.documents import read_yaml
from harness.errors import HarnessError, UsageError
from harness.files import digest_file
from harness.gating.gates import GatesFile, GateSuite, read_gates
from harness.gating.waivers import Waiver, read_waivers
from harness.gating.weakening import find_new_waivers, find_weaker_gates
from harness.plugins.describing import check_spec
from harness.plugins.discovery import Plugins
from harness.plugins.specs import CheckSpec
from harness.project import TRUST_FILE
from harness.settings import Settings
from harness.suite.names import is_suite_name
from harness.suite.suites import Scalar
from harness.suite.weakening import Asked, Weakening, find_weaker, read_asked

UNSEEN = (".git", ".venv", ".harness", "node_modules")  # folders that hold no suite of the project


@dataclass(frozen=True, kw_only=True)
class AskedFile:
    """A suite file that a stage asks for, with the parameters that it pins."""

    stage: str
    path: str
    params: Mapping[str, Scalar]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a tree asks: its settings and gates, and the names of its suites by their path from the project's root."""

    settings: Settings
    gates: GatesFile | None
    names: Mapping[str, str]

    def place(self, path: str) -> Path:
        """Return where a path from the root lies in this tree."""
        return self.settings.root / path

    def waivers(self) -> Sequence[Waiver]:
        """Return the waivers that the gates file names."""
        named = self.gates.waivers if self.gates else None
        return read_waivers(self.settings.gates.parent / named) if named else ()

    @property
    def trust_file(self) -> Path:
        """Return where this tree says whom the project trusts."""
        return self.settings.gates.parent / ((self.gates.trust if self.gates else None) or TRUST_FILE)

    def asked_suites(self) -> Iterator[AskedFile]:
        """Yield each suite file that a gate asks for, by its file or by its name; without gates, each that there is."""
        if self.gates is None:
            yield from (AskedFile(stage="", path=path, params={}) for path in self.names)
            return
        for stage, gate in self.gates.gates.items():
            for suite in gate.suites:
                params = {} if isinstance(suite, str) else suite.params
                yield from (AskedFile(stage=stage, path=path, params=params) for path in self._find(suite))

    def _find(self, suite: str | GateSuite) -> Sequence[str]:
        if isinstance(suite, str):
            return [path for path, name in self.names.items() if name == suite]
        file, root = (self.settings.gates.parent / suite.file).resolve(), self.settings.root.resolve()
        if not file.is_relative_to(root):
            raise UsageError(f"suite {suite.file!r} lies outside the project; keep it below {root}")
        return [file.relative_to(root).as_posix()]


def read_policy(settings: Settings) -> Policy:
    """Return what a tree asks; a file that is no suite has no name, and is an error where it is asked for."""
    files = [file for file in sorted(settings.root.rglob("*")) if is_suite_name(file.name) and _is_own(file, settings)]
    gates = read_gates(settings.gates) if settings.gates.is_file() else None
    names = {file.relative_to(settings.root).as_posix(): _read_name(file) for file in files}
    return Policy(settings=settings, gates=gates, names=names)


def find_weakenings(before: Policy, after: Policy, plugins: Plugins, paths: Sequence[str] = ()) -> Sequence[Weakening]:
    """Return all that is asked less after a change than before it, each once, over what gates ask for and `paths`."""
    found = [*_compare_settings(before, after), *_compare_gates(before, after)]
    named = [AskedFile(stage="", path=path, params={}) for path in paths if before.place(path).is_file()]
    for suite in [*before.asked_suites(), *named]:
        found += _compare_suite(suite, before, after, plugins)
    return list(dict.fromkeys(found))


def _read_name(file: Path) -> str:
    try:
        return str(read_yaml(file).get("name"))
    except UsageError:
        return ""


def _is_own(file: Path, settings: Settings) -> bool:
    parts = file.relative_to(settings.root).parts
    return file.is_file() and not any(part in UNSEEN for part in parts)


def _compare_settings(before: Policy, after: Policy) -> Iterator[Weakening]:
    """Yield which of the settings lead elsewhere: to another gates file, another name, another ledger."""
    for key in ("project", "gates", "ledger"):
        was, now = (_setting(policy, key) for policy in (before, after))
        if was != now:
            yield Weakening(place=f"[tool.harness] {key}", says=f"{now}, was {was}")


def _setting(policy: Policy, key: str) -> str:
    return str(getattr(policy.settings, key)).replace(str(policy.settings.root), ".")


def _compare_gates(before: Policy, after: Policy) -> Iterator[Weakening]:
    if before.gates is None:
        return
    if after.gates is None:
        yield Weakening(place="gates file", says="removed")
        return
    yield from find_weaker_gates(before.gates, after.gates)
    yield from find_new_waivers(before.waivers(), after.waivers())
    yield from _compare_trust(before, after)


def _compare_trust(before: Policy, after: Policy) -> Iterator[Weakening]:
    """Yield whom the project trusts that it did not: keys, accounts and roles, and revocations taken back."""
    files = [policy.trust_file for policy in (before, after)]
    if not all(file.is_file() for file in files):
        return
    from harness.signing.trust import read_trust  # noqa: PLC0415 - costs half a second, and many projects have none

    was, now = map(read_trust, files)
    for id, key in now.keys.items():
        old = was.keys.get(id)
        if old is None or old.person != key.person:
            yield Weakening(place="trust", says=f"key {id[:12]}… of {key.person} is new")
        elif old.revoked not in (None, key.revoked):
            yield Weakening(place="trust", says=f"the revocation of key {id[:12]}… of {key.person} is another")
    for name, person in now.persons.items():
        if person.accounts != (was.persons[name].accounts if name in was.persons else {}):
            yield Weakening(place="trust", says=f"{name} has other accounts: {dict(person.accounts) or 'none'}")
    for role, grants in now.roles.items():
        for grant in [grant for grant in grants if grant not in was.roles.get(role, ())]:
            where = grant.model_dump(exclude_none=True, exclude={"person"})
            yield Weakening(place="trust", says=f"{grant.person} is {role} {where or 'everywhere'}")


def _compare_suite(suite: AskedFile, before: Policy, after: Policy, plugins: Plugins) -> Iterator[Weakening]:
    """Yield what a suite file asks less; one that moved is known by its name."""
    old = before.place(suite.path)
    if not old.is_file():
        return
    name = before.names.get(suite.path)
    moved = [path for path, other in after.names.items() if name and other == name]
    path = suite.path if after.place(suite.path).is_file() else next(iter(moved), None)
    if path is None:
        yield Weakening(place=suite.path, says="removed")
        return
    new = after.place(path)
    pins = [each.params for each in after.asked_suites() if (each.stage, each.path) == (suite.stage, path)]
    was = read_asked(read_yaml(old), suite.params, f"{suite.path} as it was")
    now = read_asked(read_yaml(new), pins[0] if pins else suite.params, path)
    weaker = [
        *find_weaker(was, now, partial(_defaults, plugins)),
        *_compare_files(was, old.parent, new.parent, plugins),
    ]
    yield from (replace(each, place=f"{path}: {each.place}") for each in weaker)


def _defaults(plugins: Plugins, check: str) -> Mapping[str, Any]:
    spec = _spec(plugins, check)
    properties = spec.parameters["properties"] if spec else {}
    return {name: each["default"] for name, each in properties.items() if "default" in each}


def _spec(plugins: Plugins, check: str) -> CheckSpec | None:
    """Return the description of a check; one that is not installed any more has none."""
    try:
        return check_spec(plugins, check)
    except HarnessError:
        return None


def _compare_files(asked: Asked, before: Path, after: Path, plugins: Plugins) -> Iterator[Weakening]:
    """Yield which files that a suite reads are others now: tables, and what its checks read."""
    for name in dict.fromkeys([*_tables(asked), *_check_files(asked, plugins)]):
        for file in (name, f"{name}.dvc"):
            if _digest(before / file) is not None and _digest(before / file) != _digest(after / file):
                now = _digest(after / file) or "nothing"
                yield Weakening(place=f"file {file}", says=f"holds something else than it did: {now}")


def _tables(asked: Asked) -> Iterator[str]:
    for source in asked.suite.data.values():
        yield source.source
        yield from [source.labels.source] if source.labels else []


def _check_files(asked: Asked, plugins: Plugins) -> Iterator[str]:
    for step in asked.suite.steps:
        spec = _spec(plugins, step.check)
        named = [step.params[name] for name in (*spec.paths, *spec.datasets) if name in step.params] if spec else []
        yield from [name for name in named if isinstance(name, str)]


def _digest(file: Path) -> str | None:
    try:
        return digest_file(file) if file.is_file() else None
    except (OSError, ValueError) as error:
        raise HarnessError(f"{file} cannot be read: {error}; make it readable") from error
