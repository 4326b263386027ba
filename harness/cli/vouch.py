"""What `approve` and `waive` share: whom they are about, and a statement that is signed, held to trust and recorded."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from harness.cli.deciding import ask_gate, list_judged
from harness.cli.plugins_apart import open_guarded
from harness.cli.printing import say
from harness.cli.project import open_ledger
from harness.cli.signers import HELP, signer_of, trust_of
from harness.cli.vouching import SUBJECT, Vouching, model_of
from harness.errors import HarnessError, UsageError
from harness.gating.decide import GateQuestion
from harness.gating.gates import Gate, candidate_named
from harness.gating.waivers import LONGEST
from harness.project import Project
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.values.identity import short_identity
from harness.values.runs import Run

Command = Callable[..., int]


def vouching_options(command: Command) -> Command:
    """Add the options that name whom a statement is about, and who signs it until when."""
    options = [
        click.argument("stage"),
        click.option("--candidate", required=True, metavar="NAME", help="Its revision, digest or the start of that."),
        click.option("--signer", metavar="URI", help=HELP),
        click.option("--days", default=7, type=click.IntRange(1, LONGEST.days), help="How long it holds; default 7."),
        click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file."),
        click.option("--policy-ref", metavar="REF", help="Read gates, suites and trust from this commit."),
        click.option("--ledger", metavar="URL", help="The ledger: a URL or git:BRANCH."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _gate_of_its_own(stage: str, gate: Gate) -> Gate:
    """Return the gate. UsageError if it leaves to those of its parts what somebody could vouch for."""
    if gate.parts:
        named = ", ".join(f"{other!r} (part {part!r})" for part, other in sorted(gate.parts.items()))
        raise UsageError(
            f"gate {stage!r} leaves what it asks for to the gates of its parts, and takes what is signed for them; "
            f"sign for one of {named}"
        )
    return gate


class Desk:
    """A stage, a candidate and the ledger, at the moment at which somebody vouches."""

    def __init__(
        self,
        stage: str,
        candidate: str,
        gates: Path | None,
        policy_ref: str | None,
        signer: str | None,
        ledger: str | None,
    ) -> None:
        self.project: Project = open_guarded(gates, policy_ref, signer=signer, ledger=ledger)
        if self.project.gates is None:
            raise UsageError(f"no gates file at {self.project.settings.gates}; write one, or name it with --gates FILE")
        self.book: Ledger = open_ledger(self.project, ledger)
        self.entries: Sequence[Entry] = self.book.entries()
        self.about = Vouching(
            project=self.project,
            stage=stage,
            gate=_gate_of_its_own(stage, self.project.gates.gate(stage)),
            candidate=candidate_named(candidate, list_judged(self.entries)),
            now=datetime.now(UTC),
        )
        if self.about.candidate.digest is None:
            who = short_identity(self.about.candidate)
            raise UsageError(f"{who}: nobody can vouch for what no digest names; record made_by, or judge the model")

    def ask(self) -> tuple[GateQuestion, Sequence[Run]]:
        """Return what the stage asks about the candidate now, and the runs to decide it from."""
        about = self.about
        return ask_gate(self.project, about.stage, about.gate, about.candidate, self.book, self.entries, about.now)

    def sign(self, kind: str, says: Mapping[str, Any], days: int, signer: str | None, roles: Sequence[str]) -> int:
        """Sign and record a statement, once it is found to be by a person in one of some roles; say who signed."""
        from harness.signing import envelopes, recording, statements  # noqa: PLC0415 - costs half a second

        about = self.about
        model = model_of(about.gate)
        issued = about.now.replace(microsecond=0)
        predicate = {
            "project": self.project.name,
            "stage": about.stage,
            **({"model": model} if model else {}),
            "issued": issued.isoformat(),
            "expires": (issued + timedelta(days=days)).isoformat(),
            **says,
        }
        statement = statements.Statement(
            predicate_type=kind, subjects={SUBJECT: str(about.candidate.digest)}, predicate=predicate
        )
        text = envelopes.sign_statement(statement, [signer_of(self.project, signer)])
        persons = self._verify(text, kind, roles)
        recording.record_statement(self.book, text, revision=about.candidate.revision, candidate=about.candidate.digest)
        until = f"until {issued + timedelta(days=days):%Y-%m-%d %H:%M} UTC"
        say(f"{statement.name} by {', '.join(sorted(persons))} {until}: {statement.digest}")
        return 0

    def _verify(self, text: str, kind: str, roles: Sequence[str]) -> frozenset[str]:
        """Return who signed in one of the roles; a statement that no gate would take is not recorded."""
        from harness.signing.verifying import verify  # noqa: PLC0415 - costs half a second

        trust, problems = trust_of(self.project), []
        for role in roles:
            try:
                return verify(
                    text, trust, predicate_type=kind, project=self.project.name, stage=self.about.stage, role=role
                ).persons
            except HarnessError as error:
                problems.append(error)
        raise problems[0]
