"""Who vouches for a candidate at a stage: signed waivers and approvals in the ledger, and what a forge says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from harness.cli.forges import GITHUB, Approver, Forge
from harness.cli.signers import trust_of
from harness.errors import HarnessError
from harness.gating.approvals import Approval, Given
from harness.gating.gates import Approvals, Gate, GateSuite
from harness.gating.waivers import SignedWaiver
from harness.git_tree import find_commit, last_commit
from harness.project import Project
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.values.identity import Identity

if TYPE_CHECKING:  # what verifies costs half a second to import, and most gates ask for nobody's word
    from harness.signing.trust import Trust
    from harness.signing.verifying import Verified

WAIVER, APPROVAL = "waiver", "approval"
SUBJECT = "model"
WAIVED = ("suite", "step", "metric", "labels", "asked", "reason", "expires")  # what a statement says of a waiver
REQUESTER, AUTHOR = "requester", "suite-author"


@dataclass(frozen=True, kw_only=True)
class Vouching:
    """What was asked of whom: a stage's gate, about a candidate, now, and with which forge."""

    project: Project
    stage: str
    gate: Gate
    candidate: Identity
    now: datetime
    forge: Forge | None = None


def model_of(gate: Gate) -> str:
    """Return the registered model that a gate moves, or nothing."""
    return next((str(config["model"]) for config in gate.promote.values() if "model" in config), "")


def read_vouchers(asked: Vouching, book: Ledger, entries: Sequence[Entry]) -> tuple[Sequence[SignedWaiver], Given]:
    """Return the signed waivers that hold, and who approved; what does not hold is said, and does not count."""
    own = [entry for entry in entries if entry.gate == asked.stage and entry.candidate == asked.candidate.digest]
    own = [entry for entry in own if entry.kind in (WAIVER, APPROVAL)]
    if not own and not (asked.forge and asked.gate.approvals):
        return (), Given()
    if not asked.project.trust_file.is_file():
        return (), Given(refused=[f"{len(own)} signed waivers and approvals do not count: no trust.yaml says whose do"])
    trust = trust_of(asked.project)
    refused: list[str] = []
    waivers, approvals = [], []
    for entry, text in zip(own, book.bodies(own), strict=True):
        try:
            if entry.kind == WAIVER:
                waivers.append(_read_waiver(text, trust, asked))
            elif asked.gate.approvals:
                approvals.append(_read_approval(text, trust, asked, asked.gate.approvals))
        except HarnessError as error:
            refused.append(f"a signed {entry.kind} does not count: {error}")
    given = _ask_forge(asked, trust, asked.gate.approvals) if asked.gate.approvals else Given()
    counted = [*approvals, *given.approvals]
    return waivers, Given(
        approvals=counted, parties=given.parties, known=given.known, refused=[*refused, *given.refused]
    )


def _read_waiver(text: str, trust: "Trust", asked: Vouching) -> SignedWaiver:
    from harness.signing import statements  # noqa: PLC0415 - see above

    found = _verify(text, trust, asked, statements.WAIVER)
    about = {
        "candidate": str(asked.candidate.digest),
        "owner": ", ".join(sorted(found.persons)),
        "id": found.statement.digest,
        "issued": found.statement.issued,
    }
    try:
        return SignedWaiver.model_validate({key: found.statement.predicate.get(key) for key in WAIVED} | about)
    except ValidationError as error:
        raise HarnessError(f"it names no requirement ({error.error_count()} fields are wrong)") from error


def _read_approval(text: str, trust: "Trust", asked: Vouching, approvals: Approvals) -> Approval:
    """Return the approval that a statement is, of the gate as it is: another gate was not approved for."""
    from harness.signing import statements  # noqa: PLC0415 - see above

    problems = []
    for group in approvals.groups:
        try:
            found = _verify(text, trust, asked, statements.APPROVAL, group)
        except HarnessError as error:
            problems.append(error)
            continue
        if found.statement.predicate.get("gate") != asked.gate.digest:
            raise HarnessError("the gate asks for something else by now; ask for a new one")
        (person, *_) = sorted(found.persons)
        how = f"signature {found.statement.digest[:19]}…"
        return Approval(person=person, groups=_groups(person, trust, asked, approvals), how=how)
    raise problems[0]


