"""Follows an alias of the registry: the local mode, in which promoting a model is enough to serve it."""

import asyncio
import logging
from dataclasses import dataclass

from fraud_target.served import Served, load_model, resolve_uri
from fraud_target.service import Service

SAID = logging.getLogger("fraud_target")


@dataclass(frozen=True, kw_only=True)
class Alias:
    """An alias, the digest its model must have, and how often to look."""

    uri: str
    pinned: str | None = None
    every: float = 5.0

    def newer(self, version: str) -> Served | None:
        """Return the model it names now, if that is another version."""
        now = resolve_uri(self.uri)
        return None if now == version else load_model(now, pinned=self.pinned)


async def follow_alias(service: Service, alias: Alias) -> None:
    """Swap models as the alias moves; a model that cannot be loaded leaves the one that is served."""
    while True:
        await asyncio.sleep(alias.every)
        try:
            found = await asyncio.to_thread(alias.newer, service.served.version)
        except Exception as trouble:  # noqa: BLE001 - a file of a model may break in any reader; the next is looked at
            service.meters.failed_swaps += 1
            SAID.warning("%s cannot be followed, %s stays: %s", alias.uri, service.served.version, trouble)
            continue
        if found is not None:
            service.swap(found)
            SAID.warning("%s moved: serving %s (%s)", alias.uri, found.version, found.digest)
