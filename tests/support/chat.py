"""A server on loopback that speaks as OpenAI's chat API does, and answers what it is told to."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from tests.support.loopback import Handler

Answer = Callable[[str], str]


@dataclass(kw_only=True)
class Chat:
    """A server that runs: its base URL, and each request as it came, with its path."""

    url: str = ""
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ended: Event = field(default_factory=Event)


def _handler(chat: Chat, answer: Answer) -> type[Handler]:
    class Speaker(Handler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            chat.requests.append((self.path, {**asked, "host": self.headers["Host"]}))
            {"slow": self._wait, "half": self._break, "stream": self._stream, "torn": self._stream}.get(
                asked["model"], self._speak
            )(asked)

        def _wait(self, asked: dict[str, Any]) -> None:
            chat.ended.wait(60)

        def _break(self, asked: dict[str, Any]) -> None:
            self._start({"Content-Length": "1000"})
            self.wfile.write(b'{"choices": [')
            self.close_connection = True

        def _stream(self, asked: dict[str, Any]) -> None:
            self._start({"Transfer-Encoding": "chunked"})
            for piece in (b"data: 1\n\n", b"data: 2\n\n"):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                time.sleep(0.05)
            if asked["model"] == "torn":
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")

        def _speak(self, asked: dict[str, Any]) -> None:
            content = answer(asked["messages"][-1]["content"])
            ended = "length" if asked["model"] == "cut" else "stop"
            choice = {"index": 0, "finish_reason": ended, "message": {"role": "assistant", "content": content}}
            found = {"id": "1", "object": "chat.completion", "created": 1, "model": asked["model"], "choices": [choice]}
            body = json.dumps({**found, "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})
            self._start({"Content-Type": "application/json", "Content-Length": str(len(body.encode()))})
            self.wfile.write(body.encode())

        def _start(self, headers: dict[str, str]) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    return Speaker


class Server(ThreadingHTTPServer):
    """A server that lets many wait."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


@contextmanager
def serve_chat(answer: Answer) -> Iterator[Chat]:
    """Give a server that answers the last message; models called slow, half, torn and cut do as these words say."""
    chat = Chat()
    with Server(("127.0.0.1", 0), _handler(chat, answer)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        chat.url = f"http://127.0.0.1:{server.server_port}/v1"
        try:
            yield chat
        finally:
            chat.ended.set()
            server.shutdown()
