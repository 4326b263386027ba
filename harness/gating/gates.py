"""What a stage asks for before a candidate may pass it, as written in the gates file."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from harness.data.declarations import Duration
from harness.documents import parse, read_yaml
from harness.errors import UsageError, did_you_mean
from harness.suite.names import SUFFIX, is_suite_name
from harness.values.canonical import canonical, sha256
from harness.values.identity import FORM, Identity, is_digest, is_of_rows, short_identity
from harness.values.versions import FileVersion

FEWEST_DIGITS = 6  # of a digest without `sha256:`, which could be a name
LISTED = 5  # candidates in an error
FEWEST_PARTS = 2
PartName = Annotated[str, Field(pattern=r"^\w[\w-]*$")]
OF_PARTS = {"parts", "promote", "first_promotion", "uncommitted"}  # what a gate says that asks for parts


class Approvals(BaseModel):
    """How many people of which groups must approve, and who may not."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    count: int = Field(ge=1)
    groups: Sequence[str] = Field(alias="from", min_length=1)
    excluded: Sequence[str] = Field(alias="not", default=())


class GateSuite(BaseModel):
    """A suite that a gate asks for: its file, from the folder of the gates file, and the parameters it pins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(pattern=r"\.suite\.ya?ml$")
    params: Mapping[str, bool | int | float | str] = {}


class Gate(BaseModel):
    """What a stage asks for: which suites, how fresh, what an inconclusive verdict does, what is promoted.

    Instead of suites it may name `parts`, each with the stage whose gate decides about a candidate of its own: then it
    passes if all of them do, and says nothing else but what is promoted.

    A suite is named by its file, or by its name alone, which a gate that promotes does not take.

    With `enforce: false` it decides and blocks nothing, so that a stage can be tried before it counts.
    A gate with `watch` decides on the latest scheduled run; any other gate never sees one. With `many_candidates:
    correct` each candidate is held to a level of its own, which falls with each that came before and rises with passes.
    With `registered: require` a run counts only if what it asks was recorded before it measured anything.
    With `uncommitted: allow` a model is promoted though the working tree differs from its commit, which is then signed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    suites: Sequence[str | GateSuite] = Field(default=(), min_length=1)
    parts: Mapping[PartName, str] = {}
    run_max_age: Duration | None = None
    data_max_age: Duration | None = None
    on_inconclusive: Literal["block", "report"] = "block"
    enforce: bool = True
    watch: bool = False
    many_candidates: Literal["warn", "correct"] = "warn"
    registered: Literal["allow", "require"] = "allow"
    uncommitted: Literal["allow", "refuse"] = "refuse"
    first_promotion: Literal["allow", "refuse"] = "refuse"
    approvals: Approvals | None = None
    promote: Mapping[str, Mapping[str, Any]] = {}

    @property
    def digest(self) -> str:
        """Return the digest of what the gate asks, however its file is laid out; what it leaves out stays out."""
        return sha256(canonical(self.model_dump(mode="json", by_alias=True, exclude_defaults=True)))

    @field_validator("suites", mode="before")
    @classmethod
    def _read_files(cls, given: object) -> object:
        """Let a suite's file stand for itself where nothing is pinned."""
        if not isinstance(given, list | tuple):
            return given
        return [{"file": each} if isinstance(each, str) and is_suite_name(each) else each for each in given]

    @field_validator("promote", mode="before")
    @classmethod
    def _read_paths(cls, given: object) -> object:
        """Let a path stand for itself: `promote: {file: champion.json}`."""
        if not isinstance(given, Mapping):
            return given
        return {name: {"path": each} if isinstance(each, str) else each for name, each in given.items()}

    @model_validator(mode="after")
    def _asks_for_suites_or_parts(self) -> Self:
        if bool(self.suites) == bool(self.parts):
            raise ValueError("asks for suites, or for parts that other gates decide about; give one of both")
        if not self.parts:
            return self
        if len(set(self.parts.values())) < max(len(self.parts), FEWEST_PARTS):
            raise ValueError(f"needs {FEWEST_PARTS} parts or more, each with a gate of its own")
        others = self.model_fields_set - OF_PARTS
        if others:
            raise ValueError(f"leaves to the gates of its parts what they ask for; write {min(others)} there")
        return self

    @model_validator(mode="after")
    def _promotes_only_on_proof(self) -> Self:
        if self.promote and self.on_inconclusive == "report":
            raise ValueError("promotes, so it must block on inconclusive; remove on_inconclusive: report")
        if self.promote and not self.enforce:
            raise ValueError("promotes, so it must be enforced; remove enforce: false, or promote until it is")
        if not self.enforce and self.on_inconclusive == "report":
            raise ValueError("blocks nothing with enforce: false; remove on_inconclusive: report")
        if self.promote and self.watch:
            raise ValueError("watches what is deployed, and scheduled runs promote nothing; remove watch or promote")
        return self


