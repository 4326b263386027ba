"""How many calls to a model the door carries: a stand-in that answers after 50 ms, asked straight and by the door.

`python benchmarks/model_calls.py [SECONDS]`: 100 calls in flight, each another one, in turns; the client, the door and
the stand-in are processes of their own, so on two cores they share them.
"""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import uvloop
from harness_models.door import open_door
from harness_models.testing import MODEL, completion, declare, judge_url

from harness import DoorOptions

IN_FLIGHT, DELAY, ROUNDS = 100, 0.05, 3
REPLY = completion("x" * 200, read=200).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(REPLY), REPLY)


class Model(asyncio.Protocol):
    """Answers each request after the delay; requests of one connection come one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.given, self.missing = transport, b"", None

    def data_received(self, data: bytes) -> None:
        self.given += data
        while (end := self.given.find(b"\r\n\r\n")) >= 0:
            head = self.given[:end].lower()
            size = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            if len(self.given) < end + 4 + size:
                return
            self.given = self.given[end + 4 + size :]
            asyncio.get_running_loop().call_later(DELAY, self.transport.write, ANSWER)


async def model() -> None:
    server = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def door(url: str) -> None:
    """Serve a door until standard input ends, then print the seconds of CPU that it took."""
    with tempfile.TemporaryDirectory() as folder:
        declare(Path(folder), url, "{input: 1, output: 10}")
        with open_door(DoorOptions(root=Path(folder), store=Path(folder) / "calls", budget=10**6)) as opened:
            began = resource.getrusage(resource.RUSAGE_SELF)
            print(judge_url(opened), flush=True)
            sys.stdin.read()
            ended = resource.getrusage(resource.RUSAGE_SELF)
    print(ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime, flush=True)


async def load(url: str, seconds: float, start: int) -> tuple[int, float]:
    """Return how many calls were answered, and in how many seconds."""
    asked, began = start, time.perf_counter()
    end = began + seconds

    async def client(session: aiohttp.ClientSession) -> None:
        nonlocal asked
        while time.perf_counter() < end:
            asked += 1
            messages = [{"role": "user", "content": f"{asked} " + "word " * 100}]
            body = json.dumps({"model": MODEL, "messages": messages, "max_tokens": 100}).encode()
            async with session.post(url + "/chat/completions", data=body) as reply:
                assert reply.status == 200, await reply.text()
                await reply.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(client(session) for _ in range(IN_FLIGHT)))
    return asked - start, time.perf_counter() - began


def start(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def main(seconds: float) -> None:
    upstream = start("model")
    assert upstream.stdout
    url = f"http://127.0.0.1:{int(upstream.stdout.readline())}/v1"
    done = 0
    for _ in range(ROUNDS):
        began = time.process_time()
        count, took = uvloop.run(load(url, seconds, done))
        done += count
        straight = count / took
        alone = (time.process_time() - began) / count * 1e6
        between = start("door", url)
        assert between.stdout
        through = between.stdout.readline().strip()
        uvloop.run(load(through, 1, done))  # until the pace has grown
        done += 10**6
        count, took = uvloop.run(load(through, seconds, done))
        done += 10**6
        said, _ = between.communicate()
        cpu = float(said) / (count * (seconds + 1) / seconds) * 1e6
        ideal = IN_FLIGHT / DELAY
        print(
            f"ideal {ideal:.0f}/s, straight {straight:.0f}/s, by the door {count / took:.0f}/s "
            f"({count / took / straight:.0%} of straight, {count / took / ideal:.0%} of ideal), "
            f"about {cpu:.0f} us of CPU a call in the door, {alone:.0f} in the client when straight"
        )
    upstream.kill()
    upstream.wait()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["model"]:
            uvloop.run(model())
        case ["door", url]:
            door(url)
        case [seconds]:
            main(float(seconds))
        case _:
            main(5)
