"""A suite as pytest sees it: a file, its steps, and an item for each requirement."""

import json
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.files import write_atomic
from harness.judging.phrases import describe_asked, describe_found
from harness.judging.wording import explain
from harness.pytesting.door import door
from harness.pytesting.session import SESSION
from harness.pytesting.shared import Shared
from harness.suite.steps import OBSERVED, Resolved
from harness.values.outcomes import worst
from harness.values.requirements import Requirement
from harness.values.verdicts import Verdict


class SuiteFile(pytest.File):
    """A suite file; one that is wrong is a collection error of one clear line."""

    def collect(self) -> Iterator["StepNode"]:
        """Yield the steps."""
        try:
            shared = door(self.config).suite(self.path)
        except HarnessError as error:
            raise self.CollectError(_for_pytest(str(error))) from None
        for name, step in zip(distinct_names([step.name for step in shared.steps]), shared.steps, strict=True):
            yield StepNode.from_parent(self, name=name, shared=shared, step=step)


class StepNode(pytest.Collector):
    """A step of a suite."""

    def __init__(self, *, shared: Shared, step: Resolved, **rest: Any) -> None:
        super().__init__(**rest)
        self.shared, self.step = shared, step

    def collect(self) -> Iterator["RequirementItem"]:
        """Yield an item for each requirement; a step that requires nothing is still measured."""
        asked: Sequence[Requirement | None] = self.step.step.requirements or [None]
        for name, requirement in zip(distinct_names(map(_name, asked)), asked, strict=True):
            yield RequirementItem.from_parent(
                self, name=name, shared=self.shared, step=self.step, requirement=requirement
            )


class RequirementItem(pytest.Item):
    """One requirement: what cannot be measured is an error, what is not met or not decided a failure."""

    def __init__(self, *, shared: Shared, step: Resolved, requirement: Requirement | None, **rest: Any) -> None:
        super().__init__(**rest)
        self.shared, self.step, self.requirement = shared, step, requirement
        self.verdicts: Sequence[Verdict] = ()

    @property
    def is_late(self) -> bool:
        """Tell whether this can be judged only after every test of the session."""
        return self.step.check.name == OBSERVED

    def setup(self) -> None:
        """Measure the step, or read what another process measured."""
        try:
            part = self.shared.part(self.step)
        except HarnessError as error:
            pytest.fail(f"{self.shared.suite.name}: {error}", pytrace=False)
        self.verdicts = [v for v in part.verdicts if self.requirement is not None and v.requirement == self.requirement]
        self.user_properties += [("suite", self.shared.suite.name), *_properties(self.verdicts)]
        if self.requirement is not None and not self.verdicts:
            pytest.fail(f"{self.shared.suite.name}: no verdict for {self.name}, so it is not met", pytrace=False)
        if self._severity == "must" and any(verdict.outcome == "error" for verdict in self.verdicts):
            pytest.fail(_explanations(self.verdicts), pytrace=False)

    def runtest(self) -> None:
        """Fail what does not pass, or warn, or only tell, as the requirement's severity says."""
        message = _explanations(self.verdicts)
        if self._severity == "info":
            self.add_report_section("call", "harness", "\n".join(_line(verdict) for verdict in self.verdicts))
        elif message and self._severity == "should":
            warnings.warn_explicit(message, UserWarning, str(self.path), 1)
        elif message:
            pytest.fail(message, pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the item stands, for reports."""
        return self.path, None, f"{self.step.name}: {self.name}"

    @property
    def _severity(self) -> str:
        return self.requirement.severity if self.requirement else "info"


class Trouble(pytest.Item):
    """What went wrong when the session's runs were put together; shown as an error of its suite."""

    def __init__(self, *, message: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.message = message

    def setup(self) -> None:
        """Tell it."""
        pytest.fail(self.message, pytrace=False)

    def runtest(self) -> None:
        """Do nothing: the set-up has told it."""


def defer_items(session: pytest.Session, late: Sequence[pytest.Item]) -> None:
    """Write down which items the controller is to judge when all tests are through."""
    names = json.dumps(sorted(item.nodeid for item in late))
    write_atomic(session.config.stash[SESSION].folder / "late.json", names)


def late_items(session: pytest.Session, paths: Sequence[Path]) -> Sequence[pytest.Item]:
    """Return the items that were put off, collected anew in this process."""
    note = session.config.stash[SESSION].folder / "late.json"
    wanted = set(json.loads(note.read_text(encoding="utf-8"))) if note.exists() else set()
    files = [SuiteFile.from_parent(session, path=path) for path in paths if wanted]
    found = [item for file in files for step in file.collect() for item in step.collect()]
    return [item for item in found if item.nodeid in wanted]


def _line(verdict: Verdict) -> str:
    return f"{verdict.name}: {describe_found(verdict)}, {describe_asked(verdict)}"


def _explanations(verdicts: Sequence[Verdict]) -> str:
    return "\n\n".join(explain(verdict) for verdict in verdicts if verdict.outcome != "pass")


def _properties(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, str]]:
    """Yield what JUnit is to carry besides passed or failed."""
    if verdicts:
        yield "outcome", worst([verdict.outcome for verdict in verdicts])
        yield "severity", verdicts[0].requirement.severity
        yield "found", "; ".join(f"{verdict.name}: {describe_found(verdict)}" for verdict in verdicts)
        yield "asked", str(describe_asked(verdicts[0]))


def _name(requirement: Requirement | None) -> str:
    if requirement is None:
        return "measured"
    where = requirement.where
    parts = [requirement.metric, str(requirement.bound)]
    parts += ["versus", requirement.versus] if requirement.versus else []
    parts += [where] if isinstance(where, str) else [str(part) for pair in where.items() for part in pair]
    parts += [requirement.severity] if requirement.severity != "must" else []
    return "-".join(parts)


def distinct_names(names: Iterable[str]) -> Iterator[str]:
    """Yield names of which `-k`, `--lf` and a command line take every character, each another one."""
    taken: set[str] = set()
    for name in (re.sub(r"[^\w.+-]+", "-", name) for name in names):
        free = next(each for each in chain([name], (f"{name}-{n}" for n in count(2))) if each not in taken)
        taken.add(free)
        yield free


def _for_pytest(text: str) -> str:
    return text.replace("add --param ", "add --harness-param ")
