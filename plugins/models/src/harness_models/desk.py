"""Answers calls: from what was recorded, from what an interrupted run paid for, or by asking, each of them once."""

import asyncio
from collections.abc import Mapping

from harness_models.books import Books
from harness_models.calls import Call, RefusedCallError
from harness_models.endpoints import Models
from harness_models.journal import Answered
from harness_models.replies import cost_of_reply, read_answer
from harness_models.sending import Sender
from harness_models.upstream import Upstream


class Desk:
    """All that is known about calls in one run; it is used by one thread."""

    def __init__(
        self, models: Models, keys: Mapping[str, str], replay: str, recorded: Mapping[str, Answered], books: Books
    ) -> None:
        self.models, self.keys, self.replay, self.books = models, keys, replay, books
        self.known = dict(recorded)
        self._senders: dict[str, Sender] = {}
        self._asking: dict[str, asyncio.Future[Answered]] = {}

    async def answer(self, call: Call) -> Answered:
        """Return the answer to a call; who asks the same meanwhile waits for it, and it is paid once."""
        try:
            found = self.known.get(call.key) or await self._ask_once(call)
        except RefusedCallError:
            self.books.tally(call.place).failed += 1
            raise
        self.books.count(call, found)
        return found

    def close(self) -> None:
        """Drop all connections."""
        for sender in self._senders.values():
            sender.upstream.close()

    async def _ask_once(self, call: Call) -> Answered:
        if self.replay == "strict":
            message = f"call {call.key} is not recorded, and --replay strict sends none; record it first"
            raise RefusedCallError(404, "not_recorded", message)
        if call.key in self._asking:
            return await asyncio.shield(self._asking[call.key])
        asking = self._asking[call.key] = asyncio.get_running_loop().create_future()
        try:
            found = await self._ask(call)
        except BaseException as error:
            asking.set_exception(error if isinstance(error, RefusedCallError) else _given_up())
            asking.exception()  # nobody may wait for it
            raise
        finally:
            del self._asking[call.key]
        asking.set_result(found)
        return found

    async def _ask(self, call: Call) -> Answered:
        key = self.keys.get(call.place.endpoint, "")
        replied = await self._sender(call).send(call, key)
        try:
            found = read_answer(call, replied, key)
        except RefusedCallError:
            self.books.settle(replied.sent, cost_of_reply(replied))
            raise
        self.books.settle(replied.sent, found.cost, found)
        self.known[call.key] = found
        await self.books.journal.written()
        return found

    def _sender(self, call: Call) -> Sender:
        name = call.place.endpoint
        if name not in self._senders:
            self._senders[name] = Sender(Upstream(call.endpoint.url), self.books, call.endpoint.at_once)
        return self._senders[name]


def _given_up() -> RefusedCallError:
    return RefusedCallError(503, "errored", "the call was given up")