def _verify(text: str, trust: "Trust", asked: Vouching, kind: str, role: str = "") -> "Verified":
    from harness.signing.verifying import check_subject, verify  # noqa: PLC0415 - see above

    found = verify(
        text, trust, predicate_type=kind, project=asked.project.name, stage=asked.stage, role=role, now=asked.now
    )
    check_subject(found.statement, SUBJECT, str(asked.candidate.digest))
    if found.statement.expires is None:
        raise HarnessError(f"the {found.statement.name} does not say until when it holds")
    return found


def _groups(person: str, trust: "Trust", asked: Vouching, approvals: Approvals) -> Sequence[str]:
    about = {"project": asked.project.name, "stage": asked.stage, "model": model_of(asked.gate)}
    return [group for group in approvals.groups if person in trust.persons_in(group, **about)]


def _ask_forge(asked: Vouching, trust: "Trust", approvals: Approvals) -> Given:
    """Return who approved at the forge, and who asked and wrote the suites, as it says."""
    if asked.forge is None:
        return Given(known=_known(trust))
    commit = _commit(asked)
    digest = asked.candidate.digest
    found = [*asked.forge.deployment_approvers(asked.stage)]
    found += asked.forge.reviewers(commit, digest) if digest else []
    refused = [_stranger(each) for each in found if len(_persons([each.account], trust)) != 1]
    counted = [
        Approval(person=person, groups=_groups(person, trust, asked, approvals), how=each.how)
        for each in found
        if len(persons := _persons([each.account], trust)) == 1
        for person in persons
    ]
    parties: Mapping[str, Any] = {
        REQUESTER: _persons([*asked.forge.actors, *asked.forge.authors(commit)], trust),
        AUTHOR: _suite_authors(asked, asked.forge, trust),
    }
    return Given(approvals=counted, parties=parties, known=_known(trust), refused=refused)


def _commit(asked: Vouching) -> str:
    policy = asked.project.policy
    return (policy.commit if policy else find_commit("HEAD", asked.project.settings.root)).digest


def _suite_authors(asked: Vouching, forge: Forge, trust: "Trust") -> frozenset[str] | None:
    """Return who wrote the gates file and its suites last; None where one came without a pull request."""
    commit = asked.project.policy.commit if asked.project.policy else find_commit("HEAD", asked.project.settings.root)
    accounts: list[str] = []
    for path in _policy_files(asked):
        authors = forge.authors(last_commit(commit, path))
        if not authors:
            return None
        accounts += authors
    return _persons(accounts, trust)


def _policy_files(asked: Vouching) -> Iterator[str]:
    """Yield the files that say what is asked, from the top of the repository."""
    project = asked.project
    top = project.policy.folder if project.policy else find_commit("HEAD", project.settings.root).top
    files = [suite.file for suite in asked.gate.suites if isinstance(suite, GateSuite)]
    for file in [project.gates_file, *(project.asked_file(name) for name in files)]:
        if file is not None:
            yield file.resolve().relative_to(top).as_posix()


def _persons(accounts: Sequence[str], trust: "Trust") -> frozenset[str]:
    """Return the persons who have accounts at the forge, which tells no upper case from lower."""
    names = {account.casefold() for account in accounts}
    return frozenset(
        name for name, person in trust.persons.items() if person.accounts.get(GITHUB, "").casefold() in names
    )


def _known(trust: "Trust") -> frozenset[str]:
    return frozenset(name for name, person in trust.persons.items() if GITHUB in person.accounts)


def _stranger(approver: Approver) -> str:
    return f"the {approver.how} by {approver.account} does not count: trust.yaml names not one person with that account"
