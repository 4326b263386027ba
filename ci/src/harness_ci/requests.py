"""What every request is held to: a secret, a small body that arrives in time, and a refusal in one sentence."""

import asyncio

from fastapi import Request

from harness_ci.control import Control
from harness_ci.triggers.signatures import same

LIMIT = 1 << 20  # bytes of a body
PATIENCE = 10  # seconds that a body may take to arrive


class Refused(Exception):
    """A request that starts nothing: its status, and one sentence."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


def secret_of(control: Control, project: str, hook: str) -> str:
    """Return the secret of a hook; 404 for another project, and for a hook that nobody gave a secret."""
    if project != control.file.project:
        raise Refused(404, f"no project {project[:64]!r} here; nothing was started")
    if hook not in control.secrets:
        raise Refused(404, f"nobody listens to {hook} here: `hooks` of the pipelines file has no secret for it")
    return control.secrets[hook]


def authorize(request: Request, secret: str) -> None:
    """Refuse a request that does not bear a token."""
    if not same(f"Bearer {secret}", request.headers.get("authorization", "")):
        raise Refused(401, "the Authorization header does not bear the token of this hook")


async def body_of(request: Request) -> bytes:
    """Return the body of a request, that is small and arrives in time."""
    try:
        return await asyncio.wait_for(_read_body(request), PATIENCE)
    except TimeoutError:
        raise Refused(408, f"the body did not arrive in {PATIENCE} s; nothing was started") from None


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LIMIT:
            raise Refused(413, f"the body is larger than {LIMIT:,} bytes; nothing was started")
    return bytes(body)
