"""A stand-in for GitHub's REST API on loopback: what it lists by path, and a token it insists on."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "t0ken"
REPOSITORY = "acme/fraud"


@contextmanager
def serving(lists: Mapping[str, Sequence[object]]) -> Iterator[Mapping[str, str]]:
    """Serve lists, by their path below the repository, in pages; yield the variables that a workflow sets."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = parse_qs(url.query)
            page, size = int(asked["page"][0]), int(asked["per_page"][0])
            name = url.path.removeprefix(f"/repos/{REPOSITORY}/")
            allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
            found = lists.get(name) if allowed else None
            body = json.dumps({"message": "Not Found"} if found is None else found[(page - 1) * size : page * size])
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield {
            "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_RUN_ID": "77",
            "GITHUB_ACTOR": "ann-smith",
        }
    finally:
        server.shutdown()
        server.server_close()
