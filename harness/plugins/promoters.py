"""What a plugin offers that knows a registry."""

from collections.abc import Mapping
from typing import Any, Protocol


class Promoter(Protocol):
    """A registry that a gate may move; asked here only what it promoted before."""

    def current(self, config: Mapping[str, Any]) -> str | None:
        """Return the revision that is promoted now, or None if there never was one."""
