"""`harness models serve`: the same door for whoever calls models outside of a run."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness_models.testing import MODEL, StandIn, declare

Command = Callable[..., Any]


def test_endpoints_are_served_until_it_is_interrupted_and_answers_are_kept(project: Path, upstream: StandIn) -> None:
    declare(project, upstream.url, "{input: 1, output: 10}")
    command = [Path(sys.executable).with_name("harness"), "models", "serve", "--replay", "record", "--budget", "1"]
    process = subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    name, _, url = process.stdout.readline().strip().partition(": ")

    body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "a"}], "max_tokens": 5}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/chat/completions", data=body)) as reply:
        found = json.load(reply)
    process.send_signal(signal.SIGINT)
    said = process.stdout.read()

    assert ("judge", "yes") == (name, found["choices"][0]["message"]["content"])
    assert "15 tokens, 6e-05 of money" in said
    assert 0 == process.wait()
    assert 1 == len((project / ".harness/calls/recording.jsonl").read_text().splitlines())


@pytest.mark.parametrize(("arguments", "said"), [([], "there is no models.yaml"), (["--budget", "x"], "is no amount")])
def test_what_cannot_be_served_is_a_usage_error(
    project: Path, harness: Command, upstream: StandIn, arguments: list[str], said: str
) -> None:
    if arguments:
        declare(project, upstream.url, "{input: 1, output: 10}")

    found = harness("models", "serve", *arguments)

    assert 4 == found.code
    assert said in found.err
