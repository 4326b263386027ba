"""A real Prometheus, for as long as a test needs it."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from ci.tests.plant import free_port, until


@contextmanager
def run_prometheus(folder: Path, config: Mapping[str, Any]) -> Iterator[str]:
    """Give the URL of a Prometheus once it answers."""
    (folder / "prometheus.yml").write_text(json.dumps(config))
    url = f"127.0.0.1:{free_port()}"
    asked = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with run_server(
        ["prometheus", *asked, f"--web.listen-address={url}", "--log.level=error"], f"http://{url}/-/ready"
    ):
        yield f"http://{url}"


@contextmanager
def run_server(command: list[str], ready: str) -> Iterator[None]:
    """Run a server, from when an address is answered well."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(ready), 60)
        yield
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    """Tell whether an address is answered well."""
    with suppress(httpx.HTTPError):
        return httpx.get(url).is_success
    return False
