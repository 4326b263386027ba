"""Who exactly was judged."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.errors import HarnessError

CANDIDATE = "candidate"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
FORM = "`sha256:` and 64 hexadecimal digits in lower case"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What exactly was judged: a revision, the digest that proves it, and the parts it is made of.

    A digest is `sha256:` and 64 hexadecimal digits, or None where nothing proves the revision; else HarnessError.
    """

    revision: str
    digest: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
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
