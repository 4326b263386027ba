"""The registries of a stage: who is promoted there, as one of them says or all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.errors import HarnessError
from harness.plugins.promoters import Promoter, Proof, ProofKeeper
from harness.values.identity import Identity

MOVE = "move"  # the kind of the ledger's entries that say what came of a statement
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A promoter and what the gate says to it; whatever goes wrong in there is a HarnessError."""

    name: str
    promoter: Promoter
    config: Mapping[str, Any]

    def current(self) -> str | None:
        """Return the revision that is promoted now."""
        return self._ask("cannot say who is promoted", lambda: self.promoter.current(self.config))

    def read_back(self) -> Identity | None:
        """Return who is promoted now, with the digest of what the registry holds."""
        return self._ask("cannot say who is promoted", lambda: self.promoter.read_back(self.config))

    def move(self, candidate: Identity) -> None:
        """Promote a candidate there."""
        self._ask(f"did not promote {candidate.revision}", lambda: self.promoter.move(self.config, candidate))

    def keep_proof(self, candidate: Identity, proof: Proof) -> None:
        """Keep there why a candidate is promoted, where the registry keeps such."""
        keeper = self.promoter
        if isinstance(keeper, ProofKeeper):
            self._ask("did not keep the statement", lambda: keeper.keep_proof(self.config, candidate, proof))

    def _ask(self, what: str, ask: Callable[[], Found]) -> Found:
        try:
            return ask()
        except HarnessError as error:
            raise type(error)(f"registry {self.name} {what}: {error}") from error
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
            raise HarnessError(f"registry {self.name} {what}: {found}; see that it answers, then try again") from error
