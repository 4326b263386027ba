"""A service that stalls for 2 s, twice in 200 s: what an open loop and a closed loop say of it.

Usage: python benchmarks/latency_stall.py [SECONDS]  (twice that long; one core for the load, one for the service)
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness

RATE = 100
STALL_SECONDS = 2.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SUITE = """
name: stall
target: {{kind: http, config: {{url: "{url}", request: {{method: GET}}}}}}
steps:
  - check: {check}
    with: {{{given}}}
    require:
      over_limit: {{at_most: 0.01}}
      p50_ms: {{at_most: 100, severity: info}}
      p99_ms: {{at_most: 100, severity: info}}
      p999_ms: {{at_most: 100, severity: info}}
"""
LOCUSTFILE = f"""
from locust import FastHttpUser, constant_throughput, task

class Somebody(FastHttpUser):
    wait_time = constant_throughput({RATE / 2})

    @task
    def ask(self):
        self.client.get("/")
"""


async def serve(stalls: list[float]) -> None:
    """Answer at once, but for the stalls, whose instants count from the first request."""
    began: list[float] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            began[:] = began or [time.monotonic()]
            if stalls and time.monotonic() - began[0] > stalls[0]:
                stalls.pop(0)
                time.sleep(STALL_SECONDS)
            writer.write(ANSWER)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def run_check(check: str, given: str, seconds: float) -> None:
    """Print what a check says of a fresh service."""
    command = [sys.executable, __file__, "serve", str(seconds)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service,
    ):
        assert service.stdout is not None
        url = f"http://127.0.0.1:{service.stdout.readline().strip()}"
        (Path(folder) / "locustfile.py").write_text(LOCUSTFILE)
        suite = Path(folder) / "stall.suite.yaml"
        suite.write_text(SUITE.format(url=url, check=check, given=given.replace("FOLDER", folder)))
        run = harness.run(suite)
        service.terminate()
    print(f"\n{check}")
    for verdict in run.record.verdicts:
        print(f"  {verdict.outcome:13} {verdict.metric:11} {harness.describe(verdict).found}")
    print("  " + run["over_limit"].explain().replace("\n", "\n  "))


def main(seconds: float) -> None:
    """Measure both."""
    run_check("latency.open_loop", f"rate: {RATE}, duration: {seconds}, limit_ms: 100", seconds)
    run_check(
        "latency.locust", f"locustfile: FOLDER/locustfile.py, users: 2, duration: {seconds}, limit_ms: 100", seconds
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve([float(sys.argv[2]) * share for share in (0.3, 0.7)]))
    else:
        main(float(sys.argv[1]) if sys.argv[1:] else 200.0)
