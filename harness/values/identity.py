"""Who exactly was judged."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.errors import HarnessError
from harness.text import printable

CANDIDATE = "candidate"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
SHOWN = 19  # characters of a digest
FORM = "`sha256:` and 64 hexadecimal digits in lower case"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What exactly was judged: a revision, the digest that proves it, and the parts it is made of.

    A digest is `sha256:` and 64 hexadecimal digits, or None where nothing proves the revision; else HarnessError, as of
    a revision with hidden characters.
    """

    revision: str
    digest: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if printable(self.revision) != self.revision:
            message = f"revision {printable(self.revision)!r} holds hidden characters"
            raise HarnessError(f"{message}, with which it could look like another; rename it")
        if self.digest is not None and not is_digest(self.digest):
            message = f"{self.revision!r} has the digest {self.digest!r}, which proves nothing"
            raise HarnessError(f"{message}; give {FORM}, or none")

    @property
    def key(self) -> str:
        """Return what tells candidates apart: the digest, or the revision of one that is only declared."""
        return self.digest or f"declared {self.revision}"


def is_digest(text: str) -> bool:
    """Tell whether a text is a digest as identities have it, not one of another algorithm, case or length."""
    return DIGEST.fullmatch(text) is not None


def is_of_rows(who: Identity) -> bool:
    """Tell whether a candidate is called by the digest of its rows, or of rows and labels, as nobody named a model."""
    return all(map(is_digest, who.revision.split("+")))


def short_digest(digest: str) -> str:
    """Return a digest as people are shown it: `sha256:7ec632ced97a…`."""
    return f"{digest[:SHOWN]}…"


def short_identity(who: Identity) -> str:
    """Return a candidate as people are shown it, with what proves it: `models:/fraud/2 (sha256:7ec632ced97a…)`."""
    name = short_digest(who.revision) if is_of_rows(who) else who.revision
    return f"{name} ({proof_text(who)})"


def proof_text(who: Identity) -> str:
    """Return the digest that proves a candidate, or that there is none; of rows that nobody named, that."""
    if who.digest:
        return short_digest(who.digest)
    return "of the rows, as nobody named the model" if is_of_rows(who) else "declared, without digest"
