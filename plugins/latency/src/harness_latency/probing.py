"""Asks each endpoint before a load: what does not answer is said after a request or three, and not after a minute."""

import asyncio
import socket
import ssl

from harness_latency.connection import Connection
from harness_latency.faults import GeneratorFault, failure_to_open
from harness_latency.plan import REFUSED, Endpoint, Plan, describe_failures

TRIES = 3  # requests that may fail before the load is not sent; of a refused connection, one


class Way:
    """The addresses of an endpoint that answered, found once for the whole load; connections take them in turn."""

    def __init__(self, endpoint: Endpoint, addresses: list[str], tls: ssl.SSLContext | None) -> None:
        self.endpoint, self.addresses, self.tls, self.opened = endpoint, addresses, tls, 0

    async def open(self, connection: Connection, timeout: float) -> None:
        """Open a connection to the next address; an OSError says why there is none."""
        address = self.addresses[self.opened % len(self.addresses)]
        self.opened += 1
        name = self.endpoint.host if self.tls else None
        async with asyncio.timeout(timeout):
            await asyncio.get_running_loop().create_connection(
                lambda: connection, address, self.endpoint.port, ssl=self.tls, server_hostname=name
            )


async def find_ways(plan: Plan) -> list[Way]:
    """Return the way to each endpoint, which has answered a request; a GeneratorFault says why one has not."""
    return [await _find_way(plan, endpoint) for endpoint in plan.endpoints]


async def _find_way(plan: Plan, endpoint: Endpoint) -> Way:
    tls = ssl.create_default_context() if endpoint.tls else None
    good, failures = list[str](), list[int]()
    for address in await _addresses(endpoint):
        found = await _failures_before_answer(plan, Way(endpoint, [address], tls))
        if found is None:
            good.append(address)
        else:
            failures += found
    if not good:
        raise GeneratorFault(_no_answer_text(endpoint, failures))
    return Way(endpoint, good, tls)


async def _addresses(endpoint: Endpoint) -> list[str]:
    resolving = asyncio.get_running_loop().getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    try:
        return list(dict.fromkeys(str(found[4][0]) for found in await resolving))
    except UnicodeError as trouble:
        raise GeneratorFault(f"{endpoint.host!r} is no name of a host; repair the url") from trouble
    except OSError as trouble:
        failure_to_open(trouble, endpoint)
        raise


async def _failures_before_answer(plan: Plan, way: Way) -> list[int] | None:
    """Return the statuses of requests that were not answered as expected; None once one was."""
    failures = list[int]()
    while len(failures) < TRIES and REFUSED not in failures:
        status, is_expected = await _ask(plan, way)
        if is_expected:
            return None
        failures.append(status)
    return failures


async def _ask(plan: Plan, way: Way) -> tuple[int, bool]:
    """Return the status of one request, and whether it was answered as expected."""
    answer: asyncio.Future[tuple[int, bool]] = asyncio.get_running_loop().create_future()

    def keep(_connection: Connection, _shot: int, status: int, is_expected: bool, _at: float) -> None:
        if not answer.done():
            answer.set_result((status, is_expected))

    connection = Connection(keep)
    try:
        await way.open(connection, plan.timeout)
        connection.send(0, plan.request_of(0), plan.expect_of(0))
        async with asyncio.timeout(plan.timeout):
            return await answer
    except OSError as trouble:  # TimeoutError is one
        return failure_to_open(trouble, way.endpoint), False
    finally:
        connection.abort()


def _no_answer_text(endpoint: Endpoint, failures: list[int]) -> str:
    if set(failures) == {REFUSED}:
        return f"nothing listens on {endpoint}; start the service, or repair the url (no load was sent)"
    found = f"none of {len(failures)} requests was answered by {endpoint}: {describe_failures(failures)}"
    return f"{found}; does the service run, and is this what it should be asked? (no load was sent)"
