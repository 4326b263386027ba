"""Who approved a candidate for a stage: persons are counted, and those who may not approve their own are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.gating.gates import Approvals
from harness.values.decisions import GateFinding


@dataclass(frozen=True, kw_only=True)
class Approval:
    """That a person approved, as one of some groups, and how: `signature sha256:...`, `github deployment`."""

    person: str
    groups: Sequence[str]
    how: str

    def __str__(self) -> str:
        return f"{self.person} ({', '.join(self.groups)}) by {self.how}"


@dataclass(frozen=True, kw_only=True)
class Given:
    """The approvals of a candidate, and who must not be among them, as the forge says.

    `parties` are by word (`requester`, `suite-author`) the persons behind it: None where nobody says who it is.
    `known` are the persons with an account at the forge, the others could be any account; `refused` says, in words,
    what was given and does not count.
    """

    approvals: Sequence[Approval] = ()
    parties: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    refused: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The approvals that count, and what is missing."""

    approvals: Sequence[Approval] = ()
    findings: Sequence[GateFinding] = ()


def count_approvals(asked: Approvals, given: Given) -> Counted:
    """Return the approvals of a candidate that count, one a person, and what they leave missing."""
    unknown = [party for party in asked.excluded if given.parties.get(party) is None]
    if unknown:
        return Counted(findings=[_error(_unknown_party(unknown[0]))])
    own = {each.person: each for each in given.approvals if set(each.groups) & set(asked.groups)}
    reasons = {person: _refuse(person, asked, given) for person in own}
    counted = [approval for person, approval in own.items() if not reasons[person]]
    if len(counted) >= asked.count:
        return Counted(approvals=counted)
    groups = " or ".join(asked.groups)
    found = f"{asked.count} approval(s) of {groups} asked, {len(counted)} recorded"
    return Counted(approvals=counted, findings=[_error("; ".join([found, *filter(None, reasons.values())]))])


def _refuse(person: str, asked: Approvals, given: Given) -> str:
    """Return why an approval of this person does not count, or nothing."""
    if not asked.excluded:
        return ""
    for party in asked.excluded:
        if person in (given.parties[party] or ()):
            return f"that of {person} does not count, who is the {party}"
    if person not in given.known:
        return f"that of {person} does not count, whose account at the forge trust.yaml does not name"
    return ""


def _unknown_party(party: str) -> str:
    return f"the gate excludes the {party} from approving, and no forge says who that is; decide with --forge github"


def _error(reason: str) -> GateFinding:
    return GateFinding(outcome="error", reason=reason)
