"""What a stage asks for before a candidate may pass it, as written in the gates file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.data.declarations import Duration
from harness.documents import parse, read_yaml
from harness.errors import UsageError, did_you_mean
from harness.values.canonical import canonical, sha256
from harness.values.identity import FORM, Identity, is_digest
from harness.values.versions import FileVersion


class Approvals(BaseModel):
    """How many people of which groups must approve, and who may not."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    count: int = Field(ge=1)
    groups: Sequence[str] = Field(alias="from", min_length=1)
    excluded: Sequence[str] = Field(alias="not", default=())


class Gate(BaseModel):
    """What a stage asks for: which suites, how fresh, what an inconclusive verdict does, what is promoted.

    A gate with `watch` decides on the latest scheduled run; any other gate never sees one. With `many_candidates:
    correct` each candidate is held to a level of its own, which falls with each that came before and rises with passes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    suites: Sequence[str] = Field(min_length=1)
    run_max_age: Duration | None = None
    data_max_age: Duration | None = None
    on_inconclusive: Literal["block", "report"] = "block"
    watch: bool = False
    many_candidates: Literal["warn", "correct"] = "warn"
    first_promotion: Literal["allow", "refuse"] = "refuse"
    approvals: Approvals | None = None
    promote: Mapping[str, Mapping[str, Any]] = {}

    @property
    def digest(self) -> str:
        """Return the digest of what the gate asks, however its file is laid out; what it leaves out stays out."""
        return sha256(canonical(self.model_dump(mode="json", by_alias=True, exclude_defaults=True)))

    @model_validator(mode="after")
    def _promotes_only_on_proof(self) -> Self:
        if self.promote and self.on_inconclusive == "report":
            raise ValueError("promotes, so it must block on inconclusive; remove on_inconclusive: report")
        if self.promote and self.watch:
            raise ValueError("watches what is deployed, and scheduled runs promote nothing; remove watch or promote")
        return self


class GatesFile(BaseModel):
    """A project's gates as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: FileVersion = 1
    project: str | None = None
    ledger: str | None = None
    evidence: str | None = None
    waivers: str | None = None
    gates: Mapping[str, Gate] = Field(min_length=1)

    def gate(self, stage: str) -> Gate:
        """Return the gate of a stage."""
        if stage not in self.gates:
            raise UsageError(f"no gate {stage!r} in the gates file{did_you_mean(stage, self.gates)}")
        return self.gates[stage]


def read_gates(path: Path) -> GatesFile:
    """Return a gates file."""
    return parse(GatesFile, read_yaml(path), str(path))


def candidate_named(asked: str, candidates: Sequence[Identity]) -> Identity:
    """Return the identity that a digest, or a revision that exactly one digest carries, stands for."""
    if asked.startswith("sha256:") and not is_digest(asked):
        raise UsageError(f"candidate {asked!r} is no whole digest; give {FORM}, or the revision")
    by_digest = [each for each in candidates if each.digest == asked]
    if by_digest:
        return by_digest[-1]
    by_revision = {each.digest: each for each in candidates if each.revision == asked}
    if len(by_revision) == 1:
        return next(iter(by_revision.values()))
    if by_revision:
        found = ", ".join(sorted(digest or "declared, without digest" for digest in by_revision))
        raise UsageError(f"revision {asked!r} was run with {len(by_revision)} digests; name one of {found}")
    return Identity(revision=asked, digest=asked if is_digest(asked) else None)
