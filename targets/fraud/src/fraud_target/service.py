"""What the service does with a body: payments in, scores out, by the model that was served when they came."""

import json
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from fraud_target.limits import Door, Limits, Refused
from fraud_target.meters import Meters
from fraud_target.online import features_of
from fraud_target.payments import Chargeback, Payment, Payments
from fraud_target.served import Served
from fraud_target.store import FeatureStore, StoreDown

Body = TypeVar("Body", bound=BaseModel)
Answer = dict[str, object]
TOLD = 5  # errors of one body


class Service:
    """One store, one door, and the model that is served now."""

    def __init__(self, served: Served, store: FeatureStore, limits: Limits) -> None:
        self.store, self.door, self.meters = store, Door(limits), Meters()
        self._was_ready = False
        self.served = served
        self.meters.serving = (served.version, served.digest)

    def swap(self, served: Served) -> None:
        """Serve another model from the next request on; requests that are in flight keep theirs."""
        self.served = served
        self.meters.serving = (served.version, served.digest)
        self.meters.swaps += 1

    async def one(self, body: bytes) -> Answer:
        """Score one payment."""
        return (await self._score_payments([_parse_body(Payment, body)]))[0]

    async def many(self, body: bytes) -> Answer:
        """Score payments, each after those before it."""
        return {"scores": await self._score_payments(_parse_body(Payments, body).payments)}

    async def chargeback(self, body: bytes) -> Answer:
        """Remember that a payment was fraud."""
        found = _parse_body(Chargeback, body)
        await self.store.report(found)
        return {"transaction_id": found.transaction_id}

    async def readiness(self) -> str | None:
        """Return why the service must not get traffic, if so; a fallback carries a store that was there before."""
        if not self.served.as_pinned:
            return f"serving {self.served.digest}, pinned is {self.served.pinned}"
        if await self.store.ready():
            self._was_ready = True
        elif not self._was_ready or self.door.limits.fallback_score is None:
            return "the store does not answer, or holds no whole history"
        return None

    async def _score_payments(self, payments: Sequence[Payment]) -> list[Answer]:
        served = self.served
        if not served.as_pinned:
            raise Refused(503, "the served model is not the pinned one")
        try:
            histories = await self.store.take(payments)
        except StoreDown:
            if self.door.limits.fallback_score is None:
                raise
            return self._fallen_back(served, payments, self.door.limits.fallback_score)
        rows = np.array([features_of(*pair) for pair in zip(payments, histories, strict=True)])
        scores = served.score(rows).tolist()
        self.meters.count_scores(served.version, scores)
        return [_answer(served, *pair) for pair in zip(payments, scores, strict=True)]

    def _fallen_back(self, served: Served, payments: Sequence[Payment], score: float) -> list[Answer]:
        """Answer the declared score while the store is down, and say so."""
        self.meters.fell_back(served.version, len(payments))
        return [_answer(served, payment, score, fallback=True) for payment in payments]


def _answer(served: Served, payment: Payment, score: float, *, fallback: bool = False) -> Answer:
    return {
        "transaction_id": payment.transaction_id,
        "score": score,
        "version": served.version,
        "digest": served.digest,
        "fallback": fallback,
    }


def _parse_body(kind: type[Body], body: bytes) -> Body:
    try:
        found = kind.model_validate_json(body)
        json.loads(body, object_pairs_hook=_refuse_repeated)  # pydantic keeps the last of a key given twice
    except ValidationError as error:
        message = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_input=False)]
        raise Refused(422, "; ".join(message[:TOLD])) from None
    return found


def _refuse_repeated(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise Refused(422, "a key is given twice in one object; give it once")
