"""What a plugin offers that knows a registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from harness.values.identity import Identity


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Why somebody is promoted: the project and stage, what was signed (promotion, override, rollback), and its text.

    `digest` is that of the statement, `envelope` the signed text as `harness verify` reads it.
    """

    project: str
    stage: str
    kind: str
    digest: str
    envelope: str


class Promoter(Protocol):
    """A registry that says what is promoted, and can be told to promote another; `config` is what the gate says."""

    def current(self, config: Mapping[str, Any]) -> str | None:
        """Return the revision that is promoted now, or None if there never was one."""

    def move(self, config: Mapping[str, Any], identity: Identity) -> None:
        """Make this candidate the promoted one; HarnessError, and nothing moved, where it is not what it was."""

    def read_back(self, config: Mapping[str, Any]) -> Identity | None:
        """Return who is promoted now, with the digest of what the registry holds, or None if there never was one."""


@runtime_checkable
class ProofKeeper(Protocol):
    """A promoter whose registry also keeps why somebody is promoted, beside what is promoted."""

    def keep_proof(self, config: Mapping[str, Any], identity: Identity, proof: Proof) -> None:
        """Keep the proof; keeping it again changes nothing. HarnessError if the registry does not take it."""
