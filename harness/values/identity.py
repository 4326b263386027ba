"""Who exactly was judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field

CANDIDATE = "candidate"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What exactly was judged: a revision, the digest that proves it, and the parts it is made of."""

    revision: str
    digest: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return what tells candidates apart: the digest, or the revision of one that is only declared."""
        return self.digest or f"declared {self.revision}"
