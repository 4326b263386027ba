"""Who approved that a change asks less: signed of exactly what it changes, by whom the commit before it trusts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from harness.cli.against import Policy
from harness.cli.printing import say
from harness.cli.signers import signer_of
from harness.errors import HarnessError, UsageError
from harness.files import digest_file
from harness.gating.waivers import LONGEST
from harness.policy_tree import PolicyTree
from harness.project import Project
from harness.records.ledger import Ledger
from harness.suite.weakening import Weakening
from harness.values.canonical import canonical, sha256

SUBJECT = "weakenings"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What asks less in a project than before, with the policies of both."""

    project: Project
    before: Policy
    after: Policy
    found: Sequence[Weakening]
    tree: PolicyTree  # whose files last as long

    @property
    def name(self) -> str:
        """Return the project's name as it was before."""
        gates = self.before.gates
        return gates.project if gates and gates.project else self.before.settings.project

    @property
    def digest(self) -> str:
        """Return the digest of all that asks less, and of the files of gates, trust and waivers as they are now."""
        named = self.after.gates.waivers if self.after.gates else None
        gates = self.after.settings.gates
        files = [gates, self.after.trust_file, *([gates.parent / named] if named else [])]
        digests = [digest_file(file) if file.is_file() else None for file in files]
        return sha256(canonical({"weaker": list(map(str, self.found)), "files": digests}))

    @property
    def ledger(self) -> Ledger:
        """Return the ledger in which approvals stand."""
        return Ledger(self.project.ledger_url(None), self.name)


def approve_change(change: Change, signer: str | None, days: int, reason: str) -> int:
    """Sign and record that a change may ask less. UsageError if it is not by whom the commit before trusts for it."""
    from harness.signing import envelopes, recording, statements  # noqa: PLC0415 - costs half a second

    if not reason.strip():
        raise UsageError("--approve needs --reason TEXT: it is signed")
    issued = datetime.now(UTC).replace(microsecond=0)
    predicate = {
        "project": change.name,
        "issued": issued.isoformat(),
        "expires": (issued + timedelta(days=days)).isoformat(),
        "reason": reason.strip(),
        "weaker": list(map(str, change.found)),
    }
    statement = statements.Statement(
        predicate_type=statements.WEAKENING, subjects={SUBJECT: change.digest}, predicate=predicate
    )
    text = envelopes.sign_statement(statement, [signer_of(change.project, signer)])
    persons = _verify(change, text)
    recording.record_statement(change.ledger, text)
    say(f"approved by {persons} until {issued + timedelta(days=days):%Y-%m-%d %H:%M} UTC: {statement.digest}")
    return 0


def find_approval(change: Change) -> str:
    """Return who approved exactly this change, and why; empty if nobody did who may."""
    from harness.signing import envelopes, recording, statements  # noqa: PLC0415 - costs half a second

    if not change.before.trust_file.is_file():
        return ""
    name, book = statements.NAMES[statements.WEAKENING], change.ledger
    for text in recording.read_statements(book, book.entries(name), name).values():
        try:
            persons = _verify(change, text)
        except HarnessError:
            continue
        return f"{persons} ({envelopes.open_envelope(text)[1].predicate.get('reason')})"
    return ""


def _verify(change: Change, text: str) -> str:
    """Return who signed that this change may ask less. HarnessError if it is another, has expired, or nobody may."""
    from harness.signing import statements, verifying  # noqa: PLC0415 - costs half a second
    from harness.signing.trust import read_trust  # noqa: PLC0415 - as above

    if not change.before.trust_file.is_file():
        raise UsageError("the commit that is compared with has no trust file, so nobody may approve; write one first")
    found = verifying.verify(
        text,
        read_trust(change.before.trust_file),
        predicate_type=statements.WEAKENING,
        project=change.name,
        now=datetime.now(UTC),
    )
    verifying.check_subject(found.statement, SUBJECT, change.digest)
    expires = found.statement.expires
    if expires is None or expires - found.statement.issued > LONGEST:
        raise HarnessError(f"an approval of what asks less holds at most {LONGEST.days} days; sign a shorter one")
    return ", ".join(sorted(found.persons))
