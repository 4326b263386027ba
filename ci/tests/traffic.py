"""Two slots for real fraud services behind a real HAProxy, and payments that come in through it."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path

from ci.tests.observed import run_server
from ci.tests.plant import free_port

HAPROXY = """global
  stats socket {folder}/haproxy.sock level admin
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend payments
  bind 127.0.0.1:{port}
  monitor-uri /alive
  default_backend fraud
backend fraud
  balance roundrobin
  server blue 127.0.0.1:{blue} weight 100
  server green 127.0.0.1:{green} weight 0
"""
SPLIT = '''"""Gives a revision its share of the traffic, by HAProxy's runtime API."""
import json, os, pathlib, socket

data = pathlib.Path("data")

def tell(command):
    with socket.socket(socket.AF_UNIX) as haproxy:
        haproxy.connect(str(data / "haproxy.sock"))
        haproxy.sendall(command.encode() + b"\\n")
        return b"".join(iter(lambda: haproxy.recv(4096), b"")).decode()

def slot_of(revision):
    slots = json.loads((data / "slots.json").read_text()) if (data / "slots.json").exists() else {}
    return next((slot for slot, each in slots.items() if each["revision"] == revision), None)

if __name__ == "__main__":
    revision, weight = os.environ["HARNESS_CI_REVISION"], int(os.environ["HARNESS_CI_WEIGHT"])
    mine = slot_of(revision)
    other = {"blue": "green", "green": "blue"}[mine]
    said = tell(f"set server fraud/{mine} weight {weight}") + tell(f"set server fraud/{other} weight {100 - weight}")
    assert not said.strip(), said
    pointer = data / "champion.json"
    promoted = pointer.exists() and json.loads(pointer.read_text())["revision"] == revision
    with (data / "shares").open("a") as log:
        log.write(json.dumps([revision, weight, promoted]) + "\\n")
'''
DEPLOY = '''"""Starts a revision, pinned to its digest, in the slot without traffic, unless it is served already."""
import json, os, pathlib, signal, subprocess, time, urllib.request
from contextlib import suppress
from fraud_target.embedded import fraud_service
from split import data, slot_of, tell

revision, digest = os.environ["HARNESS_CI_REVISION"], os.environ["HARNESS_CI_DIGEST"]
if slot_of(revision):
    raise SystemExit
slots = json.loads((data / "slots.json").read_text()) if (data / "slots.json").exists() else {}
idle = (each for each in ("green", "blue") if tell(f"get weight fraud/{each}").startswith("0 "))
slot = next(idle) if slots else "blue"
with suppress(KeyError, ProcessLookupError):
    os.kill(slots[slot]["pid"], signal.SIGKILL)
port = json.loads((data / "ports.json").read_text())[slot]
command = fraud_service(str(data / "models" / revision), (data / "store").read_text(), port, "--digest", digest)
process = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)
slots[slot] = {"revision": revision, "pid": process.pid}
(data / "slots.json").write_text(json.dumps(slots))
while True:
    with suppress(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz")
        break
    assert process.poll() is None, "the service ended"
    time.sleep(0.1)
found = {"targets": [f"127.0.0.1:{port}"], "labels": {"pinned": digest, "slot": slot}}
(data / "found" / f"{slot}.unfinished").write_text(json.dumps([found]))
(data / "found" / f"{slot}.unfinished").replace(data / "found" / f"{slot}.json")
'''
CUSTOMERS = 200
SENDERS = 3


@dataclass(frozen=True, kw_only=True)
class Site:
    """The address for payments, and the folder in which slots, shares and what Prometheus finds are kept."""

    port: int
    data: Path

    def served(self) -> dict[str, dict[str, str | int]]:
        """Return revision and process of each slot."""
        kept = self.data / "slots.json"
        return json.loads(kept.read_text()) if kept.exists() else {}

    def shares(self) -> list[list[str | int | bool]]:
        """Return who was given which share of the traffic, and whether the pointer named it by then."""
        kept = self.data / "shares"
        return [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []

    @contextmanager
    def payments(self) -> Iterator[None]:
        """Let hundreds of payments a second come in."""
        stop, numbers = threading.Event(), count(1)
        senders = [threading.Thread(target=_send, args=(self.port, numbers, stop)) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        try:
            yield
        finally:
            stop.set()
            for sender in senders:
                sender.join()


@contextmanager
def run_site(data: Path) -> Iterator[Site]:
    """Give a site with nothing served yet."""
    ports = {slot: free_port() for slot in ("blue", "green")}
    (data / "ports.json").write_text(json.dumps(ports))
    (data / "found").mkdir()
    site = Site(port=free_port(), data=data)
    (data / "haproxy.cfg").write_text(HAPROXY.format(folder=data, port=site.port, **ports))
    ready = f"http://127.0.0.1:{site.port}/alive"
    try:
        with run_server(["haproxy", "-db", "-f", str(data / "haproxy.cfg")], ready):
            yield site
    finally:
        for each in site.served().values():
            with suppress(ProcessLookupError):
                os.kill(int(each["pid"]), signal.SIGKILL)


def _send(port: int, numbers: "count[int]", stop: threading.Event) -> None:
    """Send payments until told to stop; whoever does not answer is asked again a little later."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    while not stop.is_set():
        try:
            connection.request("POST", "/v1/score", _payment(next(numbers)), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            stop.wait(0.005 if answer.status == 200 else 0.02)
        except (OSError, HTTPException):
            connection.close()
            stop.wait(0.2)


def _payment(number: int) -> str:
    customer = number % CUSTOMERS + 1
    about = {"transaction_id": number + 10**6, "customer_id": customer, "terminal_id": number % 1000 + 1}
    return json.dumps({**about, "tx_time": "2026-03-31T12:00:00", "amount": 10.0})
