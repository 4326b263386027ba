"""Alertmanager with the routes of ci/prometheus, on loopback."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fraud_target.embedded import LOOPBACK, free_port, stop

from ci.deploy.tests.conftest import CI, run, tool

PROMETHEUS = CI / "prometheus"
PATIENCE = 120  # seconds for a busy machine


@contextmanager
def run_alertmanager(folder: Path, control: str, people: str) -> Iterator[str]:
    """Give the URL of Alertmanager with our routes, which lead to a control plane and to people and do not wait."""
    (folder / "key").write_text("secret")
    text = (PROMETHEUS / "alertmanager.yml").read_text()
    text = text.replace("http://r-control", control).replace("https://alerts.example.org", f"{people}/people")
    text = text.replace("/etc/alertmanager/keys/control-alerts", str(folder / "key")).replace("30s", "1s")
    text = text.replace("group_interval: 5m", "group_interval: 2s")
    (folder / "alertmanager.yml").write_text(text)
    url = f"{LOOPBACK}:{free_port()}"
    command = [
        tool("prometheus-alertmanager"), f"--config.file={folder / 'alertmanager.yml'}", f"--web.listen-address={url}",
        "--cluster.listen-address=", f"--storage.path={folder / 'state'}",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://{url}"
    finally:
        stop(process)


def add_alert(url: str, *labels: str) -> None:
    """Let an alert fire, once Alertmanager answers."""
    deadline = time.monotonic() + PATIENCE
    while run("amtool", "alert", "add", f"--alertmanager.url={url}", *labels).returncode:
        assert time.monotonic() < deadline, "Alertmanager does not answer"
        time.sleep(0.2)
