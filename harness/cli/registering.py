"""Registers what a suite is going to ask, with the gates that ask for it."""

from collections.abc import Iterator

from harness.errors import UsageError
from harness.gating.gates import Gate, GateSuite
from harness.project import Project
from harness.records.ledger import Ledger
from harness.records.registrations import Question, register_run
from harness.suite.steps import ResolvedSuite


def register_suite(project: Project, book: Ledger, resolved: ResolvedSuite, question: Question) -> None:
    """Record what is going to be asked, its thresholds, and the digest of each gate that asks for the suite."""
    suite = resolved.suite
    requirements = [
        (suite.step_name(index), each) for index, step in enumerate(suite.steps) for each in step.requirements
    ]
    stages = project.gates.gates if project.gates else {}
    gates = {stage: gate.digest for stage, gate in stages.items() if any(_asks_for(gate, resolved, project))}
    if stages and not gates:
        raise UsageError(f"no gate asks for {suite.path.name}, so there is nothing to register; leave --register out")
    register_run(book, question, requirements, gates)


def _asks_for(gate: Gate, resolved: ResolvedSuite, project: Project) -> Iterator[bool]:
    for suite in gate.suites:
        if isinstance(suite, GateSuite):
            yield project.asked_file(suite.file).resolve() == resolved.suite.path
        else:
            yield suite == resolved.suite.name