def _refuse_what_a_stage_may_not_ask(gate: Gate) -> Gate:
    named = [suite for suite in gate.suites if isinstance(suite, str)]
    if gate.promote and named:
        raise ValueError(
            "promotes, so it reads its suites when it decides; name the file, as in "
            f"`suites: [{named[0]}{SUFFIX}]`, not {named[0]!r}"
        )
    if gate.first_promotion == "allow" and not gate.promote:
        raise ValueError("allows a first promotion and promotes nothing; add promote")
    return gate


StageGate = Annotated[Gate, AfterValidator(_refuse_what_a_stage_may_not_ask)]


class GatesFile(BaseModel):
    """A project's gates as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: FileVersion = 1
    project: str | None = None
    ledger: str | None = None
    evidence: str | None = None
    waivers: str | None = None
    trust: str | None = None
    gates: Mapping[str, StageGate] = Field(min_length=1)

    @model_validator(mode="after")
    def _decides_about_each_part(self) -> Self:
        for stage, gate in self.gates.items():
            for part, named in gate.parts.items():
                trouble = self._doubt_part(gate, named)
                if trouble:
                    raise ValueError(
                        f"gates.{stage}: part {part!r} is decided about by gate {named!r}, which {trouble}"
                    )
        return self

    def _doubt_part(self, gate: Gate, named: str) -> str:
        """Return why a gate cannot decide about a part of another, or nothing if it can."""
        other = self.gates.get(named)
        if other is None:
            return f"is not there{did_you_mean(named, self.gates)}"
        if other.parts:
            return "has parts itself; name those"
        if other.watch:
            return "watches what is deployed; name the one that lets it pass"
        if gate.promote and not other.promote:
            return "promotes nothing, so it does not ask for proof; add promote there, or leave it out here"
        return ""

    def gate(self, stage: str) -> Gate:
        """Return the gate of a stage."""
        if stage not in self.gates:
            raise UsageError(f"no gate {stage!r} in the gates file{did_you_mean(stage, self.gates)}")
        return self.gates[stage]


def read_gates(path: Path) -> GatesFile:
    """Return a gates file."""
    return parse(GatesFile, read_yaml(path), str(path))


def candidate_named(asked: str, candidates: Sequence[Identity]) -> Identity:
    """Return the identity that a digest, the start of one, or a revision that exactly one digest carries stands for."""
    by_revision = {each.key: each for each in candidates if each.revision == asked}
    by_digest = {each.key: each for each in candidates if is_named(asked, each)}
    found = list((by_revision or by_digest).values())
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(_ambiguous(asked, found))
    if asked.startswith("sha256:") and not is_digest(asked):
        known = f"; there is {list_candidates(candidates)}" if candidates else ""
        raise UsageError(f"no candidate has a digest that starts with {asked!r}{known}; give {FORM}, or the revision")
    return Identity(revision=asked, digest=asked if is_digest(asked) else None)


def is_named(asked: str, who: Identity) -> bool:
    """Tell whether a candidate has this revision or digest, or a digest that starts so."""
    start = _digest_start(asked)
    return who.revision == asked or bool(start and _digest(who).startswith(start))


def list_candidates(candidates: Sequence[Identity]) -> str:
    """Return some candidates in words, the latest first: `v2, v1 (sha256:7ec632ced97a…)`."""
    shown = [short_identity(each) for each in reversed(candidates)]
    more = f" and {len(shown) - LISTED} more" if len(shown) > LISTED else ""
    return f"{', '.join(shown[:LISTED])}{more}"


def _digest_start(asked: str) -> str:
    """Return what a digest starts with that was asked for as `sha256:7ec6` or `7ec632c`; nothing if it is none."""
    digits = asked.removeprefix("sha256:")
    is_start = re.fullmatch(r"[0-9a-f]+", digits) and (digits != asked or len(digits) >= FEWEST_DIGITS)
    return f"sha256:{digits}" if is_start else ""


def _digest(who: Identity) -> str:
    """Return what a candidate may be named by: its digest, or that of rows that nobody named."""
    return who.digest or (who.revision if is_of_rows(who) else "")


def _ambiguous(asked: str, found: Sequence[Identity]) -> str:
    proven = sorted(each.digest for each in found if each.digest)
    message = f"{asked!r} was run with {len(proven)} digests; name one of {', '.join(proven)}"
    if len(proven) == len(found):
        return message
    return f"{message}; other runs of that name have none, so judge those under a `model:` of their own"
