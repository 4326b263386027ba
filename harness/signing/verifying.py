"""Holds a signed statement to whom a project trusts: every check, in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from harness.errors import HarnessError
from harness.signing.envelopes import list_signing_keys, open_envelope
from harness.signing.statements import (
    CORRECTION,
    OVERRIDE,
    PROMOTION,
    REGISTRATION,
    REJOIN,
    REVOCATION,
    ROLLBACK,
    RUN,
    WAIVER,
    WEAKENING,
    Statement,
)
from harness.signing.trust import OVERRIDE_ROLE, PROMOTER, RUNNER, WAIVER_ROLE, WEAKENING_ROLE, Trust, TrustedKey

SKEW = timedelta(minutes=5)  # by which a signer's clock may run ahead
ROLES: Mapping[str, str] = {
    RUN: RUNNER,
    REGISTRATION: RUNNER,
    CORRECTION: RUNNER,
    PROMOTION: PROMOTER,
    ROLLBACK: PROMOTER,
    REVOCATION: PROMOTER,
    REJOIN: PROMOTER,
    WAIVER: WAIVER_ROLE,
    OVERRIDE: OVERRIDE_ROLE,
    WEAKENING: WEAKENING_ROLE,
}


class Untrusted(HarnessError):
    """A statement is not what was asked for, or not by whom the project trusts to make it."""


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A statement that holds, the persons who signed it in the role, and the ids of all keys that signed."""

    statement: Statement
    role: str
    persons: frozenset[str]
    keys: Sequence[str]


def verify(
    envelope_text: str,
    trust: Trust,
    *,
    predicate_type: str,
    project: str,
    stage: str = "",
    role: str = "",
    now: datetime | None = None,
) -> Verified:
    """Return what an envelope proves: a statement of a type, about a project and stage, signed by a person in a role.

    Checked are the payload's type, the statement's and the predicate's, the subjects' form, the project and, where a
    stage is asked for, that; every signature, of which each must be by a key in `trust`; that at least one is by a
    person who has `role` (default: that of the type; an approval's is the group asked) for the project, stage and
    model that the statement names; that no key was revoked, unless the statement stands in its list; and with `now`,
    which a service leaves out as time alone ends no promotion, that it was issued and has not expired. Untrusted else.
    """
    try:
        envelope, statement = open_envelope(envelope_text)
        _check_about(statement, predicate_type, project, stage)
        _check_time(statement, now)
        ids = list_signing_keys(envelope, {id: each.key for id, each in trust.keys.items()})
        keys = [trust.keys[id] for id in ids]
        _check_revocation(statement, keys)
        asked = role or ROLES.get(predicate_type, "")
        return Verified(statement=statement, role=asked, persons=_persons(statement, keys, asked, trust), keys=ids)
    except HarnessError as error:
        raise Untrusted(f"not accepted: {error}") from error


def check_subject(statement: Statement, name: str, digest: str) -> None:
    """Refuse a statement that does not say this of this digest under this name."""
    found = statement.subjects.get(name)
    if found != digest:
        says = (
            f"names {found}" if found else f"has no subject {name!r} (it has {', '.join(sorted(statement.subjects))})"
        )
        raise Untrusted(f"not accepted: the {statement.name} is not about {digest}; it {says}")


def _check_about(statement: Statement, predicate_type: str, project: str, stage: str) -> None:
    if statement.predicate_type != predicate_type:
        raise HarnessError(f"it is a {statement.name} ({statement.predicate_type}); asked for was {predicate_type}")
    if statement.project != project:
        raise HarnessError(f"the {statement.name} is of project {statement.project!r}; asked for was {project!r}")
    if stage and statement.stage != stage:
        found = f"for stage {statement.stage!r}" if statement.stage else "for no stage"
        raise HarnessError(f"the {statement.name} is {found}; asked for was {stage!r}")


def _check_time(statement: Statement, now: datetime | None) -> None:
    if now is None:
        return
    if statement.issued > now + SKEW:
        message = f"the {statement.name} was signed at {_text(statement.issued)}, and it is {_text(now)}"
        raise HarnessError(f"{message}: a clock is wrong here or where it was signed; set it, and try again")
    if statement.expires and now >= statement.expires:
        raise HarnessError(f"the {statement.name} expired at {_text(statement.expires)}; ask for a new one")


def _check_revocation(statement: Statement, keys: Sequence[TrustedKey]) -> None:
    """Refuse what a revoked key signed; whoever has the key can write any date, so only what is listed stands."""
    for each in keys:
        if each.revoked and statement.digest not in each.revoked.stand:
            since = f"was revoked since {_text(each.revoked.since)}"
            raise HarnessError(
                f"the key of {each.person} that signed it {since}, and the {statement.name} is not "
                f"among those that stand; sign anew with another key"
            )


def _persons(statement: Statement, keys: Sequence[TrustedKey], role: str, trust: Trust) -> frozenset[str]:
    if not role:
        raise HarnessError(f"no role was named in which a {statement.name} is signed")
    allowed = trust.persons_in(role, project=statement.project, stage=statement.stage, model=statement.model)
    found = frozenset(each.person for each in keys) & allowed
    if not found:
        signed = ", ".join(sorted({each.person for each in keys}))
        where = " ".join(filter(None, (statement.project, statement.stage, statement.model)))
        named = f"it names {', '.join(sorted(allowed))}" if allowed else "it names nobody"
        raise HarnessError(f"{signed} signed, whom {trust.origin} does not name as {role!r} for {where}; {named}")
    return found


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
