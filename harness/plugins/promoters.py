"""What a plugin offers that knows a registry."""

from collections.abc import Mapping
from typing import Any, Protocol

from harness.values.identity import Identity


class Promoter(Protocol):
    """A registry that says what is promoted, and can be told to promote another; `config` is what the gate says."""

    def current(self, config: Mapping[str, Any]) -> str | None:
        """Return the revision that is promoted now, or None if there never was one."""

    def move(self, config: Mapping[str, Any], identity: Identity) -> None:
        """Make this candidate the promoted one; HarnessError, and nothing moved, where it is not what it was."""

    def read_back(self, config: Mapping[str, Any]) -> Identity | None:
        """Return who is promoted now, with the digest of what the registry holds, or None if there never was one."""
