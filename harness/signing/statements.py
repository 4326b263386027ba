"""In-toto statements: what is said of which digests, for which project and stage, and since when."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.errors import HarnessError
from harness.text import printable
from harness.values.canonical import canonical, sha256
from harness.values.identity import FORM, is_digest

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
RUN = "urn:promotion-harness:run:v1"
PROMOTION = "urn:promotion-harness:promotion:v1"
ROLLBACK = "urn:promotion-harness:rollback:v1"
REVOCATION = "urn:promotion-harness:revocation:v1"
WAIVER = "urn:promotion-harness:waiver:v1"
APPROVAL = "urn:promotion-harness:approval:v1"
OVERRIDE = "urn:promotion-harness:override:v1"
REGISTRATION = "urn:promotion-harness:registration:v1"
WEAKENING = "urn:promotion-harness:weakening:v1"
CORRECTION = "urn:promotion-harness:correction:v1"
REJOIN = "urn:promotion-harness:rejoin:v1"
NAMES: Mapping[str, str] = {
    RUN: "run-statement",
    PROMOTION: "promotion",
    ROLLBACK: "rollback",
    REVOCATION: "revocation",
    WAIVER: "waiver",
    APPROVAL: "approval",
    OVERRIDE: "override",
    REGISTRATION: "registration-statement",
    WEAKENING: "weakening",
    CORRECTION: "correction-statement",
    REJOIN: "rejoin",
}
EXPIRING = (
    WAIVER,
    APPROVAL,
    OVERRIDE,
    REGISTRATION,
    WEAKENING,
)  # time alone never ends what was promoted, or what was found
KEYS = {"_type", "subject", "predicateType", "predicate"}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What is said: of subjects, each a name with its digest (`sha256:...`), a predicate of a type; HarnessError else.

    Each predicate names its `project` and when it was `issued` (ISO 8601, with a zone), and may name `stage`, `model`
    and when it `expires`. All else in it belongs to its type.
    """

    predicate_type: str
    subjects: Mapping[str, str]
    predicate: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.predicate_type not in NAMES:
            raise HarnessError(f"statements of type {self.predicate_type!r} are not known; there is {', '.join(NAMES)}")
        if not self.subjects:
            raise HarnessError(f"a {self.name} says nothing of anything: it names no subject")
        for name, digest in self.subjects.items():
            if not (isinstance(digest, str) and is_digest(digest)) or printable(name) != name:
                raise HarnessError(f"subject {name!r} has the digest {digest!r}; give {FORM}")
        _require(self.project, "project", self.name)
        _ = self.issued, self.stage, self.model
        if self.expires and self.predicate_type not in EXPIRING:
            raise HarnessError(f"a {self.name} does not expire; leave `expires` out")

    @property
    def name(self) -> str:
        """Return the type in a word: `promotion`."""
        return NAMES[self.predicate_type]

    @property
    def digest(self) -> str:
        """Return the digest of what is said, whoever signs it."""
        return sha256(statement_payload(self))

    @property
    def project(self) -> str:
        """Return the project that this is about."""
        return self._text("project")

    @property
    def stage(self) -> str:
        """Return the stage that this is about, or nothing."""
        return self._text("stage")

    @property
    def model(self) -> str:
        """Return the registered model that this is about, or nothing."""
        return self._text("model")

    @property
    def issued(self) -> datetime:
        """Return when this was said, in UTC, as whoever signed it says."""
        return _instant(_require(self._text("issued"), "issued", self.name), "issued", self.name)

    @property
    def expires(self) -> datetime | None:
        """Return until when this holds, in UTC; None if for ever."""
        text = self._text("expires")
        return _instant(text, "expires", self.name) if text else None

    def _text(self, key: str) -> str:
        found = self.predicate.get(key, "")
        if not isinstance(found, str):
            raise HarnessError(f"a {self.name} has {found!r} for {key!r}, where a text belongs")
        return found


def statement_payload(statement: Statement) -> str:
    """Return the statement as in-toto spells it, with sorted keys."""
    subjects = [
        {"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}
        for name, digest in sorted(statement.subjects.items())
    ]
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": subjects,
            "predicateType": statement.predicate_type,
            "predicate": dict(statement.predicate),
        }
    )


def statement_from_payload(payload: bytes) -> Statement:
    """Return the statement that a payload spells. HarnessError if it is of another type, or spelled otherwise."""
    try:
        document = json.loads(payload)
        if document["_type"] != STATEMENT_TYPE or set(document) != KEYS or not isinstance(document["predicate"], dict):
            raise HarnessError(f"this is no in-toto statement of version 1: its _type is {document['_type']!r}")
        subjects = {each["name"]: f"sha256:{each['digest']['sha256']}" for each in document["subject"]}
        found = Statement(predicate_type=document["predicateType"], subjects=subjects, predicate=document["predicate"])
        is_same = statement_payload(found).encode() == payload
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise HarnessError(f"this is no in-toto statement ({type(error).__name__})") from error
    if not is_same:
        raise HarnessError("this statement is not spelled as one of this harness is, or names a subject twice")
    return found


def _require(text: str, key: str, name: str) -> str:
    if not text:
        raise HarnessError(f"a {name} names no {key!r}; it must")
    return text


def _instant(text: str, key: str, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise HarnessError(f"a {name} has {text!r} for {key!r}; give a time, as 2026-11-26T12:00:00+00:00") from error
    if found.tzinfo is None:
        raise HarnessError(f"a {name} has {text!r} for {key!r}, a time without its zone")
    return found.astimezone(UTC)
